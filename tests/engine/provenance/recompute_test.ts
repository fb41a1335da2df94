/** Metrics that artifacts decide are computed anew where they are published or come from elsewhere, and not believed. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path";
import type { Recorded } from "../../../engine/graph/graph.ts";
import { canonical, sha256 } from "../../../engine/files/hash.ts";
import { checkMetrics } from "../../../engine/provenance/recompute.ts";
import { openWorkspace } from "../../../engine/store/workspace.ts";
import {
  statisticsOf,
  statisticsText,
} from "../../../nmt/metrics/statistics.ts";
import { parseManifest } from "../../../schemas/manifest.ts";
import { keyPath, objectPath } from "../../../sharing/remotes/remote.ts";
import { recompute } from "../../../apps/results/recompute.ts";
import { makeKeys } from "../fixtures/keys.ts";
import { inProcess } from "../fixtures/in_process.ts";
import { makeProject, nodesOf, type Project } from "../fixtures/project.ts";

const MANIFEST = "artifacts/manifest.json";
const WHY =
  'Cannot believe the metrics of node "total:all": words is recorded as 91.12, and its artifacts give 6';

/** A project whose manifest says another number than its artifact. */
async function forged(): Promise<Project> {
  const project = makeProject();
  await inProcess(project).run();
  const text = project.read(MANIFEST);
  assert(text.includes('"words":6'));
  project.write(MANIFEST, text.replace('"words":6', '"words":91.12'));
  return project;
}

async function refused(
  project: Project,
  ...args: string[]
): Promise<string> {
  const { code, err } = await project.run(...args);
  assertEquals(code, 1, err);
  assert(/^Cannot [^\n]*\.\n$/m.test(err), err);
  return err;
}

Deno.test("a metric that its artifacts do not give is neither signed, pushed nor exported", async () => {
  using project = await forged();
  using keys = makeKeys();
  keys.make("key.pem");
  const sign = ["sign", "--key", keys.path("key.pem")];
  for (
    const args of [sign, ["push", keys.path("there")], ["export", "a.tar"]]
  ) {
    assertStringIncludes(await refused(project, ...args), WHY);
  }
  // Without the artifact nobody can tell, and that is said.
  Deno.removeSync(project.path("artifacts/objects"), { recursive: true });
  const { code, err } = await project.run(...sign);
  assertEquals(code, 0, err);
  assertStringIncludes(
    err,
    "Not recomputed, as artifacts are not here: the metrics of total:all and 1 more node",
  );
});

/** Puts a forged manifest into a remote in a folder, as who may write there can; all its hashes hold. */
function forge(remote: string): void {
  const path = join(remote, "manifests/quick.json");
  const text = Deno.readTextFileSync(path)
    .replace('"words":6', '"words":91.12');
  Deno.writeTextFileSync(path, text);
  const hash = sha256(text);
  Deno.mkdirSync(join(remote, "objects", hash.slice(0, 2)), {
    recursive: true,
  });
  Deno.writeTextFileSync(join(remote, objectPath(hash)), text);
  const { nodes } = JSON.parse(text);
  const named = { experiment: "quick", sha256: hash };
  Deno.writeTextFileSync(
    join(remote, keyPath(nodes["total:all"].key)),
    canonical({ schema: 1, manifests: [named] }),
  );
}

Deno.test("a metric that its artifacts do not give is pulled from nowhere, and a run makes the node itself", async () => {
  using ours = makeProject();
  using theirs = makeProject();
  using keys = makeKeys();
  await nodesOf(ours);
  const remote = keys.path("there");
  assertEquals((await ours.run("push", remote)).code, 0);
  forge(remote);
  assertStringIncludes(
    await refused(theirs, "pull", remote, "--unsigned"),
    WHY,
  );
  const told = await theirs.run("--remote", remote, "--unsigned");
  assertEquals(told.code, 0, told.err);
  assertStringIncludes(told.out, WHY);
  assertEquals(theirs.read(MANIFEST), ours.read(MANIFEST));
});

