/** Brings each tool up with the run, and measures the tasks in it. */
import { join, toFileUrl } from "@std/path";
import type { Browser } from "playwright-core";
import { ROOT } from "../../engine/keys/project.ts";
import { openSession } from "../../tests/cli/console/pty.ts";
import { progress } from "../measures/report.ts";
import type { Effort } from "./keystrokes.ts";
import { leetAnswers, type Terminal, terminalOf } from "./leet.ts";
import type { Logged } from "./logged.ts";
import { logToMlflow, mlflowAnswers } from "./mlflow.ts";
import { OURS } from "./ours.ts";
import { type Reader, readerOf } from "./reader.ts";
import { programs, serve } from "./servers.ts";
import { type Answers, type Attempt, attempted, TASKS } from "./tasks.ts";
import { tensorboardAnswers } from "./tensorboard.ts";

/** A run, and an earlier one whose students are other ones. */
export interface Run {
  readonly experiment: string;
  readonly artifacts: string;
  readonly against?: string;
}

export interface Tool {
  readonly name: string;
  readonly version: string;
  /** Until its page can be asked for. */
  readonly startSeconds: number;
  readonly tasks: Readonly<Record<string, Attempt>>;
}

/** The part of the window that pages have. */
const VIEWPORT = { width: 1280, height: 900 };
const TERMINAL = { columns: 160, rows: 50 };

export interface Setting {
  readonly run: Run;
  readonly logged: Logged;
  /** Is removed at the end. */
  readonly folder: string;
  readonly browser: Browser;
  readonly times: number;
}

/** The tools by name, in the order of the table. */
export const TOOLS: Readonly<
  Record<string, (setting: Setting) => Promise<Tool>>
> = { report: ours, MLflow: mlflow, TensorBoard: tensorboard, LEET: leet };

async function ours(
  { run, folder, browser, times }: Setting,
): Promise<Tool> {
  const out = join(folder, "report.html");
  const began = performance.now();
  await pipeline([
    ...["report", "--experiment", run.experiment],
    ...["--artifacts", run.artifacts, "--out", out],
    ...run.against === undefined ? [] : ["--against", run.against],
  ]);
  const startSeconds = secondsSince(began);
  return {
    ...{ name: "report", version: "", startSeconds },
    tasks: await inBrowser("report", OURS, {
      browser,
      times,
      address: toFileUrl(out).href,
    }),
  };
}

async function mlflow(
  { logged, folder, browser, times }: Setting,
): Promise<Tool> {
  const program = programs().mlflow;
  await using server = await serve(program, [
    ...["server", "--workers", "1"],
    ...["--backend-store-uri", `sqlite:///${folder}/mlflow.db`],
    ...["--artifacts-destination", join(folder, "mlflow")],
  ], {
    MLFLOW_DISABLE_TELEMETRY: "true",
    // Jobs are of language models and their judges.
    MLFLOW_SERVER_ENABLE_JOB_EXECUTION: "false",
  });
  const experiment = await logToMlflow(server.url, logged);
  const { best, changed } = modelsOf(logged);
  return {
    name: "MLflow",
    version: await versionOf(program),
    startSeconds: rounded(server.seconds),
    tasks: await inBrowser("MLflow", mlflowAnswers(best, changed), {
      browser,
      times,
      address: `${server.url}/#/experiments/${experiment}/runs`,
      // As for one who has closed its assistant once.
      storage: {
        "mlflow.assistant.panelOpen_v1": "false",
        "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": "true",
      },
    }),
  };
}

async function tensorboard(
  { logged, folder, browser, times }: Setting,
): Promise<Tool> {
  const { tensorboard, python } = programs();
  const events = join(folder, "events");
  await command(
    python,
    [join(import.meta.dirname ?? ".", "tensorboard_log.py"), events],
    JSON.stringify(logged),
  );
  await using server = await serve(tensorboard, ["--logdir", events]);
  return {
    name: "TensorBoard",
    version: await versionOf(tensorboard),
    startSeconds: rounded(server.seconds),
    tasks: await inBrowser(
      "TensorBoard",
      tensorboardAnswers(modelsOf(logged).best),
      { browser, times, address: server.url },
    ),
  };
}

