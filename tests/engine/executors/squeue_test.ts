/** What `squeue --json` says, as jobs: of Slurm 24.11, and with the bare numbers of versions before 23; and what `sacct` does. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { isFailure } from "../../../engine/files/failure.ts";
import { readJobs, readRecorded } from "../../../engine/executors/squeue.ts";

const set = (number: number) => ({ set: true, infinite: false, number });
const NONE = { set: false, infinite: false, number: 0 };

function idsOf(record: Readonly<Record<string, unknown>>): readonly string[] {
  const job = { job_id: 14, name: "count@1", job_state: ["PENDING"] };
  const text = JSON.stringify({ jobs: [{ ...job, ...record }] });
  return readJobs(text).map(({ id }) => id);
}

Deno.test("a record of squeue is a job, a task, or the tasks that wait", () => {
  const single = { array_job_id: set(0), array_task_id: NONE };
  assertEquals(idsOf({ ...single, array_task_string: "" }), ["14"]);
  assertEquals(idsOf({ array_job_id: 0, array_task_id: null }), ["14"]);
  assertEquals(idsOf({}), ["14"]);
  const task = { array_job_id: set(12), array_task_string: "" };
  assertEquals(idsOf({ ...task, array_task_id: set(0) }), ["12_0"]);
  assertEquals(idsOf({ array_job_id: 12, array_task_id: 3 }), ["12_3"]);
  const waiting = { array_job_id: set(12), array_task_id: NONE };
  for (
    const [text, tasks] of [
      ["3", [3]],
      ["0,3-5", [0, 3, 4, 5]],
      ["3-5%1", [3, 4, 5]],
      ["0-9:4", [0, 4, 8]],
      ["1,0-8:4%2", [1, 0, 4, 8]],
    ] as const
  ) {
    assertEquals(
      idsOf({ ...waiting, array_task_string: text }),
      tasks.map((task) => `12_${task}`),
    );
  }
});

Deno.test("an answer of another form is a failure of Slurm that shows it, so that what has no need of the queue goes on", () => {
  for (
    const [text, part] of [
      [
        "squeue: warning: cache is stale\n",
        '"squeue: warning: cache is stale"',
      ],
      ['{"jobs":[{"job_id":"x"}]}\n', '"jobs.0.job_id"'],
      ["", 'begins with ""'],
    ]
  ) {
    const error = assertThrows(() => readJobs(text), Error, part);
    assert(isFailure(error), error.message);
  }
});

/** As Slurm 24.11 wrote it with slurmdbd: of arrays with tasks of each end, one of which was cancelled before any began. */
const RECORDED = `2|COMPLETED
1_0|COMPLETED
1_1|FAILED
1_2|CANCELLED by 0
1_3|RUNNING
8_[0-4]|CANCELLED by 0
9_0|PENDING
11_0|TIMEOUT
`;

Deno.test("sacct has a word for each job and each task that began", () => {
  assertEquals(Object.fromEntries(readRecorded(RECORDED)), {
    "2": "COMPLETED",
    "1_0": "COMPLETED",
    "1_1": "FAILED",
    "1_2": "CANCELLED",
    "1_3": "RUNNING",
    "9_0": "PENDING",
    "11_0": "TIMEOUT",
  });
  assertEquals(readRecorded("").size, 0);
});

Deno.test("why a job waits is empty where Slurm has no reason, and a held one says how it is released", () => {
  const reasonOf = (state_reason: string) =>
    readJobs(JSON.stringify({
      jobs: [{ job_id: 14, name: "a@1", job_state: ["PENDING"], state_reason }],
    })).map(({ state, reason }) => [state, reason]);
  assertEquals(reasonOf("None"), [["queued", ""]]);
  assertEquals(reasonOf("Dependency"), [["queued", "Dependency"]]);
  assertEquals(reasonOf("JobHeldUser"), [[
    "held",
    'JobHeldUser; submit again, or release it by "scontrol release 14"',
  ]]);
});

Deno.test("the jobs that a job waits for are those of its dependency that have not ended", () => {
  const needsOf = (dependency: unknown) =>
    readJobs(JSON.stringify({
      jobs: [{ job_id: 14, name: "a@1", job_state: ["PENDING"], dependency }],
    })).map(({ needs }) => needs);
  assertEquals(needsOf("afterok:2_0(unfulfilled),afterok:11(unfulfilled)"), [
    ["2_0", "11"],
  ]);
  assertEquals(needsOf("afterok:5(failed)"), [[]]);
  assertEquals(needsOf(null), [[]]);
});
