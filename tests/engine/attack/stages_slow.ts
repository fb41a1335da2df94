/** Each attack of a stage gives what it must, by the real command line; an honest run of the same folder succeeds after it. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { delay } from "../fixtures/processes.ts";
import { exists, makeProject, type Project } from "../fixtures/project.ts";
import { type Expectation, STAGE_ATTACKS, type StageAttack } from "./stages.ts";

/** ATTACK="a FIFO" tries those only whose names have that in them. */
const ONLY = Deno.env.get("ATTACK") ?? "";
const SECRET = "hunter2-was-here";
/** Much longer than any attack takes; a stage that does not exit is given ten seconds by the engine. */
const SECONDS = 120;

for (const attack of STAGE_ATTACKS.filter(({ name }) => name.includes(ONLY))) {
  const end = "fails" in attack.expect
    ? "its node fails alone"
    : "refused" in attack.expect
    ? "the run is refused"
    : attack.expect.runs === "honestly"
    ? "its node has the bytes of an honest one"
    : "its node runs";
  Deno.test(`a stage that ${attack.name}: ${end}`, async () => {
    using project = makeProject();
    const secret = `${project.folder}-secret`;
    try {
      prepare(project, attack, secret);
      await attackAndMend(project, attack);
    } finally {
      if (exists(secret)) Deno.removeSync(secret, { recursive: true });
    }
  });
}

async function attackAndMend(
  project: Project,
  attack: StageAttack,
): Promise<void> {
  const args = ["--jobs", "3", ...attack.twice ? ["--set", "twice=true"] : []];
  const honest = await honestManifest(attack.twice === true);
  const tries = attack.twice ? [args, [...args, "--force"]] : [args];
  for (const args of tries) {
    const ran = await run(project, args, attack);
    checkTold(ran);
    checkEnd(project, ran, attack.expect, honest);
  }
  checkSecret(project.path("artifacts"));
  write(project, {});
  const mended = await run(project, args);
  assertEquals({ code: mended.code, err: mended.err }, { code: 0, err: "" });
  assertEquals(project.read("artifacts/manifest.json"), honest);
}

/** No stack, no confession, nothing that steers a terminal, nothing of what the stage may not read. */
function checkTold({ out, err }: Ran): void {
  assert(!err.includes("Unexpected error"), err);
  assert(!err.includes("    at "), err);
  for (const text of [out, err]) {
    // deno-lint-ignore no-control-regex -- these are what is looked for
    const found = /[\x00-\x09\x0b-\x1f\x7f-\x9f]/.exec(text);
    assertEquals(found?.[0], undefined, "a control character");
    assert(!text.includes(SECRET), "the secret was told");
  }
}

function checkEnd(
  project: Project,
  { code, err }: Ran,
  expect: Expectation,
  honest: string,
): void {
  if ("runs" in expect) {
    assertEquals({ code, err }, { code: 0, err: "" });
    const { nodes }: Manifest = JSON.parse(
      project.read("artifacts/manifest.json"),
    );
    const { nodes: expected }: Manifest = JSON.parse(honest);
    for (const name of Object.keys(expected)) {
      const isAttack = name.startsWith("attack");
      if (!isAttack || expect.runs === "honestly") {
        assertEquals(nodes[name].outputs, expected[name].outputs, name);
      }
      assertEquals(
        nodes[name].metrics,
        isAttack ? expect.metrics ?? { n: 1 } : expected[name].metrics,
      );
    }
    return;
  }
  const isRefused = "refused" in expect;
  for (const part of isRefused ? expect.refused : expect.fails) {
    assertStringIncludes(err, part);
  }
  assert(code === 1 || code === 2, `exit code ${code}`);
  if (isRefused) return;
  const states = statesOf(project);
  assertEquals(states.get("beside"), "ran");
  for (const [name, state] of states) {
    if (name.startsWith("attack")) assertEquals(state, "failed", name);
  }
}

interface Manifest {
  readonly nodes: Readonly<
    Record<string, { readonly outputs: unknown; readonly metrics: unknown }>
  >;
}

