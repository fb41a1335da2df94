/** The comparison of reports: its model of a person, and that its committed figures are of the tasks that it has. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { tally } from "../../bench/report_tasks/keystrokes.ts";
import { leetAnswers } from "../../bench/report_tasks/leet.ts";
import { mlflowAnswers } from "../../bench/report_tasks/mlflow.ts";
import { OURS } from "../../bench/report_tasks/ours.ts";
import { committedTasks, tasksTable } from "../../bench/report_tasks/table.ts";
import { TASKS } from "../../bench/report_tasks/tasks.ts";
import { tensorboardAnswers } from "../../bench/report_tasks/tensorboard.ts";
import { bench } from "./bench.ts";

const TOOLS = {
  report: OURS,
  MLflow: mlflowAnswers("rkd@1", "rkd@1"),
  TensorBoard: tensorboardAnswers("rkd@1"),
  LEET: leetAnswers(["rkd@1"]),
};

Deno.test("a person's seconds are those of the Keystroke-Level Model", () => {
  const hands = tally();
  hands.click();
  // M, P, B, B, and M for the answer.
  assertAlmostEquals(hands.effort().seconds, 1.35 + 1.1 + 0.2 + 1.35);
  hands.keys(3);
  hands.click();
  // H M K K K, H M P B B.
  assertAlmostEquals(
    hands.effort().seconds,
    4 + 0.4 + 1.35 + 3 * 0.28 + 0.4 + 2.65,
  );
  const { clicks, keys, turns } = hands.effort();
  assertEquals({ clicks, keys, turns }, { clicks: 2, keys: 3, turns: 0 });
});

Deno.test("committed figures are of the tools and tasks that the bench has, and say no where a tool cannot answer", () => {
  const { tools } = committedTasks();
  assertEquals(tools.map(({ name }) => name), Object.keys(TOOLS));
  for (const [i, answers] of Object.values(TOOLS).entries()) {
    const { tasks } = tools[i];
    assertEquals(Object.keys(tasks), [...TASKS]);
    for (const task of TASKS) {
      const answer = answers[task], attempt = tasks[task];
      if ("no" in answer) assertEquals(attempt, { no: answer.no });
      else {
        assert(!("no" in attempt), `${tools[i].name}: ${task}`);
        assertEquals(attempt.lacks, answer.lacks);
        assert(attempt.machineSeconds > 0);
        const { clicks, hovers, keys, turns } = attempt;
        const isTerminal = tools[i].name === "LEET";
        const hands = tally(isTerminal ? "keyboard" : "mouse");
        for (let n = 0; n < clicks; n++) hands.click();
        for (let n = 0; n < hovers; n++) hands.hover();
        // A key is a command of a terminal, and a letter of a page.
        if (isTerminal) { for (let n = 0; n < keys; n++) hands.keys(1); }
        else if (keys > 0) hands.keys(keys);
        for (let n = 0; n < turns; n++) hands.turn();
        assertAlmostEquals(attempt.personSeconds, hands.effort().seconds, 0.01);
      }
    }
  }
});

Deno.test("no tool answers with fewer clicks than the report, by the committed figures", () => {
  const [report, ...peers] = committedTasks().tools;
  for (const task of TASKS) {
    const own = report.tasks[task];
    assert(!("no" in own), task);
    for (const { name, tasks: { [task]: attempt } } of peers) {
      if ("no" in attempt) continue;
      assert(own.clicks <= attempt.clicks, `${task}: ${name}`);
    }
  }
});

Deno.test("the table has the clicks, both seconds and what an answer lacks", () => {
  const committed = committedTasks();
  const rows = tasksTable(committed).split("\n");
  const [best] = TASKS;
  const row = rows.find((row) => row.includes(best)) ?? "";
  const cells = row.split("|").slice(2, -1).map((cell) => cell.trim());
  const expected = committed.tools.map(({ tasks: { [best]: attempt } }) => {
    assert(!("no" in attempt));
    const { clicks, keys, machineSeconds, personSeconds, lacks } = attempt;
    const hands = clicks + keys === 0
      ? "nothing"
      : `${clicks || keys} ${keys === 0 ? "click" : "key"}s?`;
    return new RegExp(
      `^${hands}, ${machineSeconds.toFixed(1)} \\+ ${
        personSeconds.toFixed(1)
      } s${lacks === undefined ? "" : `; ${lacks}`}$`,
    );
  });
  for (const [i, pattern] of expected.entries()) {
    assert(pattern.test(cells[i]), `${cells[i]} is not ${pattern}`);
  }
});

Deno.test("without the trackers, the bench of reports says in one sentence how to get them", async () => {
  const { code, out, err } = await bench(["report"], {
    CKD_BENCH_TRACKERS: "/nowhere",
  });
  assertEquals({ code, out }, { code: 2, out: "" });
  assertEquals(
    err.trim(),
    'Cannot compare reports: expected MLflow, TensorBoard and W&B in "/nowhere", found none; run "bench/report_tasks/setup", or name their folder by CKD_BENCH_TRACKERS.',
  );
});
