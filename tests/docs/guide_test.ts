/** docs/guide.md and README.md, done to the letter in a copy of the project: each command is run, or named here with the reason why not. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { parse as parseJsonc } from "@std/jsonc";
import { missing as noBrowser } from "../apps/report/chromium.ts";
import { missingPty } from "../cli/console/pty.ts";

const ROOT = fromFileUrl(new URL("../..", import.meta.url));
const MINE = "mine/experiment.jsonc";

const noPictures = noBrowser || (missingPty ?? "");

/** What the commands of the guide leave in a clone in which somebody followed it. */
const LEFT = [
  ...["mine", "mine.tar", "mine.tsv", "report.html", "site", "theirs"],
  ...["me.pub", "crate"],
];

/** Milliseconds that anything waited for may take. */
const PATIENCE = 60_000;

/** How a command of the documents is run. */
interface Treatment {
  /** Why it is not. */
  readonly unrun?: string;
  /** What it exits with, where that is not 0. */
  readonly code?: number;
  /** What stands in place of parts of it. */
  readonly instead?: Readonly<Record<string, (project: Project) => string>>;
  /** It has said so when the next command may come; it is told to stop at the end of its section. */
  readonly serving?: RegExp;
  /** It is interrupted when it has said so, and then run again. */
  readonly interruptedAt?: RegExp;
  readonly before?: (project: Project) => void;
  readonly after?: (project: Project, said: string) => void | Promise<void>;
  /** What is done in place of it where npm's registry cannot be reached. */
  readonly offline?: (project: Project) => void;
}

const asItStands: Treatment = {};
/** The command of the documents for those who have no Deno, on the Deno that runs this. */
const byNpx = { "npx -y deno@2.9.6": () => "deno" };
const elsewhere = { "/mnt/models": (project: Project) => project.path("mnt") };
const freePort = {
  "deno task serve": (project: Project) =>
    `deno task serve --port ${project.port}`,
  "localhost:8000": (project: Project) => `localhost:${project.port}`,
};

