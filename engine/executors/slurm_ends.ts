/** How jobs of Slurm end, in words: by what its daemon adds to their outputs, and by its own word for their state. */
import type { EndedJob } from "./executor.ts";

/** What Slurm's daemon adds to a job's output. */
const DAEMON = /^slurmstepd/;

const AGAIN = "submit again, it goes on from its last checkpoint";
const TIME =
  "reached its time limit; ask for more, such as --slurm time=8:00:00, and";
const LOST = "was lost with its machine;";

/** Ends that Slurm has decided, by its words, also of a job that could save a checkpoint before. */
const DECIDED: Readonly<Record<string, string>> = {
  OUT_OF_MEMORY:
    "ran out of memory; ask for more, such as --slurm mem=16G, and",
  TIMEOUT: TIME,
  DEADLINE: TIME,
  NODE_FAIL: LOST,
  BOOT_FAIL: LOST,
  PREEMPTED: "had to make way for another one;",
};

/** Why a job failed, and the way out; undefined where it did not fail. */
export function failureOf(
  { id, word: state, printed, isStopped }: EndedJob,
): string | undefined {
  const lines = printed.trim().split("\n");
  const word = wordOf(lines.filter((line) => DAEMON.test(line)).join("\n")) ??
    state;
  const decided = DECIDED[word];
  if (decided !== undefined) return `job ${id} ${decided} ${AGAIN}`;
  if (isStopped || word === "COMPLETED") return undefined;
  if (word === "CANCELLED") {
    // Before it began: with a job that it needed, or by a user.
    return printed === "" ? undefined : `job ${id} was cancelled; ${AGAIN}`;
  }
  const last = lines.findLast((line) => !DAEMON.test(line)) ?? "";
  const said = word === "" ? "" : ` (${word})`;
  return `job ${id} failed: ${
    last.replace(/\.$/, "") ||
    `its process ended without a word${said}; ${AGAIN}`
  }`;
}

/** Slurm's word for how a job ended, from what its daemon says. */
function wordOf(text: string): string | undefined {
  const words: readonly (readonly [RegExp, string])[] = [
    [/oom.?kill|out of memory|memory limit/i, "OUT_OF_MEMORY"],
    [/DUE TO TIME LIMIT/, "TIMEOUT"],
    [/DUE TO NODE FAILURE/, "NODE_FAIL"],
    [/DUE TO PREEMPTION/, "PREEMPTED"],
  ];
  return words.find(([form]) => form.test(text))?.[1];
}