/** How the last run's record ends. */
function statesOf(project: Project): Map<string, string> {
  const runs = project.path("artifacts/runs");
  const records = [...Deno.readDirSync(runs)].map(({ name }) => name)
    .filter((name) => name.endsWith(".jsonl")).sort();
  const last = Deno.readTextFileSync(join(runs, records[records.length - 1]));
  const { states }: { states: Record<string, string> } = JSON.parse(
    last.trim().split("\n").at(-1) ?? "",
  );
  return new Map(Object.entries(states));
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

async function run(
  project: Project,
  args: readonly string[],
  { accomplice, env = {} }: Partial<StageAttack> = {},
): Promise<Ran> {
  for (const entry of Object.entries(env)) Deno.env.set(...entry);
  const child = project.start(...args);
  for (const name of Object.keys(env)) Deno.env.delete(name);
  let isOver = false;
  const timer = setTimeout(() => child.kill("SIGKILL"), SECONDS * 1000);
  const helping = async () => {
    while (!isOver && accomplice !== undefined) {
      const folder = findReady(project.path("artifacts/work"));
      if (folder !== undefined) {
        accomplice(folder);
        return Deno.writeTextFileSync(join(folder, "work/go"), "");
      }
      await delay(10);
    }
  };
  try {
    const [{ code, stdout, stderr, signal }] = await Promise.all([
      child.output().finally(() => isOver = true),
      helping(),
    ]);
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assert(signal === null, `ended by ${signal}, it took ${SECONDS} s`);
    return { code, out: decode(stdout), err: decode(stderr) };
  } finally {
    clearTimeout(timer);
  }
}

/** The folder of a node whose stage waits for its accomplice. */
function findReady(work: string): string | undefined {
  if (!exists(work)) return undefined;
  return [...Deno.readDirSync(work)].map(({ name }) => join(work, name))
    .find((folder) => exists(join(folder, "work/ready")));
}

const honestManifests = new Map<boolean, Promise<string>>();

/** The manifest of a project without an attack. */
function honestManifest(twice: boolean): Promise<string> {
  const make = async () => {
    using project = makeProject();
    write(project, {});
    const { code, err } = await project.run(
      ...twice ? ["--set", "twice=true"] : [],
    );
    assertEquals({ code, err }, { code: 0, err: "" });
    return project.read("artifacts/manifest.json");
  };
  const known = honestManifests.get(twice) ?? make();
  honestManifests.set(twice, known);
  return known;
}

/** Writes the attack's project, and the secret beside it. */
function prepare(project: Project, attack: StageAttack, folder: string): void {
  const secret = join(folder, "secret");
  const fill = (text: string) =>
    text.replaceAll("{{secret}}", secret).replaceAll(
      "{{folder}}",
      project.folder,
    );
  Deno.mkdirSync(secret, { recursive: true });
  const module = `export default "${SECRET}";\n`;
  Deno.writeTextFileSync(join(secret, "inner.mjs"), module);
  Deno.writeTextFileSync(`${secret}.txt`, SECRET);
  Deno.writeTextFileSync(`${secret}.json`, JSON.stringify(SECRET));
  Deno.writeTextFileSync(`${secret}.mjs`, module);
  Deno.writeTextFileSync(`${secret}.wasm`, SECRET);
  for (const [path, text] of Object.entries(attack.files ?? {})) {
    project.write(path, fill(text));
  }
  for (const [path, target] of Object.entries(attack.links ?? {})) {
    Deno.symlinkSync(fill(target), project.path(path));
  }
  if (attack.fields?.includes("{{folder}}/fifo")) {
    Deno.mkdirSync(project.path("fifos"));
    for (const name of ["fifo", "fifos/inner"]) {
      new Deno.Command("mkfifo", { args: [project.path(name)] }).outputSync();
    }
  }
  const { top = "", body = "", fields = "" } = attack;
  write(project, { top: fill(top), body: fill(body), fields: fill(fields) });
}

/** The pipeline of the attacks: the stage that attacks, and another one beside it. */
function write(
  project: Project,
  { top, body, fields }: Pick<StageAttack, "top" | "body" | "fields">,
): void {
  project.write("experiments/quick.jsonc", "{}\n");
  project.write(
    "pipeline.ts",
    `import { z } from "zod";
import { pipeline } from "./engine/graph/graph.ts";
import attack from "./attack.ts";
import beside from "./beside.ts";

const Attack = z.strictObject({ twice: z.boolean().default(false) });

export default pipeline(Attack, ({ twice }, node) => {
  if (!twice) node(attack, { config: {} });
  else {
    node(attack, { name: "one", config: {}, seed: 1 });
    node(attack, { name: "two", config: {}, seed: 2 });
  }
  node(beside, { config: {} });
});
`,
  );
  project.write("attack.ts", stageText("attack", top, body, fields));
  project.write("beside.ts", stageText("beside", "", "", ""));
}

function stageText(
  name: string,
  top = "",
  body = "",
  fields = "",
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
