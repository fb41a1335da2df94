/** Each attack of a stage gives what it must, by the real command line; honest stages in the same folder succeed after it. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { delay } from "../fixtures/processes.ts";
import { exists, makeProject, type Project } from "../fixtures/project.ts";
import { type Expectation, STAGE_ATTACKS, type StageAttack } from "./stages.ts";

/** ATTACK="a FIFO" tries those only whose names have that in them. */
const ONLY = Deno.env.get("ATTACK") ?? "";
const SECRET = "hunter2-was-here";
/** Much longer than a run takes; a stage that does not exit is given ten seconds by the engine. */
const SECONDS = 300;
/** How many attacks are nodes of one run. */
const AT_ONCE = 25;

const attacks = STAGE_ATTACKS.filter(({ name }) => name.includes(ONLY));
const isRefused = ({ expect }: StageAttack) => "refused" in expect;
const together = attacks.filter((attack) => !isRefused(attack));

/** Attacks that can be nodes of one run. */
const batches = [
  ...together.filter(({ env }) => env !== undefined).map((attack) => [attack]),
  ...chunks(together.filter(({ env, twice }) => !env && !twice)),
  ...chunks(together.filter(({ twice }) => twice)),
];

function chunks(list: readonly StageAttack[]): (readonly StageAttack[])[] {
  return Array.from(
    { length: Math.ceil(list.length / AT_ONCE) },
    (_, i) => list.slice(i * AT_ONCE, (i + 1) * AT_ONCE),
  );
}

for (const [i, batch] of batches.entries()) {
  const names = batch.length === 1
    ? batch[0].name
    : `attack, ${i + 1} of ${batches.length}`;
  Deno.test(`stages that ${names}: each node ends as it must, the others go on, and honest ones run after`, async (t) => {
    using folder = prepare();
    const { project } = folder;
    const twice = batch.some(({ twice }) => twice);
    const args = ["--jobs", "4", ...twice ? ["--set", "twice=true"] : []];
    folder.write(batch.map(() => ({})));
    const honest = await run(project, [...args, ...elsewhere(project)]);
    assertEquals([honest.code, honest.err], [0, ""]);
    const expected: Manifest = JSON.parse(project.read("honest/manifest.json"));

    folder.write(batch);
    for (const again of twice ? [[], ["--force"]] : [[]]) {
      const ran = await run(project, [...args, ...again], batch);
      checkPrinted(ran);
      const records = lastRun(project);
      assertEquals(records.get("beside")?.state, "ran");
      for (const [number, attack] of batch.entries()) {
        await t.step(`a stage that ${attack.name}`, () => {
          for (const seed of twice ? [1, 2] : [1]) {
            const name = `attack:n${number}-${seed}`;
            checkEnd(project, name, records.get(name), attack, expected);
          }
        });
      }
    }
    checkSecret(project.path("artifacts"));
    folder.write(batch.map(() => ({})));
    const mended = await run(project, args);
    assertEquals([mended.code, mended.err], [0, ""]);
    assertEquals(
      project.read("artifacts/manifest.json"),
      project.read("honest/manifest.json"),
    );
  });
}

Deno.test("stages that a run refuses: nothing is run or written, and honest ones run after", async (t) => {
  using folder = prepare();
  const { project } = folder;
  for (const attack of attacks.filter(isRefused)) {
    await t.step(`a stage that ${attack.name}`, async () => {
      folder.write([attack]);
      const ran = await run(project, [], [attack]);
      checkPrinted(ran);
      assert(ran.code === 1 || ran.code === 2, `exit code ${ran.code}`);
      const parts = "refused" in attack.expect ? attack.expect.refused : [];
      for (const part of parts) assertStringIncludes(ran.err, part);
      assert(!exists(project.path("artifacts/runs")), "a run began");
      checkSecret(project.path("artifacts"));
    });
  }
  folder.write([{}]);
  const mended = await run(project, []);
  assertEquals([mended.code, mended.err], [0, ""]);
});

