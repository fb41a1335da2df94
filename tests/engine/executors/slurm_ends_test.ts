/** How jobs of Slurm ended, in words: by the lines of its daemon and by its word for their state. */
import { assertEquals, assertMatch } from "@std/assert";
import { failureOf } from "../../../engine/executors/slurm_ends.ts";

const BEGUN = "Job begins: total:all, job 7 on n1\n";
const AGAIN = "submit again, it goes on from its last checkpoint";

/** Lines as slurmstepd 24.11 adds them to a job's output. */
const ADDED = [
  [
    "slurmstepd-n1: error: *** JOB 7 ON n1 CANCELLED AT 2026-11-30T04:00:00 DUE TO TIME LIMIT ***",
    `job 7 reached its time limit; ask for more, such as --slurm time=8:00:00, and ${AGAIN}`,
  ],
  [
    "slurmstepd: error: *** JOB 7 ON n1 CANCELLED AT 2026-11-30T04:00:00 DUE TO NODE FAILURE, SEE SLURMCTLD LOG FOR DETAILS ***",
    `job 7 was lost with its machine; ${AGAIN}`,
  ],
  [
    "slurmstepd: error: *** JOB 7 ON n1 CANCELLED AT 2026-11-30T04:00:00 DUE TO PREEMPTION ***",
    `job 7 had to make way for another one; ${AGAIN}`,
  ],
  [
    "slurmstepd: error: Detected 1 oom_kill event in StepId=7.batch. Some of the step tasks have been OOM Killed.",
    `job 7 ran out of memory; ask for more, such as --slurm mem=16G, and ${AGAIN}`,
  ],
] as const;

for (const [line, sentence] of ADDED) {
  Deno.test(`"${sentence.split(";")[0]}" is what a line of the daemon says, whatever the state`, () => {
    for (const word of ["", "FAILED", "CANCELLED"]) {
      for (const isStopped of [false, true]) {
        const printed = `${BEGUN}${line}\n`;
        assertEquals(
          failureOf({ id: "7", word, printed, isStopped }),
          sentence,
        );
      }
    }
  });
}

Deno.test("where the daemon could not say it, the state does", () => {
  const words = {
    ...{ TIMEOUT: /time limit/, DEADLINE: /time limit/ },
    ...{ NODE_FAIL: /lost with its machine/, PREEMPTED: /make way/ },
    ...{ OUT_OF_MEMORY: /out of memory/, CANCELLED: /was cancelled/ },
  };
  for (const [word, sentence] of Object.entries(words)) {
    const job = { id: "7_1", word, printed: BEGUN, isStopped: false };
    const told = failureOf(job) ?? "";
    assertMatch(told, /^job 7_1 .*submit again/);
    assertMatch(told, sentence);
  }
});

Deno.test("a job's own last line is told where nothing else is known, and one that was taken out before it began has not failed", () => {
  const failed = { id: "7", word: "FAILED", isStopped: false };
  assertEquals(
    failureOf({ ...failed, printed: `${BEGUN}It broke.\n` }),
    "job 7 failed: It broke",
  );
  assertEquals(
    failureOf({ ...failed, printed: "" }),
    `job 7 failed: its process ended without a word (FAILED); ${AGAIN}`,
  );
  for (const word of ["CANCELLED", "COMPLETED"]) {
    assertEquals(failureOf({ ...failed, word, printed: "" }), undefined);
  }
});

Deno.test("a job that a user has stopped has not failed, whatever the queue calls its end", () => {
  for (const word of ["", "silent", "CANCELLED", "FAILED", "COMPLETED"]) {
    const job = { id: "7", word, printed: BEGUN, isStopped: true };
    assertEquals(failureOf(job), undefined);
  }
});
