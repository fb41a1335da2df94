/** The command `explain`, and what `--dry-run` says of nodes that were never made here. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  makeProject,
  nodesOf,
  WORDS,
} from "../../../engine/fixtures/project.ts";

Deno.test("in a clone, whose manifest came with it, nodes are new, in short lines; explain has what the manifest's were made of", async () => {
  using project = makeProject();
  await nodesOf(project);
  for (const { name } of [...Deno.readDirSync(project.path("artifacts"))]) {
    if (name === "manifest.json") continue;
    Deno.removeSync(project.path(`artifacts/${name}`), { recursive: true });
  }
  project.edit(`${WORDS}/stages/count.ts`, "i + 1", "1 + i");
  const { out, code } = await project.run("--dry-run");
  assertEquals(code, 10);
  assertEquals(
    out.trimEnd().split("\n").map((line) => line.replace(/ +/g, " ")),
    [
      'Experiment "quick"',
      "node state size age reason",
      ...["split", "count:all", "total:all", "count:short", "total:short"]
        .map((name) => `${name} new`),
    ],
  );
  const explained = await project.run("explain", "count:all");
  assertStringIncludes(
    explained.out,
    "count:all is new, as it never ran here; it differs from the manifest's by\n  code ",
  );
  assertStringIncludes(explained.out, "stages/count.ts changed");
});

Deno.test("explain is short; with --all it has every module and package, and hashes in full", async () => {
  using project = makeProject();
  await nodesOf(project);
  const short = (await project.run("explain", "count:all")).out;
  const all = (await project.run("explain", "count:all", "--all")).out;
  assert(short.split("\n").length < 20, short);
  assertStringIncludes(short, "\n  inputs parts.lines ");
  assertStringIncludes(short, "  config.longest 100\n");
  assert(
    !/code\.|sha512|[0-9a-f]{64}$/m.test(short.replace(/^key .*$/m, "")),
    short,
  );
  const [, modules, packages] =
    /^ {2}(\d+) modules?, (\d+) packages? \(--all/m.exec(short) ?? [];
  const count = (what: string) =>
    String(all.match(new RegExp(`^ {2}code\\.${what}\\.`, "gm"))?.length);
  assertEquals([modules, packages], [count("modules"), count("packages")]);
});

Deno.test("of many changes explain tells the first five and how many more there are, with --all all of them", async () => {
  using project = makeProject();
  await nodesOf(project);
  project.edit(`${WORDS}/stages/count.ts`, "i + 1", "1 + i");
  const stage = "engine/graph/stage.ts";
  project.write(stage, project.read(stage) + "export const other = 1;\n");
  const set = ["seed=2", "lowercase=true", "counts.all.longest=9"]
    .concat("counts.all.milliseconds=1").flatMap((each) => ["--set", each]);
  const changes = async (...args: string[]) => {
    const { out, err } = await project.run("explain", "count:all", ...args);
    const [, told] = /, because\n(.*?)\nkey /s.exec(out) ?? [, err];
    return told?.split("\n").map((line) => line.trim()) ?? [];
  };
  const all = await changes(...set, "--all");
  assertEquals(all.length, 6, all.join("\n"));
  assertEquals(await changes(...set), [
    ...all.slice(0, 5),
    "and 1 more (--all lists them)",
  ]);
});
