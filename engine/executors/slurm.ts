/** Hands nodes to Slurm: each is a job, and its machine brings it up to date by another executor. */
import { inputError } from "../../base/input_error.ts";
import { quoted } from "../../base/shell_word.ts";
import type { SbatchOptions } from "../../schemas/experiment/slurm.ts";
import { failure } from "../files/failure.ts";
import type { Resources } from "../graph/stage.ts";
import type { Queue, QueuedJob, Submission } from "./executor.ts";
import { failureOf } from "./slurm_ends.ts";
import { readJobs, readRecorded } from "./squeue.ts";

/** Without a controller, Slurm's commands wait for minutes. */
const SECONDS = 15;

/** Of one question: Linux refuses arguments of more than 128 kB. */
const NAMES = 400;

/** How long before its time limit a job is told to save a checkpoint, in seconds. */
const NOTICE_SECONDS = 90;

export const slurm: Queue = {
  check: checkSlurm,
  optionsOf: resourceOptions,
  largestArray: async () => {
    const { out } = await ask("scontrol", ["show", "config"]);
    return Number(/^MaxArraySize\s*=\s*(\d+)/m.exec(out)?.[1] ?? 1);
  },
  submit: async (submission) => {
    const { name, output, folder, needs, tasks, options } = submission;
    const own: SbatchOptions = {
      ...{ parsable: true, requeue: true, "open-mode": "append" },
      ...{ "job-name": name, output, chdir: folder },
      "kill-on-invalid-dep": "yes",
      ...needs.length === 0 ? {} : { dependency: `afterok:${needs.join(":")}` },
      ...tasks === 1 ? {} : { array: `0-${tasks - 1}` },
      signal: `B:TERM@${NOTICE_SECONDS}`,
    };
    const { out } = await ask(
      "sbatch",
      flags({ ...own, ...options }),
      scriptOf(submission),
    );
    // Of several clusters, "12;name".
    const [id] = out.trim().split(";");
    if (/^\d+$/.test(id)) {
      return tasks === 1
        ? [id]
        : Array.from({ length: tasks }, (_, i) => `${id}_${i}`);
    }
    throw failure(
      `Cannot use Slurm: sbatch submitted nothing, and says "${
        lastLine(out)
      }"; see the options of --slurm.`,
    );
  },
  jobs: async (names) => {
    const jobs: QueuedJob[] = [];
    for (let from = 0; from < names.length; from += NAMES) {
      const args = [
        ...["--json", "--states=all"],
        `--name=${names.slice(from, from + NAMES).join(",")}`,
      ];
      const first = await run("squeue", args);
      // In a job that has to leave, the signal reaches this process too.
      const { out } = first.isKilled
        ? await ask("squeue", args)
        : answered("squeue", first);
      jobs.push(...readJobs(out));
    }
    return jobs;
  },
  cancel: async (ids) => {
    if (ids.length === 0) return [];
    // Of a task that is cancelled while it waits Slurm keeps no record, and takes what needs it for ready, but not of a held one.
    const tasks = ids.filter((id) => id.includes("_"));
    if (tasks.length > 0) await run("scontrol", ["hold", ...tasks]);
    if (!await isDenied(ids)) return [];
    // It has cancelled the others; one by one it says which it has not.
    const kept: string[] = [];
    for (const id of ids) if (await isDenied([id])) kept.push(id);
    return kept;
  },
  requeue: async (id) => {
    await ask("scontrol", ["requeue", id]);
  },
  recorded: async (ids) => {
    if (ids.length === 0) return new Map();
    const { out } = await run("sacct", [
      ...["--noheader", "--parsable2", "--allocations"],
      ...["--format=JobID,State", `--jobs=${ids.join(",")}`],
    ]);
    return readRecorded(out);
  },
  failureOf,
};

/** Whether a job of another user is among some that were to be cancelled. */
async function isDenied(ids: readonly string[]): Promise<boolean> {
  const ran = await run("scancel", ids);
  if (/\bdenied\b/i.test(ran.err)) return true;
  answered("scancel", ran);
  return false;
}

/** "all" cores are those of a machine. */
function resourceOptions(
  { cores = "all", memoryBytes, gpus, seconds }: Resources,
  given: SbatchOptions,
): SbatchOptions {
  const own: SbatchOptions = {
    ...cores === "all"
      ? "cpus-per-task" in given ? {} : { exclusive: true }
      : { "cpus-per-task": cores },
    ...memoryBytes === undefined
      ? {}
      : { mem: `${Math.ceil(memoryBytes / 2 ** 20)}M` },
    ...gpus === undefined || gpus === 0 ? {} : { gpus },
    ...seconds === undefined ? {} : { time: Math.ceil(seconds / 60) },
  };
  return { ...own, ...given };
}

/** The shell becomes the job's process, so that it gets the signals. */
function scriptOf({ command, input, tasks }: Submission): string {
  const id = tasks === 1
    ? "$SLURM_JOB_ID"
    : "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID";
  return `#!/bin/sh
exec ${command.map(quoted).join(" ")} "${id}" <<'END'
${input}
END
`;
}

function flags(options: SbatchOptions): string[] {
  return Object.entries(options).map(([name, value]) =>
    value === true ? `--${name}` : `--${name}=${value}`
  );
}

async function checkSlurm(): Promise<void> {
  const { out, err, success } = await run("scontrol", ["ping"]);
  if (success && /\bUP\b/.test(out)) return;
  const reason = lastLine(err || out) || "it does not answer";
  throw inputError(
    `Cannot use Slurm: ${reason}; run this where "scontrol ping" finds the controller, or with another --executor.`,
  );
}

interface Ran {
  readonly success: boolean;
  /** Whether somebody has ended it. */
  readonly isKilled?: boolean;
  readonly out: string;
  readonly err: string;
}

/** @throws a failure with Slurm's own words */
async function ask(
  program: string,
  args: readonly string[],
  input?: string,
): Promise<Ran> {
  return answered(program, await run(program, args, input));
}

function answered(program: string, ran: Ran): Ran {
  if (ran.success) return ran;
  throw failure(
    `Cannot use Slurm: ${program} says "${
      complaint(ran.err)
    }"; mend that and run again, nothing that was submitted is lost.`,
  );
}

/** What a command complains of; an advice to read its help may follow. */
function complaint(text: string): string {
  return lastLine(
    text.split("\n").filter((line) => !line.startsWith("Try ")).join("\n"),
  );
}

/** The last line of what a command says, without its name and the end of the sentence. */
function lastLine(text: string): string {
  return (text.trim().split("\n").at(-1) ?? "")
    .replace(/^[\w./-]+: ((error|fatal): )?/, "").replace(/\.$/, "");
}

async function run(
  program: string,
  args: readonly string[],
  input = "",
): Promise<Ran> {
  const timeout = AbortSignal.timeout(SECONDS * 1000);
  try {
    const child = new Deno.Command(program, {
      args: [...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      signal: timeout,
      // Else squeue cuts the indices of waiting tasks.
      env: { SLURM_BITSTR_LEN: "0" },
    }).spawn();
    const [, { success, signal, stdout, stderr }] = await Promise.all([
      new Blob([input]).stream().pipeTo(child.stdin).catch(() => {}),
      child.output(),
    ]);
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return timeout.aborted
      ? { success: false, out: "", err: `no answer within ${SECONDS} s` }
      : {
        ...{ success, isKilled: signal !== null },
        ...{ out: text(stdout), err: text(stderr) },
      };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { success: false, out: "", err: `"${program}" is not installed` };
  }
}