const COMMANDS: Readonly<Record<string, Treatment>> = {
  // docs/guide.md
  "npm install --global deno@2.9.6": {
    unrun: "it would change this machine; the Deno that runs this is taken",
  },
  "deno task pipeline doctor": asItStands,
  "deno task pipeline run corpus --experiment quick": { offline: () => {} },
  [
    `head -n 10000 "artifacts/objects/$(deno task pipeline status corpus --experiment quick --json |
  sed -E 's|.*"train":\\{"sha256":"(..)([0-9a-f]+).*|\\1/\\2|')" > mine.tsv`
  ]: {
    offline: (project) => project.write("mine.tsv", sentences()),
  },
  "deno task pipeline init mine --pairs mine.tsv --from pt --to en": asItStands,
  [`sed -i.bak 's/"batchTokens": 2048/"batchTokens": 1024/; s/"steps": 1120/"steps": 1400/; s/"steps": 1000/"steps": 700/' ${MINE}`]:
    {
      after: (project) => {
        const text = Deno.readTextFileSync(project.path(MINE));
        const changed = /"steps": 1400,[^]*: 1024,[^]*"steps": 700,[^]*: 1024,/;
        // Of other sentences than the guide's, init writes other steps.
        if (!project.isOffline) assertMatch(text, changed);
        project.shrink(MINE, "mine.tsv");
      },
    },
  [`deno task pipeline --experiment ${MINE} --dry-run`]: { code: 10 },
  [`deno task pipeline --experiment ${MINE}`]: asItStands,
  [`deno task pipeline status --experiment ${MINE}`]: asItStands,
  [`deno task pipeline results --experiment ${MINE}`]: asItStands,
  'echo "Não foi possível abrir o arquivo" | deno task translate': asItStands,
  [`deno task pipeline report --experiment ${MINE} --out report.html`]:
    asItStands,
  "deno task web": {
    instead: { "deno task web": () => "deno task web --port 0" },
    serving: /http:\S+\s/,
    after: async (_, said) => {
      const [address] = /http:\S+/.exec(said) ?? [""];
      const answer = await fetch(address);
      const text = await answer.text();
      assertEquals(answer.status, 200, text);
      assert(/<textarea/.test(text), text);
    },
  },
  "deno task web --out site": asItStands,
  "deno task serve --int8": { instead: freePort, serving: / at http:\S+\s/ },
  [
    `curl localhost:8000/translate -H 'content-type: application/json' \\
  -d '{"text": ["Não foi possível abrir o arquivo", "Pressione Enter para continuar"]}'`
  ]: {
    instead: freePort,
  },
  [`deno task pipeline --experiment ${MINE} --set students.rkd.alpha=0.5 --dry-run`]:
    { code: 10 },
  [`deno task pipeline --experiment ${MINE} --set students.rkd.alpha=0.5`]: {
    interruptedAt: /^student:rkd: /m,
  },
  "deno task pipeline keygen > me.pub": asItStands,
  "deno task pipeline sign": asItStands,
  "deno task pipeline push ../models": asItStands,
  [`deno task pipeline pull ../models --experiment ${MINE} --signed-by me.pub --artifacts theirs`]:
    asItStands,
  "deno task pipeline export mine.tar": asItStands,

  // README.md
  "npx -y deno@2.9.6 task pipeline": {
    instead: byNpx,
    before: (project) => project.shrink("experiments/quick.jsonc", "mine.tsv"),
  },
  "npx -y deno@2.9.6 task test": {
    unrun: "it is what runs this",
  },
  'echo "Não foi possível abrir o arquivo" | npx -y deno@2.9.6 task translate':
    { instead: byNpx },
  "deno task pipeline report": asItStands,
  "deno task pipeline run export:ckd-regular": asItStands,
  "deno task serve --model ckd-regular": {
    instead: freePort,
    serving: / at http:\S+\s/,
  },
  "deno task pipeline keygen > me.pub && deno task pipeline sign": asItStands,
  "deno task pipeline push /mnt/models": { instead: elsewhere },
  "deno task pipeline verify --signed-by me.pub": asItStands,
  "deno task pipeline reproduce artifacts/results/quick/manifest.json": {
    unrun:
      "it trains all of quick anew; tests/engine/provenance/reproduce_test.ts reproduces smaller runs",
  },
  "deno task pipeline trace student.safetensors": {
    before: (project) =>
      Deno.copyFileSync(
        project.object("student:ckd-regular", "model"),
        project.path("student.safetensors"),
      ),
  },
  "deno task pipeline completion bash >> ~/.bashrc": asItStands,
  "deno task pipeline describe --format ro-crate --out crate": asItStands,
};

const DOCUMENTS = ["docs/guide.md", "README.md"];

/** A command as a document shows it. */
interface Shown {
  readonly section: string;
  readonly command: string;
  /** The lines of output that are shown for its block: at the block's last command, else none. */
  readonly output: readonly string[];
}

/** The commands of a document's `sh` blocks in their order; a `text` block after one is what it prints. */
function shownIn(document: string): Shown[] {
  const text = Deno.readTextFileSync(join(ROOT, document));
  const shown: Shown[] = [];
  let section = "";
  const parts = /^## (.+)$|^```(\w*)\n([\s\S]*?)^```$/gm;
  for (const [, heading, language, block] of text.matchAll(parts)) {
    if (heading !== undefined) section = heading;
    else if (language === "sh") {
      for (const command of commandsOf(block)) {
        shown.push({ section, command, output: [] });
      }
    } else if (language === "text") {
      const last = shown.pop();
      assert(last !== undefined, `${document}: output of no command: ${block}`);
      const output = [...last.output, ...block.trimEnd().split("\n")];
      shown.push({ ...last, output });
    }
  }
  return shown;
}

