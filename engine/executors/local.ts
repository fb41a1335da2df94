/** Runs one node in a process of its own, and tells what came of it. */
import { join, toFileUrl } from "@std/path";
import { isInputError, parse } from "../../base/input_error.ts";
import type { Metrics } from "../../schemas/manifest.ts";
import { jsonIfWhole, readIfThere } from "../files/atomic.ts";
import { bubblewrapCommand, explainAbsence } from "./sandbox.ts";
import type { Node } from "../graph/graph.ts";
import { type Job, LONGEST_MESSAGE, Message } from "./messages.ts";
import type { Project } from "../keys/project.ts";
import { sandboxArguments, sandboxEnvironment } from "./stage_permissions.ts";
import type { Progress } from "../graph/stage.ts";
import { writeAll } from "../../base/write_all.ts";

export interface StageRun {
  readonly outcome:
    | {
      readonly kind: "done";
      readonly metrics: Metrics;
      readonly measurements: Metrics;
    }
    | {
      readonly kind: "error";
      readonly name: string;
      readonly message: string;
    }
    | { readonly kind: "died"; readonly how: string }
    | { readonly kind: "interrupted" };
  readonly peakMemoryBytes?: number;
}

export interface StageListener {
  /** The process has read the stage's code; it is given its job when this is done, unless the run was stopped by then. */
  ready(): Promise<void>;
  progress(progress: Progress): void;
  /** A line of the stage for the user. */
  log(line: string): void;
  /** The process of an earlier, killed run still holds the node. */
  waiting(): void;
}

/** The engine's part of a stage's process, by its path in the project. */
export const WORKER = "engine/executors/stage_process.ts";

const SECONDS_TO_END = 2;