Deno.test("a bundle whose metric its artifacts do not give is not imported", async () => {
  using ours = makeProject();
  using theirs = makeProject();
  await inProcess(ours).run();
  assertEquals((await ours.run("export", "run.tar")).code, 0);
  const bundle = Deno.readTextFileSync(ours.path("run.tar"));
  // As long as it was, so that its header still fits.
  const changed = bundle.replace('"words":6', '"words":7');
  assert(changed !== bundle);
  theirs.write("run.tar", changed);
  assertStringIncludes(
    await refused(theirs, "import", "run.tar", "--unsigned"),
    "words is recorded as 7, and its artifacts give 6",
  );
});

Deno.test("what a node was made of is found by its hash, also where the manifest leaves out the node that left it", async () => {
  using project = makeProject();
  await inProcess(project).run();
  const manifest = parseManifest(project.read(MANIFEST), MANIFEST);
  const { "count:all": _, ...nodes } = manifest.nodes;
  const found: (string | undefined)[] = [];
  const pipeline = {
    graph: () => new Map(),
    recompute: async ({ input }: Recorded) => {
      found.push(await input("counted", "counts"));
      return {};
    },
  };
  const { store } = openWorkspace(project.path("artifacts"));
  const told = () => {};
  await checkMetrics(pipeline, { ...manifest, nodes }, store, told, [
    "total:all",
  ]);
  assert(found[0]?.startsWith(project.path("artifacts/objects")));
});

Deno.test("BLEU, chrF and the comparison are those of statistics or translations, and told as unknown without both", async () => {
  using keys = makeKeys();
  const references = ["a dog runs", "two men sit on a bench", "a red house"];
  const lines = ["a dog runs", "two men sat on a bench", "the red house"];
  const write = (name: string, text: string) => {
    Deno.writeTextFileSync(keys.path(name), text);
    return keys.path(name);
  };
  const evaluation = { beam: 5, tokenize: "13a", lowercase: false } as const;
  const files: Record<string, string> = {
    hypotheses: write("hypotheses", lines.map((line) => `${line}\n`).join("")),
    test: write("test", references.map((line) => `x\t${line}\n`).join("")),
    statistics: write(
      "statistics",
      statisticsText(statisticsOf(evaluation, lines, references)),
    ),
    model: write("model", "weights"),
  };
  const node = (
    stage: string,
    inputs: readonly string[],
    without: readonly string[] = [],
  ) => {
    const read = (name: string) =>
      Promise.resolve(without.includes(name) ? undefined : files[name]);
    return {
      ...{ stage, config: { evaluation }, metrics: {}, inputs },
      output: read,
      input: (input: string, output: string) =>
        inputs.includes(input) ? read(output) : Promise.resolve(undefined),
    };
  };
  const evaluate = (...without: string[]) =>
    recompute(node("evaluate", ["model", "corpus"], without));
  const found = await evaluate();
  assertEquals(found?.bytes, 7);
  assertEquals(Object.keys(found ?? {}).sort(), [
    "bleu",
    "bytes",
    "chrf",
    "signature",
  ]);
  assert(Number(found?.bleu) > 30 && Number(found?.bleu) < 90);
  const systems = ["system:teacher", "system:rkd"];
  const compared = await recompute(
    node("compare", systems, ["hypotheses", "test"]),
  );
  assertEquals(compared?.["rkd.bleu.to.teacher.p"], 1);
  // Of an earlier version: without statistics, and a comparison that reads references.
  const earlier = node("compare", [...systems, "corpus"], ["statistics"]);
  assertEquals(await recompute(earlier), compared);
  assertEquals(await evaluate("statistics"), found);
  for (const without of ["hypotheses", "test"]) {
    assertEquals(await evaluate(without), found);
    const neither = [without, "statistics"];
    assertEquals(await evaluate(...neither), undefined);
    const inputs = ["system:teacher", "corpus"];
    assertEquals(await recompute(node("compare", inputs, neither)), undefined);
  }
  assertEquals(await recompute(node("teacher", [])), {});
  // What was counted of other translations is told, where these are here.
  const text = Deno.readTextFileSync(files.statistics);
  write("statistics", text.replace("\n3 3 3 2", "\n3 3 2 2"));
  await assertRejects(
    () => evaluate(),
    Error,
    "its statistics are not those of its translations",
  );
  assert((await evaluate("test"))?.bleu !== found?.bleu);
});