/** A command goes on where a quote is open or a line ends in a backslash or a bar; a comment is left out. */
function commandsOf(block: string): string[] {
  const commands: string[] = [];
  let begun = "";
  for (const line of block.trimEnd().split("\n")) {
    begun += (begun === "" ? "" : "\n") + line.replace(/(^|\s+)#\s.*$/, "");
    const isOpen = /[\\|]$/.test(begun) || begun.split("'").length % 2 === 0;
    if (isOpen) continue;
    if (begun !== "") commands.push(begun);
    begun = "";
  }
  assertEquals(begun, "", "A block ends in the middle of a command.");
  return commands;
}

Deno.test("each command that docs/guide.md and README.md show is one that this test runs, or says why not", () => {
  const shown = DOCUMENTS.flatMap(shownIn).map(({ command }) => command);
  const known = Object.keys(COMMANDS);
  assertEquals(
    {
      unknown: shown.filter((command) => !known.includes(command)),
      gone: known.filter((command) => !shown.includes(command)),
    },
    { unknown: [], gone: [] },
  );
});

Deno.test({
  name:
    "the commands of docs/guide.md and then of README.md do what they say, one after the other, and print what is shown",
  // Servers of a section that failed end with the copy.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async (t) => {
    await using project = await copyProject();
    for (const document of DOCUMENTS) {
      // Nothing of the user's own is there, as on the first day.
      project.newHome();
      for (const [section, shown] of sectionsOf(shownIn(document))) {
        for (const { command, output } of shown) {
          const treatment = COMMANDS[command] ?? asItStands;
          const { unrun, offline } = treatment;
          const isRun = await t.step({
            name: `${document}: ${command}${
              unrun === undefined ? "" : ` (not run: ${unrun})`
            }`,
            ignore: unrun !== undefined,
            sanitizeOps: false,
            sanitizeResources: false,
            fn: async () => {
              if (project.isOffline && offline !== undefined) {
                return offline(project);
              }
              treatment.before?.(project);
              const { code, said } = await project.run(command, treatment);
              if (offline !== undefined && isUnreachable(said)) {
                project.isOffline = true;
                return offline(project);
              }
              assertEquals(code, treatment.code ?? 0, said);
              assertShown(output, said);
              await treatment.after?.(project, said);
            },
          });
          if (!isRun && unrun === undefined) return;
        }
        await t.step(
          `${document}: what "${section}" started ends`,
          () => project.stopServers(),
        );
      }
    }

    await t.step({
      name:
        `every picture is made anew by the command at the foot of docs/guide.md${noPictures}`,
      ignore: noPictures !== "",
      sanitizeOps: false,
      sanitizeResources: false,
      fn: async () => {
        // One student is trained for it; all else is there.
        const made = "made";
        project.change(MINE, ({ students }) => ({
          students: { ...Object(students), rkd: { alpha: 0.3 } },
        }));
        const { code, said } = await project.run(
          `deno run --allow-all docs/pictures/make.ts --experiment ${MINE} --out ${made}`,
          asItStands,
        );
        assertEquals(code, 0, said);
        assertEquals(
          picturesIn(project.path(made)),
          picturesIn(join(ROOT, "docs/pictures")),
        );
        for (const name of picturesIn(project.path(made))) {
          const bytes = Deno.readFileSync(project.path(`${made}/${name}`));
          assertEquals(new TextDecoder().decode(bytes.subarray(8, 12)), "WEBP");
          // A page of one colour takes less.
          assert(bytes.length > 3000, `${name}: ${bytes.length} bytes`);
        }
      },
    });
  },
});

function sectionsOf(shown: readonly Shown[]): Map<string, Shown[]> {
  return Map.groupBy(shown, ({ section }) => section);
}

function picturesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name.endsWith(".webp")).sort();
}

function isUnreachable(said: string): boolean {
  return said.includes("the package registry cannot be reached");
}

/** Each line that is shown has its like among those that were printed, in the same order; a line of `…` is any. */
function assertShown(shown: readonly string[], said: string): void {
  const lines = said.split("\n");
  let at = 0;
  for (const line of shown) {
    if (line.trim() === "…") continue;
    const found = lines.findIndex((one, i) =>
      i >= at && shapeOf(one) === shapeOf(line)
    );
    assert(
      found >= 0,
      `Nothing like the line "${line}", by its shape ${shapeOf(line)}, in:\n${
        lines.slice(at).join("\n")
      }`,
    );
    at = found + 1;
  }
}

