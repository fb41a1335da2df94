/** The answer that is given at once: only where nothing that it was drawn from has changed. */
import { assertEquals, assertNotEquals } from "@std/assert";
import {
  exists,
  makeProject,
  nodesOf,
  objectPath,
  type Project,
  WORDS,
} from "../fixtures/project.ts";

/** Whether a run is answered at once: one that is not looks at every file, and so writes the index anew. */
async function isAtOnce(project: Project, ...args: string[]): Promise<boolean> {
  const index = project.path("artifacts/index.json");
  if (exists(index)) Deno.removeSync(index);
  const { code, err } = await project.run(...args);
  assertEquals([code, err], [0, ""]);
  return !exists(index);
}

/** Runs until the next run can be answered at once. */
async function settle(project: Project): Promise<void> {
  for (let run = 0; run < 20; run++) if (await isAtOnce(project)) return;
  throw new Error("No run was answered at once.");
}

Deno.test("a run after one that found nothing to do is answered at once, in the same words", async () => {
  using project = makeProject();
  await project.run();
  const { out } = await project.run();
  await settle(project);
  assertEquals((await project.run()).out, out);
});

const EDITS: readonly (readonly [string, (project: Project) => void])[] = [
  [
    "another experiment",
    (project) => project.edit("experiments/quick.jsonc", '"short"', '"brief"'),
  ],
  [
    "a comment in a stage's module",
    (project) => project.edit(`${WORDS}/clean.ts`, "// Runs", "// runs"),
  ],
  [
    "a comment in the engine",
    (project) => project.edit("engine/run/plan.ts", "/** ", "/**  "),
  ],
  [
    "a new module",
    (project) => project.write(`${WORDS}/stages/new.ts`, ""),
  ],
  [
    "the lock file",
    (project) => project.write("deno.lock", project.read("deno.lock") + "\n"),
  ],
  [
    "the user's data",
    (project) => project.write("text.txt", "one two three\nfour five\nsix\n"),
  ],
  [
    "the manifest",
    (project) => Deno.removeSync(project.path("artifacts/manifest.json")),
  ],
];

for (const [what, edit] of EDITS) {
  Deno.test(`a run is not answered at once after a change of ${what}`, async () => {
    using project = makeProject();
    await settle(project);
    edit(project);
    assertEquals(await isAtOnce(project), false);
    await settle(project);
  });
}

Deno.test("a run is not answered at once after a change of an object, in a folder or alone", async () => {
  using project = makeProject();
  const nodes = await nodesOf(project);
  const folder = objectPath(project, nodes, "split", "lines");
  const paths = [
    objectPath(project, nodes, "total:all", "total"),
    `${folder}/1.txt`,
    `${folder}.json`,
  ];
  for (const path of paths) {
    await settle(project);
    Deno.removeSync(path);
    assertEquals(await isAtOnce(project), false);
  }
});

Deno.test("a run is not answered at once to other arguments or with --paranoid", async () => {
  using project = makeProject();
  await settle(project);
  assertEquals(await isAtOnce(project, "--json"), false);
  assertEquals(await isAtOnce(project, "--json"), true);
  await settle(project);
  for (let run = 0; run < 2; run++) {
    assertEquals(await isAtOnce(project, "--paranoid"), false);
  }
});

Deno.test("a change while a run goes on is not missed by the next", async () => {
  using project = makeProject();
  await settle(project);
  project.edit("experiments/quick.jsonc", "// Two", "// two");
  const child = project.start();
  project.edit("experiments/quick.jsonc", '"longest": 3', '"longest": 4');
  const first = new TextDecoder().decode((await child.output()).stdout);
  const second = await project.run();
  const third = await project.run();
  assertEquals(
    third.out,
    second.out.replace(/^(?!total).*\n/gm, "") +
      "Nothing to do: 5 cached.\n",
  );
  assertNotEquals(third.out, first);
});
