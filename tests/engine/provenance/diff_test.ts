/** The command diff: what it tells of two manifests, where they may come from, and how long it takes. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { sha256 } from "../../../engine/files/hash.ts";
import type { Manifest } from "../../../schemas/manifest.ts";
import {
  exists,
  makeProject,
  type Project,
  WORDS,
} from "../fixtures/project.ts";
import { inProcess } from "../fixtures/in_process.ts";
import { makeRepository } from "../fixtures/repository.ts";

interface DifferenceJson {
  readonly experiment: readonly string[];
  readonly nodes: readonly {
    readonly node: string;
    readonly change: string;
    readonly reasons: readonly string[];
    readonly outputs: readonly string[];
    readonly metrics: readonly {
      readonly name: string;
      readonly before?: number;
      readonly after?: number;
    }[];
  }[];
  readonly same: number;
}

async function diff(
  project: Project,
  ...args: string[]
): Promise<DifferenceJson> {
  const { code, out, err } = await project.run("diff", ...args, "--json");
  assertEquals(code, 0, err);
  return JSON.parse(out);
}

/** Keeps the manifest of now under a name. */
function keep(project: Project, name: string): string {
  project.write(name, project.read("artifacts/manifest.json"));
  return name;
}

Deno.test("diff tells nodes, config, code, outputs and metrics, leaf by leaf, each node after those that it needs", async () => {
  using project = makeProject();
  await inProcess(project).run();
  const before = keep(project, "before.json");
  assertEquals(await diff(project, before, before), {
    experiment: [],
    nodes: [],
    same: 5,
  });
  project.edit(`${WORDS}/clean.ts`, "/ +/g", "/ +/gu");
  project.write(
    "experiments/quick.jsonc",
    '{ "counts": { "all": { "longest": 3 }, "tiny": { "longest": 2 } } }',
  );
  await inProcess(project).run();
  const { experiment, nodes, same } = await diff(
    project,
    before,
    project.path("artifacts"),
  );
  assertEquals(experiment, [
    "experiment.value.counts.all.longest added: 3",
    'experiment.value.counts.short removed: {"longest":3}',
    'experiment.value.counts.tiny added: {"longest":2}',
  ]);
  assertEquals(same, 0);
  assertEquals(nodes.map(({ node, change }) => [node, change]), [
    ["split", "changed"],
    ["count:all", "changed"],
    ["count:tiny", "added"],
    ["total:all", "changed"],
    ["total:tiny", "added"],
    ["count:short", "removed"],
    ["total:short", "removed"],
  ]);
  const [split, all, , total] = nodes;
  assertEquals(split.reasons, [
    `code ${WORDS}/stages/split.ts <- ${WORDS}/clean.ts changed`,
  ]);
  assertEquals(split.outputs, []);
  assertEquals(all.reasons, ["config.longest 100 -> 3"]);
  assertEquals(all.outputs, ["counts"]);
  assertEquals(total.metrics, [{ name: "words", before: 6, after: 3 }]);
  const { out } = await project.run("diff", before, "artifacts");
  assertStringIncludes(out, "count:all\n  config.longest 100 -> 3\n");
  assertStringIncludes(out, "  words 6 -> 3 (-3)\n");
  assertStringIncludes(out, "+ count:tiny\n");
  assertStringIncludes(out, "- total:short\n");
  assert(out.endsWith("3 changed, 2 added, 2 removed, 0 the same.\n"), out);
});

Deno.test("other bytes of the same key are reported as such", async () => {
  using project = makeProject();
  await inProcess(project).run();
  const text = project.read("artifacts/manifest.json");
  const { nodes }: Manifest = JSON.parse(text);
  const { sha256: hash } = nodes["total:all"].outputs.total;
  project.write("other.json", text.replace(hash, sha256("other")));
  const { out } = await project.run("diff", "artifacts", "other.json");
  assertStringIncludes(
    out,
    "total:all\n  output total: other bytes, though all that decides them is the same\n",
  );
});

Deno.test("a manifest may be that of a git revision, at its own path or at another", async () => {
  using project = makeProject();
  const repository = makeRepository(project);
  await inProcess(project).run();
  keep(project, "kept.json");
  const first = repository.commit("one");
  await inProcess(project).run({ set: ["seed=2"] });
  repository.commit("two");
  const byRevision = await diff(project, "HEAD~1", "HEAD");
  assertEquals(
    byRevision.nodes.map(({ node, reasons }) => [
      node,
      reasons.map((reason) => reason.replace(/ \(.*/, "")),
    ]),
    [
      ["count:all", ["seed 1 -> 2"]],
      ["count:short", ["seed 1 -> 2"]],
      ["total:all", ["input counted: content changed"]],
      ["total:short", ["input counted: content changed"]],
    ],
  );
  assertEquals(await diff(project, `${first}:kept.json`, "HEAD"), byRevision);
  assertEquals(await diff(project, "kept.json", "artifacts"), byRevision);
  const cases = [
    ["HEAD~9", "nor a revision that git knows"],
    ["HEAD:no.json", 'revision HEAD has no "no.json"'],
    [`--output=${project.path("written")}`, ""],
    ["HEAD:text.txt", "it is no JSON"],
  ];
  for (const [given, part] of cases) {
    const { code, err } = await project.run("diff", "HEAD", "--", given);
    assertEquals(code, 2, given);
    assertStringIncludes(err, part);
  }
  assert(!exists(project.path("written")));
});