/** Of JSON its keys; else the first two words, each number in them as #. */
function shapeOf(line: string): string {
  if (line.startsWith("{")) {
    return line.replace(/(: ?)("[^"]*"|-?[\d.]+)/g, "$1#");
  }
  return line.trim().split(/\s+/).slice(0, 2).join(" ")
    .replace(/\d[\d,.]*/g, "#");
}

interface Outcome {
  readonly code: number;
  /** Standard output and error. */
  readonly said: string;
}

interface Project extends AsyncDisposable {
  /** Whether it turned out that the registry of npm cannot be reached. */
  isOffline: boolean;
  /** A port that is free. */
  readonly port: number;
  path(name: string): string;
  write(name: string, text: string): void;
  /** The path of a node's output in the last run. */
  object(node: string, output: string): string;
  /** Gives values of an experiment's file other ones. */
  change(
    experiment: string,
    by: (value: Readonly<Record<string, unknown>>) => object,
  ): void;
  /** Makes an experiment's models and data so small that it is trained in seconds; what it compares stays. */
  shrink(experiment: string, data: string): void;
  newHome(): void;
  run(command: string, treatment: Treatment): Promise<Outcome>;
  /** Tells each server that still runs to stop, and checks that it ends well. */
  stopServers(): Promise<void>;
}

/** A command on its way. */
interface Running {
  readonly command: string;
  said(): string;
  readonly ended: Promise<number>;
  /** Tells the task, which passes it on. */
  interrupt(): void;
}

/** The project as a clone has it, in a folder of its own within another one. */
async function copyProject(): Promise<Project> {
  const outer = Deno.makeTempDirSync({ prefix: "guide-" });
  const folder = join(outer, "clone");
  const path = (name: string) => join(folder, name);
  for (const name of filesOf("")) {
    Deno.mkdirSync(dirname(path(name)), { recursive: true });
    Deno.copyFileSync(join(ROOT, name), path(name));
  }
  Deno.symlinkSync(join(ROOT, "node_modules"), path("node_modules"));
  // The commands say "deno", and mean this one.
  const bin = join(outer, "bin");
  Deno.mkdirSync(bin);
  Deno.symlinkSync(Deno.execPath(), join(bin, "deno"));
  const environment: Record<string, string> = {
    ...await caches(),
    PATH: `${bin}:${Deno.env.get("PATH") ?? ""}`,
    NO_COLOR: "1",
  };
  const servers: Running[] = [];
  const start = (command: string): Running => {
    const process = new Deno.Command("sh", {
      args: ["-c", `exec 2>&1\n${command}`],
      cwd: folder,
      env: environment,
      stdin: "null",
      stdout: "piped",
    }).spawn();
    let said = "";
    const ended = (async () => {
      const text = process.stdout.pipeThrough(new TextDecoderStream());
      for await (const chunk of text) said += chunk;
      return (await process.status).code;
    })();
    return {
      command,
      ended,
      said: () => said,
      interrupt: () => process.kill("SIGINT"),
    };
  };
  const outcome = async (running: Running): Promise<Outcome> => ({
    code: await running.ended,
    said: running.said(),
  });
  const project: Project = {
    isOffline: false,
    port: freePortOf(),
    path,
    write: (name, text) => Deno.writeTextFileSync(path(name), text),
    object: (node, output) => {
      const { nodes } = JSON.parse(
        Deno.readTextFileSync(path("artifacts/manifest.json")),
      );
      const { sha256 } = nodes[node].outputs[output];
      return path(
        `artifacts/objects/${sha256.slice(0, 2)}/${sha256.slice(2)}`,
      );
    },
    change: (experiment, by) => {
      const value = Object(
        parseJsonc(Deno.readTextFileSync(path(experiment))),
      );
      Deno.writeTextFileSync(
        path(experiment),
        JSON.stringify({ ...value, ...by(value) }),
      );
    },
    shrink: (experiment, data) =>
      project.change(experiment, () => ({ ...SMALL, data: { train: data } })),
    newHome: () => {
      const home = Deno.makeTempDirSync({ dir: outer });
      environment.HOME = home;
      environment.XDG_CONFIG_HOME = join(home, ".config");
    },
    run: async (command, { instead = {}, serving, interruptedAt }) => {
      let text = command;
      for (const [part, other] of Object.entries(instead)) {
        text = text.replace(part, () => other(project));
      }
      // In place of the shell, which would not pass on a signal.
      const isAlone = serving !== undefined || interruptedAt !== undefined;
      const running = start(isAlone ? `exec ${text}` : text);
      if (serving !== undefined) {
        await until(running, serving);
        servers.push(running);
        return { code: 0, said: running.said() };
      }
      if (interruptedAt === undefined) return outcome(running);
      await until(running, interruptedAt);
      running.interrupt();
      const first = await outcome(running);
      assertEquals(first.code, 130, first.said);
      const second = await outcome(start(text));
      return { code: second.code, said: first.said + second.said };
    },
    stopServers: async () => {
      for (const server of servers.splice(0)) {
        server.interrupt();
        assertEquals(await server.ended, 0, server.command + server.said());
      }
    },
    [Symbol.asyncDispose]: async () => {
      for (const server of servers) server.interrupt();
      await Promise.all(servers.map(({ ended }) => ended));
      Deno.removeSync(outer, { recursive: true });
    },
  };
  return project;
}

/** What was downloaded before, which a new home would not have. */
async function caches(): Promise<Record<string, string>> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json"],
  }).output();
  const home = Deno.env.get("HOME") ?? "";
  return {
    DENO_DIR: JSON.parse(new TextDecoder().decode(stdout)).denoDir,
    NPM_CONFIG_USERCONFIG: Deno.env.get("NPM_CONFIG_USERCONFIG") ??
      join(home, ".npmrc"),
    NPM_CONFIG_CACHE: Deno.env.get("NPM_CONFIG_CACHE") ?? join(home, ".npm"),
  };
}