/** A message beside the result, as a stage's process writes it. */
const ASIDE = /^\{"type":"(?:log|progress)"/;

/** How long a process may take to exit that has sent its result. */
const SECONDS_TO_EXIT = 10;

/**
 * Runs a command with its messages apart from what it prints: they go by descriptor 3 into what is standard output here,
 * and all that it prints into standard error.
 */
const OWN_CHANNEL = 'exec "$0" "$@" 3>&1 1>&2';

/** Runs a node's stage on a job somewhere and tells what came of it. */
export type Executor = (
  node: Node,
  job: Job,
  options: ExecutorOptions,
) => Promise<StageRun>;

export interface ExecutorOptions {
  readonly project: Project;
  /** All that the stage's process executes, as absolute paths of files and folders. */
  code(): Promise<readonly string[]>;
  /** Files that the stage's code opens by itself. */
  readonly opened: readonly string[];
  /** Gets all that the stage logs and all that it and its libraries print. */
  readonly logPath: string;
  readonly listener: StageListener;
  readonly signal?: AbortSignal;
}

/** The executor of a run: a process for each node, with the permissions that its stage declares. */
export const runInProcess: Executor = async (node, job, options) => {
  const wrapper = await diesWithParent();
  return await runStage(
    node,
    job,
    options,
    (args) => [...wrapper, Deno.execPath(), ...args],
  );
};

/** The same inside bubblewrap, where native code is held as well. */
export const runInSandbox: Executor = async (node, job, options) => {
  const code = await options.code();
  const { outcome, ...ran } = await runStage(
    node,
    job,
    options,
    (args, environment) =>
      bubblewrapCommand({ node, job, code, environment }, args),
  );
  if (outcome.kind !== "error") return { ...ran, outcome };
  const message = explainAbsence(outcome.message, node, job);
  return { ...ran, outcome: { ...outcome, message } };
};

async function runStage(
  node: Node,
  job: Job,
  options: ExecutorOptions,
  commandOf: (
    args: readonly string[],
    environment: Readonly<Record<string, string>>,
  ) => readonly string[],
): Promise<StageRun> {
  const { project, opened, logPath, listener, signal } = options;
  using log = Deno.openSync(logPath, { create: true, append: true });
  const write = (text: string) => writeAll(log, text);
  const env = sandboxEnvironment(node, Deno.env.toObject());
  const command = commandOf([
    "run",
    "--quiet",
    "--no-prompt",
    "--cached-only",
    "--frozen",
    // An origin of its own: what localStorage and caches keep is lost with the process.
    `--location=https://${crypto.randomUUID()}.invalid`,
    `--config=${project.root}/deno.json`,
    ...sandboxArguments(node, job, project, opened),
    entry(node, project),
  ], env);
  const child = new Deno.Command("sh", {
    args: ["-c", OWN_CHANNEL, ...command],
    clearEnv: true,
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stdin = child.stdin.getWriter();
  const timers: ReturnType<typeof setTimeout>[] = [];
  const killIn = (seconds: number) =>
    timers.push(setTimeout(() => kill(child, "SIGKILL"), seconds * 1000));
  const end = () => {
    kill(child, "SIGTERM");
    killIn(SECONDS_TO_END);
  };
  signal?.addEventListener("abort", end);
  let outcome: StageRun["outcome"] | undefined;
  let peakMemoryBytes: number | undefined;
  const finish = (result: StageRun["outcome"]) => {
    outcome = result;
    peakMemoryBytes = peakMemory(child.pid);
    stdin.close().catch(ignoreBrokenPipe);
    killIn(SECONDS_TO_EXIT);
  };
  const sendJob = () => {
    const text = JSON.stringify(job) + "\n";
    if (signal?.aborted) return;
    stdin.write(new TextEncoder().encode(text)).catch(ignoreBrokenPipe);
  };
  const take = (message: Message) => {
    switch (message.type) {
      case "ready":
        return void listener.ready().then(sendJob);
      case "waiting":
        return listener.waiting();
      case "progress":
        return listener.progress(message.progress);
      case "log":
        write(message.line + "\n");
        return listener.log(message.line);
      case "result": {
        const { metrics, measurements } = message;
        return finish({ kind: "done", metrics, measurements });
      }
      case "error": {
        const { name, message: text, stack } = message;
        write(stack + "\n");
        return finish({ kind: "error", name, message: text });
      }
    }
  };
  /** The first result or error counts: what comes after it may be the stage's own. */
  const takeLine = (line: string) => {
    if (outcome !== undefined) return;
    const message = parseMessage(line);
    if (typeof message !== "string") return take(message);
    // A training is not worth less for a line of its log.
    if (ASIDE.test(line)) return write(`${message}: ${line.slice(0, 1000)}\n`);
    finish({ kind: "error", name: "Error", message });
    kill(child, "SIGKILL");
  };
  try {
    if (signal?.aborted) end();
    const [status] = await Promise.all([
      child.status,
      // A process that can tell nothing any more is of no use.
      readLines(child.stdout, takeLine).then(() => killIn(SECONDS_TO_END)),
      readText(child.stderr, write),
    ]);
    if (signal?.aborted || status.signal === "SIGINT") {
      return { outcome: { kind: "interrupted" } };
    }
    const how = status.signal === null
      ? `exit code ${status.code}`
      : `signal ${status.signal}`;
    return { outcome: outcome ?? { kind: "died", how }, peakMemoryBytes };
  } finally {
    kill(child, "SIGKILL");
    for (const timer of timers) clearTimeout(timer);
    signal?.removeEventListener("abort", end);
  }
}

/** A message, or what is wrong with it. */
function parseMessage(line: string): Message | string {
  try {
    return parse(Message, jsonIfWhole(line), "a message");
  } catch (error) {
    if (!isInputError(error)) throw error;
    const reason = error.message.replace(/^Cannot use a message: /, "")
      .replace(/\.$/, "");
    return `what it reported cannot be recorded: ${reason}`;
  }
}

/**
 * What a command begins with whose process is killed by the kernel together with this one, also while native code keeps
 * it busy; empty where the system has no such program, and the end of its standard input has to do.
 */
function diesWithParent(): Promise<readonly string[]> {
  wrapper ??= canRun([...WRAPPER, Deno.execPath(), "--version"])
    .then((can) => can ? WRAPPER : []);
  return wrapper;
}

async function canRun([program, ...args]: readonly string[]): Promise<boolean> {
  const quiet = { stdout: "null", stderr: "null" } as const;
  try {
    return (await new Deno.Command(program, { args, ...quiet }).output())
      .success;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return false;
  }
}

const WRAPPER = ["setpriv", "--pdeathsig", "KILL", "--"];
let wrapper: Promise<readonly string[]> | undefined;

/** A main module that imports the stage statically, which needs no permission to read code. */
function entry(node: Node, project: Project): string {
  const worker = toFileUrl(join(project.root, WORKER));
  const code = `import stage from ${JSON.stringify(node.stage.module)};` +
    `import { work } from ${JSON.stringify(worker.href)};` +
    "await work(stage);";
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

/** The lines of a stream; one that is too long counts as one that cannot be read. */
async function readLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  take: (line: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let pending = "";
  for await (const chunk of stream) {
    const lines = (pending + decoder.decode(chunk, { stream: true }))
      .split("\n");
    pending = lines.pop() ?? "";
    lines.forEach(take);
    if (pending.length > LONGEST_MESSAGE) {
      take("");
      pending = "";
    }
  }
}

async function readText(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  write: (text: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    write(decoder.decode(chunk, { stream: true }));
  }
}

/**
 * What a process or one below it has used at most, where the system tells; it is alive while it waits for the end of its
 * input.
 */
function peakMemory(pid: number): number | undefined {
  if (Deno.build.os !== "linux") return undefined;
  const status = readIfThere(`/proc/${pid}/status`) ?? "";
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
  if (kilobytes === undefined) return undefined;
  const children = readIfThere(`/proc/${pid}/task/${pid}/children`) ?? "";
  const below = children.trim().split(" ").filter((child) => child !== "")
    .map((child) => peakMemory(Number(child)) ?? 0);
  return Math.max(Number(kilobytes) * 1024, ...below);
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch (error) {
    if (
      !(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)
    ) {
      throw error;
    }
  }
}

/** A process that died early is told by its status, not by the pipe to it. */
function ignoreBrokenPipe(error: unknown): void {
  const closed = error instanceof Deno.errors.BrokenPipe ||
    error instanceof TypeError;
  if (!closed) throw error;
}