/** No stack, no confession, nothing that steers a terminal, nothing of what the stage may not read. */
function checkPrinted({ out, err }: Ran): void {
  assert(!err.includes("Unexpected error"), err);
  assert(!err.includes("    at "), err);
  for (const text of [out, err]) {
    // deno-lint-ignore no-control-regex -- these are what is looked for
    const found = /[\x00-\x09\x0b-\x1f\x7f-\x9f]/.exec(text);
    assertEquals(found?.[0], undefined, "a control character");
    assert(!text.includes(SECRET), "the secret was printed");
  }
}

interface Manifest {
  readonly nodes: Readonly<
    Record<string, { readonly outputs: unknown; readonly metrics: unknown }>
  >;
}

interface Ended {
  readonly state: string;
  readonly error?: string;
}

function checkEnd(
  project: Project,
  name: string,
  record: Ended | undefined,
  { expect }: { readonly expect: Expectation },
  expected: Manifest,
): void {
  if ("runs" in expect) {
    assertEquals([record?.state, record?.error], ["ran", undefined]);
    const { nodes }: Manifest = JSON.parse(
      project.read("artifacts/manifest.json"),
    );
    if (expect.runs === "honestly") {
      assertEquals(nodes[name].outputs, expected.nodes[name].outputs);
    }
    assertEquals(nodes[name].metrics, expect.metrics ?? { n: 1 });
    return;
  }
  assertEquals(record?.state, "failed");
  const parts = "fails" in expect ? expect.fails : [];
  for (const part of parts) assertStringIncludes(record?.error ?? "", part);
}

/** How the nodes of the last run ended, by its log. */
function lastRun(project: Project): Map<string, Ended> {
  const runs = project.path("artifacts/runs");
  const logs = [...Deno.readDirSync(runs)].map(({ name }) => name)
    .filter((name) => name.endsWith(".jsonl")).sort();
  const lines = Deno.readTextFileSync(join(runs, logs[logs.length - 1]))
    .trim().split("\n").map((line) => JSON.parse(line));
  return new Map(
    lines.filter(({ event }) => event === "node")
      .map(({ name, state, error }) => [name, { state, error }]),
  );
}

function checkSecret(folder: string): void {
  if (!exists(folder)) return;
  for (const { name, isDirectory, isFile } of Deno.readDirSync(folder)) {
    const path = join(folder, name);
    if (isDirectory) checkSecret(path);
    if (!isFile || Deno.statSync(path).size > 1 << 20) continue;
    const text = Deno.readTextFileSync(path);
    assert(!text.includes(SECRET), `the secret is in ${path}`);
  }
}

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const elsewhere = (project: Project) => [
  "--artifacts",
  project.path("honest"),
];

async function run(
  project: Project,
  args: readonly string[],
  batch: readonly StageAttack[] = [],
): Promise<Ran> {
  const env = Object.entries(
    Object.assign({}, ...batch.map(({ env = {} }) => env)),
  );
  for (const [name, value] of env) Deno.env.set(name, String(value));
  const child = project.start(...args);
  for (const [name] of env) Deno.env.delete(name);
  let isOver = false;
  const timer = setTimeout(() => child.kill("SIGKILL"), SECONDS * 1000);
  /** Does what each attack's accomplice does, once its stage waits for it. */
  const help = async () => {
    while (!isOver) {
      for (const { number, folder } of waiting(project)) {
        batch[number].accomplice?.(folder);
        Deno.writeTextFileSync(join(folder, "work/go"), "");
        Deno.removeSync(join(folder, "work/ready"));
      }
      await delay(10);
    }
  };
  try {
    const [{ code, stdout, stderr, signal }] = await Promise.all([
      child.output().finally(() => isOver = true),
      batch.some(({ accomplice }) => accomplice) ? help() : undefined,
    ]);
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assert(signal === null, `ended by ${signal}, it took ${SECONDS} s`);
    return { code, out: decode(stdout), err: decode(stderr) };
  } finally {
    clearTimeout(timer);
  }
}

/** The folders of nodes whose stages wait for their accomplices, with the number of each attack. */
function waiting(project: Project) {
  const work = project.path("artifacts/work");
  if (!exists(work)) return [];
  return [...Deno.readDirSync(work)].flatMap(({ name }) => {
    const folder = join(work, name);
    const ready = join(folder, "work/ready");
    const text = exists(ready) ? Deno.readTextFileSync(ready) : "";
    return text === "" ? [] : [{ number: Number(text), folder }];
  });
}