async function until(running: Running, said: RegExp): Promise<void> {
  const began = performance.now();
  let isEnded = false;
  void running.ended.then(() => isEnded = true);
  while (!said.test(running.said())) {
    assert(!isEnded, `It ended before it said ${said}: ${running.said()}`);
    assert(
      performance.now() - began < PATIENCE,
      `It has not said ${said}: ${running.said()}`,
    );
    await new Promise((done) => setTimeout(done, 20));
  }
}

function freePortOf(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** The files of the project that a clone has: nothing that is made or installed. */
function filesOf(folder: string): string[] {
  return [...Deno.readDirSync(join(ROOT, folder))].flatMap((entry) => {
    const name = join(folder, entry.name);
    if ([".git", "node_modules"].includes(entry.name)) return [];
    if (folder === "" && LEFT.includes(entry.name)) return [];
    if (folder === "artifacts" && !/^(manifest.*|results)$/.test(entry.name)) {
      return [];
    }
    return entry.isDirectory ? filesOf(name) : [name];
  });
}

const MODEL = { width: 32, feedForward: 64, heads: 2 };
const TRAINING = {
  steps: 100,
  batchTokens: 512,
  factor: 0.5,
  warmup: 25,
  validateEvery: 50,
};
const SMALL = {
  corpus: { validation: 40, test: 40, trainLimit: 240 },
  vocabulary: { size: 300, maximumLength: 40 },
  teacher: { model: MODEL, training: TRAINING },
  student: { model: MODEL, training: TRAINING },
  evaluation: { beam: 2 },
};

/** A corpus of made-up sentences. */
function sentences(): string {
  const nouns = {
    casa: "house",
    porta: "door",
    mesa: "table",
    janela: "window",
    rua: "street",
    cidade: "city",
    lua: "moon",
    ponte: "bridge",
  };
  const all = Object.entries(nouns);
  return all.flatMap(([a, one]) =>
    all.flatMap(([b, two]) =>
      all.map(([c, three]) =>
        `a ${a} fica perto da ${b} e longe da ${c}\tthe ${one} is near the ${two} and far from the ${three}\n`
      )
    )
  ).join("");
}
