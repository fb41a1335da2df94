/** The no-op cache: the last output is replayed only where nothing that it depends on has changed. */
import { assertEquals, assertNotEquals } from "@std/assert";
import { removeIfThere } from "../../../engine/files/atomic.ts";
import {
  noOpCachePath,
  readCachedOutput,
} from "../../../engine/keys/no_op_cache.ts";
import { statSources } from "../../../engine/keys/no_op_record.ts";
import { inProcess, objectOf } from "../fixtures/in_process.ts";
import { delay } from "../fixtures/processes.ts";
import {
  exists,
  makeProject,
  type Project,
  WORDS,
} from "../fixtures/project.ts";

const TEXT = "nothing to do\n";

/** Keeps an output as a process does that starts long after all files were written. */
async function remember(project: Project): Promise<void> {
  const { run, noOpRecord } = inProcess(project);
  await run();
  const record = await noOpRecord();
  statSources(record, project.folder, project.path("artifacts"));
  Object.defineProperty(performance, "timeOrigin", {
    value: Date.now() + 10_000,
    configurable: true,
  });
  await record.remember(project.path("artifacts"), { args: [], text: TEXT });
  Reflect.deleteProperty(performance, "timeOrigin");
}

const cached = (project: Project, ...args: string[]) =>
  readCachedOutput(project.path("artifacts"), args);

const EDITS: readonly (readonly [string, (project: Project) => void])[] = [
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
    "the experiment",
    (project) => project.edit("experiments/quick.jsonc", '"short"', '"brief"'),
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

Deno.test("an output is replayed to the same arguments, and no more after a change of anything that it depends on", async () => {
  using project = makeProject();
  for (const [what, edit] of EDITS) {
    await remember(project);
    assertEquals(await cached(project), TEXT, what);
    assertEquals(await cached(project, "--json"), undefined);
    edit(project);
    assertEquals(await cached(project), undefined, what);
  }
});

Deno.test("an output is not replayed after a change of an object, in a folder or alone", async () => {
  using project = makeProject();
  const nodes = await inProcess(project).run();
  const folder = objectOf(project, nodes, "split", "lines");
  const paths = [
    objectOf(project, nodes, "total:all", "total"),
    `${folder}/1.txt`,
    `${folder}.json`,
  ];
  for (const path of paths) {
    await remember(project);
    assertEquals(await cached(project), TEXT);
    Deno.removeSync(path);
    assertEquals(await cached(project), undefined);
  }
});

Deno.test("no output is kept while a file is so young that a further change of it could go unseen", async () => {
  using project = makeProject();
  const { run, noOpRecord } = inProcess(project);
  await run();
  const record = await noOpRecord();
  await record.remember(project.path("artifacts"), { args: [], text: TEXT });
  assertEquals(await cached(project), undefined);
});

Deno.test("a run after one that found nothing to do replays its output, but for other arguments and --paranoid", async () => {
  using project = makeProject();
  const index = project.path("artifacts/index.json");
  /** A run that is not replayed looks at every file, and so writes the index anew. */
  const isReplayed = async (...args: string[]) => {
    if (exists(index)) Deno.removeSync(index);
    const { code, err } = await project.run(...args);
    assertEquals([code, err], [0, ""]);
    return !exists(index);
  };
  await project.run();
  const { out } = await project.run();
  await delay(1100);
  // Where the second run came late, its output was kept already.
  removeIfThere(noOpCachePath(project.path("artifacts")));
  assertEquals(await isReplayed(), false);
  assertEquals(await isReplayed(), true);
  assertEquals((await project.run()).out, out);
  assertEquals(await isReplayed("--json"), false);
  for (let run = 0; run < 2; run++) {
    assertEquals(await isReplayed("--paranoid"), false);
  }
  // Files change while a run goes on.
  project.edit("experiments/quick.jsonc", "// Two", "// two");
  const child = project.start();
  project.edit("experiments/quick.jsonc", '"longest": 3', '"longest": 4');
  const first = new TextDecoder().decode((await child.output()).stdout);
  const second = await project.run();
  const third = await project.run();
  assertEquals(
    third.out,
    second.out.replace(/^(?!total).*\n/gm, "") +
      'Nothing to do: 5 cached, experiment "quick".\n',
  );
  assertNotEquals(third.out, first);
});

Deno.test("an artifact folder elsewhere in the project is no source", async () => {
  using project = makeProject();
  const args = ["--artifacts", project.path("out")];
  for (let i = 0; i < 2; i++) await project.run(...args);
  await delay(1100);
  await project.run(...args);
  const { ino } = Deno.statSync(project.path("out/idle.json"));
  await project.run(...args);
  assertEquals(Deno.statSync(project.path("out/idle.json")).ino, ino);
});

Deno.test("what is damaged at the path of the no-op cache is replaced by the next run", async () => {
  using project = makeProject();
  await remember(project);
  const path = project.path("artifacts/idle.json");
  for (
    const put of [
      () => Deno.mkdirSync(`${path}/inner`, { recursive: true }),
      () => Deno.writeTextFileSync(path, "\0{]"),
      () => Deno.symlinkSync("/nowhere/at/all", path),
    ]
  ) {
    Deno.removeSync(path, { recursive: true });
    put();
    assertEquals(await cached(project), undefined);
    const { code, err } = await project.run();
    assertEquals(code, 0, err);
    await remember(project);
    assertEquals(await cached(project), TEXT);
  }
});
