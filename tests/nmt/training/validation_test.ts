/** Validation scores: BLEU is that of greedy translations, and decides before the likelihood. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { isInputError } from "../../../base/input_error.ts";
import { createTranslator } from "../../../nmt/decoding/beam_search.ts";
import { scoreLines } from "../../../nmt/metrics/score.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { packSide } from "../../../nmt/text/subwords/tokens.ts";
import { bestSteps, isPatienceOver } from "../../../nmt/training/selection.ts";
import { validator } from "../../../nmt/training/validation.ts";
import { Training } from "../../../schemas/experiment/model.ts";
import { VOCABULARY } from "../fixtures/model.ts";
import { randomModel, randomSources } from "../fixtures/plain_search.ts";
import { WORDS } from "../fixtures/reversal.ts";

const saved = randomModel(VOCABULARY, 3);
const sources = randomSources(VOCABULARY, 30, 8, 1);

Deno.test("validation BLEU is that of greedy translations, of all pairs or of some evenly spaced, and left out where not asked for", async () => {
  const runtime = await loadRuntime();
  const translator = await createTranslator(runtime, saved, { threads: 1 });
  const said = await translator.translate(sources, {
    ...{ beam: 1, lengthPenalty: 1 },
  });
  await translator.dispose();
  // What the model says, but for every third sentence.
  const targets = said.map(({ ids }, i) => i % 3 === 0 ? sources[i] : ids);
  const scored = (count: number) => {
    const text = (all: readonly Int32Array[]) =>
      Array.from(
        { length: count },
        (_, i) => all[Math.floor(i * all.length / count)].join(" "),
      );
    return scoreLines({
      ...{ metrics: ["bleu"], tokenize: "none", lowercase: false },
      hypotheses: text(said.map(({ ids }) => ids)),
      references: [text(targets)],
    }).bleu.score;
  };
  const validated = async (training: Partial<Training>) => {
    const { model, vocabulary, weights } = saved;
    const validate = await validator({
      ...{ runtime, threads: 1, scoring: WORDS },
      task: { model, vocabulary, training: Training.parse(training) },
      validation: {
        source: packSide(sources),
        target: packSide(targets),
        pairs: sources.length,
      },
    });
    return await validate(weights);
  };
  const all = await validated({});
  assert(scored(30) > 1 && scored(30) < 99 && scored(7) !== scored(30));
  assertAlmostEquals(all.bleu ?? NaN, scored(30), 1e-9);
  const few = await validated({ bleuSentences: 7 });
  assertAlmostEquals(few.bleu ?? NaN, scored(7), 1e-9);
  assertEquals(few.nll, all.nll);
  assertEquals(await validated({ selection: "nll" }), { nll: all.nll });
});

Deno.test("weights whose likelihood is no number are said to have diverged, with the setting that counts", async () => {
  const runtime = await loadRuntime();
  const { model, vocabulary, weights } = saved;
  const broken = { ...weights };
  const [name] = Object.keys(weights);
  broken[name] = weights[name].map(() => NaN);
  const validated = async (training: Partial<Training>) => {
    const validate = await validator({
      ...{ runtime, threads: 1, scoring: WORDS },
      task: {
        ...{ model, vocabulary },
        training: Training.parse({ selection: "nll", ...training }),
      },
      validation: {
        ...{ source: packSide(sources), target: packSide(sources) },
        pairs: sources.length,
      },
    });
    await validate(broken);
  };
  const told = async (training: Partial<Training>) => {
    const error = await assertRejects(() => validated(training), Error);
    assert(isInputError(error));
    return error.message;
  };
  assertStringIncludes(await told({}), 'lower "training.factor"');
  assertMatch(
    await told({ rate: 1e-3 }),
    /diverged at a validation.*lower "training\.rate"/,
  );
});

const validations = (scores: readonly (readonly [number, number?])[]) =>
  scores.map(([nll, bleu], i) => ({
    step: 10 * (i + 1),
    trainingLoss: 1,
    ...{ nll, ...bleu === undefined ? {} : { bleu } },
  }));

Deno.test("the best are those of highest BLEU, of equal ones the likelier, then the earlier", () => {
  const scores = validations([[1, 20], [3, 22], [2, 21], [1.5, 21], [1.5, 21]]);
  assertEquals(bestSteps(scores, 4), [20, 40, 50, 30]);
  assertEquals(bestSteps(validations([[3], [1], [2]]), 2), [20, 30]);
});

Deno.test("patience counts the validations since the best, and a likelier one at equal BLEU is better", () => {
  const untrained = validations([[5, 0], [4, 0], [3, 0]]);
  assert(!isPatienceOver(untrained, 1));
  const worse = validations([[5, 10], [4, 12], [3, 11], [2, 11.9]]);
  assertEquals([1, 2, 3].map((patience) => isPatienceOver(worse, patience)), [
    true,
    true,
    false,
  ]);
  assert(!isPatienceOver(worse));
  assert(!isPatienceOver([], 1));
});