/** A project with a secret beside it, and what writes stages into the project. */
function prepare() {
  const project = makeProject();
  const secret = `${project.folder}-secret`;
  const inside = join(secret, "secret");
  Deno.mkdirSync(inside, { recursive: true });
  const module = `export default "${SECRET}";\n`;
  Deno.writeTextFileSync(join(inside, "inner.mjs"), module);
  Deno.writeTextFileSync(`${inside}.txt`, SECRET);
  Deno.writeTextFileSync(`${inside}.json`, JSON.stringify(SECRET));
  Deno.writeTextFileSync(`${inside}.mjs`, module);
  Deno.writeTextFileSync(`${inside}.wasm`, SECRET);
  Deno.mkdirSync(project.path("fifos"));
  for (const name of ["fifo", "fifos/inner"]) {
    new Deno.Command("mkfifo", { args: [project.path(name)] }).outputSync();
  }
  project.write("experiments/quick.jsonc", "{}\n");
  project.write("beside.ts", stageText("beside", {}));
  project.write(
    "cli/project.ts",
    'export { default } from "../pipeline.ts";\n',
  );
  const fill = (text = "", number = 0) =>
    text.replaceAll("{{secret}}", inside)
      .replaceAll("{{folder}}", project.folder)
      .replaceAll("{{number}}", String(number));
  const write = (stages: readonly Partial<StageAttack>[]) => {
    project.write("pipeline.ts", pipelineText(stages.length));
    for (const [number, stage] of stages.entries()) {
      const { top, body, fields, files = {}, links = {} } = stage;
      project.write(
        attackFile(number, stages.length),
        stageText("attack", {
          top: fill(top),
          body: fill(body, number),
          fields: fill(fields),
        }),
      );
      for (const [path, text] of Object.entries(files)) {
        project.write(path, fill(text));
      }
      for (const [path, target] of Object.entries(links)) {
        if (exists(project.path(path))) Deno.removeSync(project.path(path));
        Deno.symlinkSync(fill(target), project.path(path));
      }
    }
  };
  return {
    project,
    write,
    [Symbol.dispose]: () => {
      Deno.removeSync(secret, { recursive: true });
      project[Symbol.dispose]();
    },
  };
}

/** One attack by itself is called as messages about it say. */
function attackFile(number: number, count: number): string {
  return count === 1 ? "attack.ts" : `attack${number}.ts`;
}

/** The pipeline of the attacks, and of another stage beside them. */
function pipelineText(count: number): string {
  const numbers = Array.from({ length: count }, (_, i) => i);
  return `import { z } from "zod";
import { pipeline } from "./engine/graph/graph.ts";
${
    numbers.map((i) => `import attack${i} from "./${attackFile(i, count)}";\n`)
      .join("")
  }import beside from "./beside.ts";

const Attack = z.strictObject({ twice: z.boolean().default(false) });

export default pipeline(Attack, ({ twice }, node) => {
  const attacks = [${numbers.map((i) => `attack${i}`).join(", ")}];
  for (const [i, attack] of attacks.entries()) {
    for (const seed of twice ? [1, 2] : [1]) {
      node(attack, { name: \`n\${i}-\${seed}\`, config: {}, seed });
    }
  }
  node(beside, { config: {} });
});
`;
}

function stageText(
  name: string,
  { top = "", body = "", fields = "" }: Pick<
    StageAttack,
    "top" | "body" | "fields"
  >,
): string {
  return `import { z } from "zod";
import { stage } from "./engine/graph/stage.ts";
${top}

export default stage({
  name: "${name}",
  module: import.meta.url,
  config: z.strictObject({}),
  inputs: {},
  outputs: {
    out: { path: "out.txt", mediaType: "text/plain" },
    folder: { path: "folder", mediaType: "inode/directory", folder: true },
  },
  resources: { cores: 1 },
  ${fields}
  run: async ({ seed, files, outputs, work, log, progress }) => {
    const honest = async () => {
      await Deno.writeTextFile(outputs.out, "honest\\n");
      await Deno.writeTextFile(\`\${outputs.folder}/one.txt\`, "one\\n");
      return { metrics: { n: 1 } };
    };
    ${body}
    return await honest();
  },
});
`;
}
