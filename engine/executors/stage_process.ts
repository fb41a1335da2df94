/** Runs one stage inside its own process: takes the job, holds the node's lock, reports. */
import type { Json } from "../../schemas/manifest.ts";
import type { Job } from "./executor.ts";
import { CHANNEL, type Message, STOP } from "./messages.ts";
import type { Stage, StageResult } from "../graph/stage.ts";
import { writeAll } from "../../base/write_all.ts";

const PROGRESS_MILLISECONDS = 100;

/** Runs a stage in this process; the caller holds the lock of the job. `send` gets its log and progress messages. */
export function perform<
  Config,
  Inputs extends Record<string, readonly string[]>,
  Outputs extends Stage["outputs"],
>(
  stage: Stage<Config, Inputs, Outputs>,
  job: Job,
  send: (message: Message) => void,
  stop = new AbortController(),
): Promise<StageResult> {
  prepare(job);
  return stage.run(contextOf(job, send, stop));
}

/** Runs a stage with the job from standard input, whose end means that the engine has exited. */
export async function work<
  Config,
  Inputs extends Record<string, readonly string[]>,
  Outputs extends Stage["outputs"],
>(stage: Stage<Config, Inputs, Outputs>): Promise<never> {
  const channel = Deno.openSync(CHANNEL, { write: true });
  const send = (message: Message) =>
    writeAll(channel, JSON.stringify(message) + "\n");
  send({ type: "ready" });
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
  const stop = new AbortController();
  const { job, rest } = await readJob(lines, () => stop.abort());
  let finished = false;
  const fail = (error: unknown) => {
    finished = true;
    send({ type: "error", ...describe(error) });
  };
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    if (!finished) fail(event.reason);
  });
  const orphaned = rest.then(() => Deno.exit(finished ? 0 : 1));
  try {
    using lock = await holdLock(job.lock, send);
    void lock;
    const { metrics = {}, measurements = {} } = await perform(
      stage,
      job,
      send,
      stop,
    );
    if (!finished) send({ type: "result", metrics, measurements });
    finished = true;
  } catch (error) {
    const isStopped = stop.signal.aborted && error === stop.signal.reason;
    if (!finished && !isStopped) fail(error);
    if (!finished && isStopped) send({ type: "stopped" });
    finished = true;
  }
  return await orphaned;
}

async function readJob(
  lines: ReadableStream<string>,
  stop: () => void,
): Promise<{ job: Job; rest: Promise<void> }> {
  const reader = lines.getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { done, value } = await reader.read();
    if (done) Deno.exit(1);
    text += value;
  }
  const drain = async () => {
    for (;;) {
      const { done, value = "" } = await reader.read();
      if (done) return;
      if (value.includes(STOP)) stop();
    }
  };
  return { job: JSON.parse(text), rest: drain() };
}

/** The process of a killed run may live a moment longer; it holds the lock until it ends. */
async function holdLock(
  path: string,
  send: (message: Message) => void,
): Promise<Deno.FsFile> {
  const file = Deno.openSync(path, { write: true, create: true });
  if (!file.tryLockSync(true)) {
    send({ type: "waiting" });
    await file.lock(true);
  }
  return file;
}

/** Empties the output folder; checkpoints of an earlier attempt are kept. */
function prepare(job: Job): void {
  try {
    Deno.removeSync(job.outputFolder, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  Deno.mkdirSync(job.outputFolder, { recursive: true });
  Deno.mkdirSync(job.work, { recursive: true });
  for (const { path, folder } of Object.values(job.outputs)) {
    const parent = folder ? path : path.replace(/[\\/][^\\/]*$/, "");
    Deno.mkdirSync(parent, { recursive: true });
  }
}

/** The job's config was parsed by the stage's own schema, and its paths have the stage's names, so the types are right. */
function contextOf<Context>(
  job: Job,
  send: (message: Message) => void,
  stop: AbortController,
): Context & Json {
  let shown = 0, isStoppable = false;
  const context = {
    config: job.config,
    seed: job.seed,
    inputs: job.inputs,
    files: job.files,
    outputs: Object.fromEntries(
      Object.entries(job.outputs).map(([name, { path }]) => [name, path]),
    ),
    work: job.work,
    get signal() {
      if (!isStoppable) {
        isStoppable = true;
        // Ctrl-C on a terminal reaches this process too.
        for (const signal of ["SIGINT", "SIGTERM"] as const) {
          Deno.addSignalListener(signal, () => stop.abort());
        }
        send({ type: "stoppable" });
      }
      return stop.signal;
    },
    log: (line: string) => send({ type: "log", line }),
    progress: (progress: { done: number; total: number; unit: string }) => {
      const now = performance.now();
      if (
        now - shown < PROGRESS_MILLISECONDS && progress.done < progress.total
      ) return;
      shown = now;
      send({ type: "progress", progress });
    },
  };
  return context as unknown as Context & Json;
}

function describe(
  error: unknown,
): { name: string; message: string; stack: string } {
  return error instanceof Error
    ? { name: error.name, message: error.message, stack: error.stack ?? "" }
    : { name: "Error", message: String(error), stack: "" };
}
