/** The command trace: a file is led back to its node, to what that was made of, and to data with its licences. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path";
import { makeRun, ROOT, temporary } from "../../fixtures/made_run.ts";
import { inProcess, objectOf } from "../fixtures/in_process.ts";
import { makeProject, type Project, TEXT } from "../fixtures/project.ts";

interface TraceJson {
  readonly sha256: string;
  readonly found: readonly {
    readonly node: string;
    readonly output: string | null;
    readonly path: string | null;
    readonly experiment: string;
    readonly manifest: string;
  }[];
  readonly made: readonly {
    readonly node?: string;
    readonly run?: string;
    readonly experiment?: string;
  }[];
  readonly lineage: readonly {
    readonly node: string;
    readonly key: string;
    readonly inputs: readonly {
      readonly node: string;
      readonly isKnown: boolean;
    }[];
  }[];
  readonly files: readonly { readonly path: string; readonly now: string }[];
  readonly licences: readonly string[];
}

async function trace(project: Project, path: string): Promise<TraceJson> {
  const { code, out, err } = await project.run("trace", path, "--json");
  assertEquals(code, 0, err);
  return JSON.parse(out);
}

Deno.test("a copy of an output, whatever its name, is traced to its node, inputs, data file and run", async () => {
  using project = makeProject();
  const nodes = await inProcess(project).run();
  Deno.copyFileSync(
    objectOf(project, nodes, "total:all", "total"),
    project.path("found.bin"),
  );
  const { found, made, lineage, files } = await trace(project, "found.bin");
  assertEquals(
    found.map(({ node, output, path, experiment }) => ({
      node,
      output,
      path,
      experiment,
    })),
    [{ node: "total:all", output: "total", path: null, experiment: "quick" }],
  );
  assertEquals(made.map(({ node, experiment }) => [node, experiment]), [
    ["total:all", "quick"],
  ]);
  assertMatch(made[0].run ?? "", /^000001-/);
  assertEquals(
    lineage.map(({ node, inputs }) => [
      node,
      inputs.map(({ node, isKnown }) => [node, isKnown]),
    ]),
    [
      ["total:all", [["count:all", true]]],
      ["count:all", [["split", true]]],
      ["split", []],
    ],
  );
  assertEquals(files.map(({ path, now }) => [path, now]), [
    [project.path("text.txt"), "same"],
  ]);
  project.write("text.txt", "another text\n");
  assertEquals((await trace(project, "found.bin")).files[0].now, "changed");
  Deno.removeSync(project.path("text.txt"));
  assertEquals((await trace(project, "found.bin")).files[0].now, "missing");
  const { out } = await project.run("trace", "found.bin");
  assertStringIncludes(out, "It is the output total of total:all");
  assertMatch(out, /count:all +1 +[0-9a-f]{12} +split \(lines [0-9a-f]{12}\)/);
});

Deno.test("a file of a folder output, the whole folder and a data file are traced as what they are", async () => {
  using project = makeProject();
  const nodes = await inProcess(project).run();
  const folder = objectOf(project, nodes, "split", "lines");
  Deno.mkdirSync(project.path("copy"));
  for (const { name } of Deno.readDirSync(folder)) {
    Deno.copyFileSync(join(folder, name), project.path(`copy/${name}`));
  }
  const [line] = (await trace(project, "copy/1.txt")).found;
  assertEquals([line.node, line.output, line.path], [
    "split",
    "lines",
    "1.txt",
  ]);
  const [whole] = (await trace(project, "copy")).found;
  assertEquals([whole.node, whole.output, whole.path], [
    "split",
    "lines",
    null,
  ]);
  project.write("copy.txt", TEXT);
  const [data] = (await trace(project, "copy.txt")).found;
  assertEquals([data.node, data.output, data.path], [
    "split",
    null,
    project.path("text.txt"),
  ]);
});

Deno.test("committed results count as well as the folder's own manifest, and lead across it", async () => {
  using project = makeProject();
  const nodes = await inProcess(project).run();
  const kept = project.path("artifacts/results/old");
  Deno.mkdirSync(kept, { recursive: true });
  Deno.copyFileSync(
    project.path("artifacts/manifest.json"),
    join(kept, "manifest.json"),
  );
  const path = objectOf(project, nodes, "total:all", "total");
  project.write("other.txt", "one more\n");
  await inProcess(project).run({
    set: [`text=${project.path("other.txt")}`],
  });
  const { found, lineage } = await trace(project, path);
  assertEquals(found.length, 1);
  assertEquals(found[0].manifest, join(kept, "manifest.json"));
  assertEquals(lineage.map(({ node }) => node), [
    "total:all",
    "count:all",
    "split",
  ]);
});

Deno.test("a result that no manifest names any more is told by its run; what is nobody's fails with its hash", async () => {
  using project = makeProject();
  const nodes = await inProcess(project).run();
  const path = objectOf(project, nodes, "count:all", "counts");
  await inProcess(project).run({ set: ["seed=7"] });
  const { found, made, lineage } = await trace(project, path);
  assertEquals([found, lineage], [[], []]);
  assertEquals(made.map(({ node }) => node), ["count:all"]);
  const { out } = await project.run("trace", path);
  assertMatch(out, /Made by count:all, experiment "quick", in run 000001-/);
  project.write("stranger.txt", "nobody's\n");
  const stranger = await project.run("trace", "stranger.txt");
  assertEquals(stranger.code, 1);
  assertMatch(stranger.err, /has its SHA-256, [0-9a-f]{64}\.\n$/);
  const missing = await project.run("trace", "no.txt");
  assertEquals(missing.code, 2);
});

Deno.test("a student of the real pipeline is traced down to the packages of its data set, with their licences", async () => {
  using folder = temporary();
  const records = makeRun(folder.path);
  const [name] = [...records.keys()].filter((name) =>
    name.startsWith("student:")
  );
  const { sha256 } = records.get(name)?.outputs.model ?? { sha256: "" };
  const copy = join(folder.path, "student.safetensors");
  Deno.copyFileSync(
    join(folder.path, "objects", sha256.slice(0, 2), sha256.slice(2)),
    copy,
  );
  const run = async (...args: string[]) => {
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", "--allow-all", "cli/main.ts", "trace", copy],
        ...["--artifacts", folder.path, ...args],
      ],
      cwd: ROOT,
    }).output();
    assertEquals(code, 0);
    return new TextDecoder().decode(stdout);
  };
  const { found, lineage, licences }: TraceJson = JSON.parse(
    await run("--json"),
  );
  assertEquals(found[0].node, name);
  const names = lineage.map(({ node }) => node);
  for (const node of ["tokenize", "corpus", "fetch"]) {
    assert(names.includes(node), node);
  }
  assert(licences.includes("MIT"), `${licences}`);
  const text = await run();
  assertMatch(text, /npm-messages: \S+ [\d.]+ +MIT +npm, sha512-/);
  assertMatch(text, /Licences: .*MIT.*\.\n$/);
});
