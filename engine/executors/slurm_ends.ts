/** How jobs of Slurm end, in words: by what its daemon adds to their outputs, and by its own word for their state. */
import type { EndedJob } from "./executor.ts";

/** What Slurm's daemon adds to a job's output. */
const DAEMON = /^slurmstepd/;

const AGAIN = "submit again, it goes on from its last checkpoint";

/** Why a job failed, and the way out; undefined where it did not fail. */
export function failureOf(
  { id, word, printed }: EndedJob,
): string | undefined {
  const lines = printed.trim().split("\n");
  const told = wordOf(lines.filter((line) => DAEMON.test(line)).join("\n"));
  // Before it began: with a job that it needed, or by a user.
  if (told === undefined && word === "CANCELLED" && printed === "") {
    return undefined;
  }
  const last = lines.findLast((line) => !DAEMON.test(line)) ?? "";
  return sentence(id, told ?? word, last);
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

/** `line` is the last one that the job itself has printed. */
function sentence(id: string, word: string, line: string): string | undefined {
  switch (word) {
    case "COMPLETED":
      return undefined;
    case "OUT_OF_MEMORY":
      return `job ${id} ran out of memory; ask for more, such as --slurm mem=16G, and ${AGAIN}`;
    case "TIMEOUT":
    case "DEADLINE":
      return `job ${id} reached its time limit; ask for more, such as --slurm time=8:00:00, and ${AGAIN}`;
    case "NODE_FAIL":
    case "BOOT_FAIL":
      return `job ${id} was lost with its machine; ${AGAIN}`;
    case "PREEMPTED":
      return `job ${id} had to make way for another one; ${AGAIN}`;
    case "CANCELLED":
      return `job ${id} was cancelled; ${AGAIN}`;
    default:
      return `job ${id} failed: ${
        line.replace(/\.$/, "") ||
        `its process ended without a word${
          word === "" ? "" : ` (${word})`
        }; ${AGAIN}`
      }`;
  }
}
