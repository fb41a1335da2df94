/** Runs a stage in a process of its own: starts it, exchanges messages with it, ends it. */
import { join, toFileUrl } from "@std/path";
import { isInputError, parse } from "../../base/input_error.ts";
import { jsonIfValid, readIfThere } from "../files/atomic.ts";
import type { Node } from "../graph/graph.ts";
import type { ExecutorOptions, Job, StageRun } from "./executor.ts";
import { LONGEST_MESSAGE, Message, STOP } from "./messages.ts";
import type { Project } from "../keys/project.ts";
import { sandboxArguments, sandboxEnvironment } from "./stage_permissions.ts";
import { writeAll } from "../../base/write_all.ts";

/** The module that runs a stage inside its process, by its path in the project. */
export const STAGE_PROCESS = "engine/executors/stage_process.ts";

const SECONDS_TO_END = 2;

/** How long a stage may take to save a checkpoint: a step, and what it writes. */
const SECONDS_TO_SAVE = 30;

/** Log and progress messages. */
const ASIDE = /^\{"type":"(?:log|progress)"/;

/** How long a process may take to exit after its result. */
const SECONDS_TO_EXIT = 10;

/**
 * Runs a command so that its messages are separate from what it prints: descriptor 3 becomes our standard output, and
 * everything that the command prints goes to standard error.
 */
const OWN_CHANNEL = 'exec "$0" "$@" 3>&1 1>&2';

/**
 * Runs a stage in the process of a command, and exchanges messages with it.
 *
 * @param commandOf the command that runs Deno with some arguments and environment
 */
export async function runProcess(
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
  const send = (text: string) =>
    void stdin.write(new TextEncoder().encode(text)).catch(ignoreBrokenPipe);
  let isStoppable = false;
  const end = () => {
    // Not by a signal, which a sandbox would not pass on.
    if (isStoppable) send(STOP);
    else kill(child, "SIGTERM");
    killIn(isStoppable ? SECONDS_TO_SAVE : SECONDS_TO_END);
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
    if (!signal?.aborted) send(JSON.stringify(job) + "\n");
  };
  const take = (message: Message) => {
    switch (message.type) {
      case "ready":
        return void listener.ready().then(sendJob);
      case "waiting":
        return listener.waiting();
      case "stoppable":
        isStoppable = true;
        return;
      case "stopped":
        return finish({ kind: "interrupted", isSaved: true });
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
        const error = Object.assign(new Error(text), { name });
        write((isInputError(error) ? text : stack) + "\n");
        return finish({ kind: "error", name, message: text });
      }
    }
  };
  /** Only the first result or error counts: later ones may be written by the stage itself. */
  const takeLine = (line: string) => {
    if (outcome !== undefined) return;
    const message = parseMessage(line);
    if (typeof message !== "string") return take(message);
    // A bad log line does not fail a stage.
    if (ASIDE.test(line)) return write(`${message}: ${line.slice(0, 1000)}\n`);
    finish({ kind: "error", name: "Error", message });
    kill(child, "SIGKILL");
  };
  try {
    if (signal?.aborted) end();
    const [status] = await Promise.all([
      child.status,
      // A process that closed its messages cannot report a result.
      readLines(child.stdout, takeLine).then(() => killIn(SECONDS_TO_END)),
      readText(child.stderr, write),
    ]);
    const isSaved = outcome?.kind === "interrupted";
    if (isSaved || signal?.aborted || status.signal === "SIGINT") {
      return { outcome: { kind: "interrupted", isSaved } };
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

/** The message of a line, or a text that says what is wrong with it. */
function parseMessage(line: string): Message | string {
  try {
    return parse(Message, jsonIfValid(line), "a message");
  } catch (error) {
    if (!isInputError(error)) throw error;
    const reason = error.message.replace(/^Cannot use a message: /, "")
      .replace(/\.$/, "");
    return `what it reported cannot be recorded: ${reason}`;
  }
}

/** A main module that imports the stage statically, which needs no read permission. */
function entry(node: Node, project: Project): string {
  const worker = toFileUrl(join(project.root, STAGE_PROCESS));
  const code = `import stage from ${JSON.stringify(node.stage.module)};` +
    `import { work } from ${JSON.stringify(worker.href)};` +
    "await work(stage);";
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

/** Calls `take` with the lines of a stream, and with an empty line for one that is too long. */
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
 * The peak memory in bytes of a process and those below it, on Linux. The process must be alive: it waits for the end of
 * its input.
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

/** The status of a process that died early is enough. */
function ignoreBrokenPipe(error: unknown): void {
  const closed = error instanceof Deno.errors.BrokenPipe ||
    error instanceof TypeError;
  if (!closed) throw error;
}
