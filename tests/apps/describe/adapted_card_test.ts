/** Model cards of a run whose teacher is tuned, then joined with the model before, and pruned for its students. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { type Outcome, pipeline } from "../../fixtures/command.ts";
import { makeRun, temporary } from "../../fixtures/made_run.ts";

const start = { encoder: [1, 2, 3, 4, 5, 6], decoder: [1, 2] };

/** The made-up run, and what describes one of its nodes. */
function madeRun() {
  const folder = temporary();
  const records = makeRun(folder.path, {
    experiment: "adapted-pt-en",
    set: [
      `students.no-kd=${JSON.stringify({ start })}`,
      // Students learn of the training pairs alone.
      'corpus.monolingual.learners=["teacher"]',
    ],
  });
  return {
    records,
    cardOf: (node: string): Promise<Outcome> =>
      pipeline(
        ...["describe", node, "--format", "model-card"],
        ...["--experiment", "adapted-pt-en", "--artifacts", folder.path],
      ),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

Deno.test("the scores of an interpolated teacher are on its own card, and its tuned weights have none", async () => {
  using run = madeRun();
  const tuned = await run.cardOf("teacher");
  assertEquals([tuned.code, tuned.out], [2, ""]);
  assertMatch(
    tuned.err,
    /^Cannot write a model card of "teacher": it is tuned on the way to interpolate:teacher[^\n]*name interpolate:teacher\.\n$/m,
  );
  const { code, out, err } = await run.cardOf("interpolate:teacher");
  assertEquals(code, 0, err);
  assertMatch(out, /^# teacher: pt to en$/m);
  assertMatch(out, /^\| teacher +\|.* 40\.0 /m);
});

Deno.test("the card of a student that begins as its pruned teacher says so, and traces all models above it", async () => {
  using run = madeRun();
  const { code, out, err } = await run.cardOf("student:rkd");
  assertEquals(code, 0, err);
  assertStringIncludes(out, "Distilled from `interpolate:teacher`");
  assertStringIncludes(
    out.replaceAll("\n", " "),
    "were pruned: of the 1,536 neurons of each feed-forward block, it has the 576 that matter most.",
  );
  for (
    const node of [
      "import:imported",
      "extend",
      "teacher",
      "interpolate:teacher",
      "trim",
      "prune:576",
    ]
  ) {
    const { model } = run.records.get(node)?.outputs ?? {};
    assertStringIncludes(out, `\`${model.sha256}\``, node);
  }
});

Deno.test("a student of the references that begins as layers of its teacher is not said to have none", async () => {
  using run = madeRun();
  const { code, out, err } = await run.cardOf("student:no-kd");
  assertEquals(code, 0, err);
  assert(!out.includes("without a teacher"));
  assertStringIncludes(out, "by its layers to start as");
});