async function leet(
  { run, logged, folder, times }: Setting,
): Promise<Tool> {
  const { wandb } = programs();
  const runs = join(folder, "wandb");
  await pipeline([
    ...["describe", "--format", "wandb", "--experiment", run.experiment],
    ...["--artifacts", run.artifacts, "--out", runs],
  ]);
  // The last that was begun stands first.
  const names = logged.models.toSorted((a, b) => b.began - a.began)
    .map(({ name }) => name);
  const answers = leetAnswers(names);
  const tasks = await measured<Terminal>(
    "LEET",
    answers,
    times,
    async (use) => {
      const began = performance.now();
      await using session = openSession([wandb, "leet", runs], {
        ...TERMINAL,
        env: { HOME: folder, WANDB_MODE: "offline" },
      });
      const terminal = terminalOf(session);
      await use(terminal);
      return { seconds: secondsSince(began), effort: terminal.effort() };
    },
  );
  return {
    name: "LEET",
    version: await versionOf(wandb),
    startSeconds: 0,
    tasks,
  };
}

/** The student of the greatest BLEU, and one that the earlier run had with another alpha. */
function modelsOf({ models, earlier }: Logged): {
  readonly best: string;
  readonly changed: string;
} {
  const students = models.filter(({ name }) => !name.startsWith("teacher"));
  const [best] = students.toSorted((a, b) =>
    b.scores["test/bleu"] - a.scores["test/bleu"]
  );
  const changed = students.find(({ name, params }) =>
    earlier.some((before) =>
      before.name === `${name} before` &&
      before.params["distillation.alpha"] !== params["distillation.alpha"]
    )
  );
  return { best: best.name, changed: (changed ?? best).name };
}

type Doing<Hands> = (
  use: (hands: Hands) => Promise<void>,
) => Promise<
  { readonly seconds: number; readonly effort: Effort }
>;

/** Each task so often, all in turns. */
async function measured<Hands>(
  tool: string,
  answers: Answers<Hands>,
  times: number,
  doing: Doing<Hands>,
): Promise<Record<string, Attempt>> {
  const attempts: Record<string, Attempt> = {};
  for (const task of TASKS) {
    const answer = answers[task];
    if ("no" in answer) {
      attempts[task] = { no: answer.no };
      continue;
    }
    const all: number[] = [];
    let effort: Effort | undefined;
    for (let time = 1; time <= times; time++) {
      progress(`${tool}: ${task} ${time} of ${times}`);
      const done = await doing(answer.find);
      all.push(rounded(done.seconds));
      effort = done.effort;
    }
    if (effort !== undefined) attempts[task] = attempted(answer, effort, all);
  }
  return attempts;
}

function inBrowser(
  tool: string,
  answers: Answers,
  { browser, times, address, storage = {} }: {
    readonly browser: Browser;
    readonly times: number;
    readonly address: string;
    /** What the page's own storage has at first. */
    readonly storage?: Readonly<Record<string, string>>;
  },
): Promise<Record<string, Attempt>> {
  return measured<Reader>(tool, answers, times, async (use) => {
    const context = await browser.newContext({ viewport: VIEWPORT });
    context.setDefaultTimeout(120_000);
    await context.addInitScript((items) => {
      for (const [key, value] of Object.entries(items)) {
        localStorage.setItem(key, value);
      }
    }, storage);
    try {
      const page = await context.newPage();
      const began = performance.now();
      await page.goto(address);
      const reader = readerOf(page);
      await use(reader);
      return { seconds: secondsSince(began), effort: reader.effort() };
    } finally {
      await context.close();
    }
  });
}

const secondsSince = (began: number) =>
  rounded((performance.now() - began) / 1000);
const rounded = (seconds: number) => Number(seconds.toFixed(2));

/** A command of this project's pipeline. */
function pipeline(args: readonly string[]): Promise<string> {
  const main = join(ROOT, "cli/main.ts");
  return command(Deno.execPath(), [
    ...["run", "--quiet", "--allow-all", main, ...args],
  ]);
}

async function versionOf(program: string): Promise<string> {
  return (await command(program, ["--version"])).replace(/^.* /, "").trim();
}

async function command(
  program: string,
  args: readonly string[],
  input?: string,
): Promise<string> {
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  if (input !== undefined) await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`${program} failed: ${text(stderr)}`);
  return text(stdout);
}
