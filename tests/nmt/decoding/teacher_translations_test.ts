/** Teacher targets: their scores, what is left out, resumption after an interruption, and the output of the stage. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { saveModel } from "../../../nmt/transformer/checkpoint.ts";
import {
  createTranslator,
  type Hypothesis,
  type Translator,
} from "../../../nmt/decoding/beam_search.ts";
import {
  translateTokens,
  type TranslationLimits,
  type Translations,
} from "../../../nmt/decoding/teacher_translations.ts";
import translations from "../../../stages/translations.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import {
  readSafetensors,
  writeSafetensors,
} from "../../../nmt/tensor/safetensors.ts";
import { sentenceId } from "../../../nmt/text/subwords/sentence_ids.ts";
import {
  packer,
  packSide,
  readTokens,
  sentence,
  sentenceIdsOf,
  type Tokens,
  writeTokens,
} from "../../../nmt/text/subwords/tokens.ts";
import { plainBeam, randomSources, scorer } from "../fixtures/plain_search.ts";
import { refusal } from "../fixtures/refusal.ts";
import { stageContext } from "../fixtures/stage_context.ts";
import { endingModel, VOCABULARY } from "../fixtures/translating.ts";

/** Sentences that are kept together once they are translated. */
const PIECE = 2048;
const OPTIONS = { beam: 2, lengthPenalty: 1 };
const LIMITS = { maximumLength: 12, minimumScore: -1.3 };

const saved = endingModel();
const runtime = await loadRuntime();
const translator = await createTranslator(runtime, saved, { threads: 1 });

/** Sources with the ids of texts, as tokenize writes them. */
function sourcesOf(sentences: readonly Int32Array[]): Tokens {
  const { add, side } = packer();
  sentences.forEach((ids, i) => add(ids, sentenceId(`text ${i}`)));
  return {
    source: side(),
    target: packSide(sentences.map(() => new Int32Array(0))),
    pairs: sentences.length,
  };
}

const sources = randomSources(VOCABULARY, 1.5 * PIECE, 4, 7);
/** A text of a piece and a half. */
const tokens = sourcesOf(sources);

const translate = (
  folder: string,
  limits: TranslationLimits = LIMITS,
  report: (sentences: number) => void = () => {},
  by: Translator = translator,
): Promise<Translations> =>
  translateTokens({
    translator: by,
    tokens,
    options: OPTIONS,
    limits,
    folder,
    report,
  });

const root = Deno.makeTempDirSync({ prefix: "translations-" });
globalThis.addEventListener(
  "unload",
  () => Deno.removeSync(root, { recursive: true }),
);
const temporary = () => Deno.makeTempDirSync({ dir: root });

const reported: number[] = [];
const wholeFolder = temporary();
const whole = await translate(
  wholeFolder,
  LIMITS,
  (sentences) => reported.push(sentences),
);

/** What the translator finds for each source, asked as it is for the pieces. */
const found: Hypothesis[] = [
  ...await translator.translate(sources.slice(0, PIECE), OPTIONS),
  ...await translator.translate(sources.slice(PIECE), OPTIONS),
];

const mean = ({ ids, score }: Hypothesis) => score / (ids.length + 1);

Deno.test("a translation is kept that has words and an end, is not too long and not below the score; the others are counted", () => {
  const expected = { empty: 0, unfinished: 0, tooLong: 0, belowScore: 0 };
  const kept: number[] = [];
  found.forEach((hypothesis, i) => {
    const { length } = hypothesis.ids;
    if (length === 0) expected.empty++;
    else if (length === 2 * sources[i].length + 20) expected.unfinished++;
    else if (length > LIMITS.maximumLength) expected.tooLong++;
    else if (mean(hypothesis) < LIMITS.minimumScore) expected.belowScore++;
    else kept.push(i);
  });
  assert(Object.values(expected).every((count) => count > 10), `${expected}`);
  assertEquals(whole.dropped, expected);
  assertEquals(whole.translated, sources.length);
  assertEquals(whole.tokens.pairs, kept.length);
  kept.forEach((i, pair) => {
    assertEquals(sentence(whole.tokens.source, pair), sources[i]);
    assertEquals(sentence(whole.tokens.target, pair), found[i].ids);
    assertEquals(
      sentenceIdsOf(whole.tokens.source, pair, pair + 1),
      sentenceId(`text ${i}`),
    );
  });
  assertAlmostEquals(
    whole.meanScore,
    kept.reduce((sum, i) => sum + mean(found[i]), 0) / kept.length,
    1e-6,
  );
});

Deno.test("of masked placeholders, a translation is kept that has those of its source as often, in any order", async () => {
  const reserved = { languages: ["pt", "tr"], placeholders: 3, casing: false };
  const symbols = (ids: Int32Array) =>
    [...ids].filter((id) => id >= 5 && id < 8).sort().join();
  const ended = found.flatMap(({ ids }, i) =>
    ids.length > 0 && ids.length < 2 * sources[i].length + 20 ? [i] : []
  );
  const same = ended.filter((i) =>
    symbols(found[i].ids) === symbols(sources[i])
  );
  const { tokens: kept, dropped } = await translateTokens({
    ...{ translator, tokens, reserved, options: OPTIONS, limits: {} },
    folder: wholeFolder,
    report: () => {},
  });
  assert(same.length > 10 && same.length < ended.length - 10);
  assertEquals(kept.pairs, same.length);
  assertEquals(dropped, {
    ...dropped,
    placeholdersDiffer: ended.length - same.length,
  });
  same.forEach((i, pair) =>
    assertEquals(sentence(kept.target, pair), found[i].ids)
  );
});

Deno.test("each target is what a beam search by its definition finds, and so is its score", async () => {
  const plain = await scorer(runtime, saved);
  const pairs = [0, 1, 100, whole.tokens.pairs - 1];
  for (const pair of pairs) {
    const source = sentence(whole.tokens.source, pair);
    const { ids, score } = await plainBeam(plain, source, {
      vocabulary: VOCABULARY,
      ...OPTIONS,
      maximumLength: 2 * source.length + 20,
    });
    assertEquals([...sentence(whole.tokens.target, pair)], ids);
    const i = sources.findIndex((each) => each.join() === source.join());
    assertAlmostEquals(mean(found[i]), score / (ids.length + 1), 1e-4);
  }
});

Deno.test("a model that ends no sentence of its own has no translations", async () => {
  const endless = endingModel(-100);
  const by = await createTranslator(runtime, endless, { threads: 1 });
  assertEquals(
    await refusal(() => translate(temporary(), {}, undefined, by)),
    "Cannot use the teacher's translations: of 3072 none is left, as 3072 have no end; " +
      "train the teacher longer or give other text.",
  );
  await by.dispose();
});

Deno.test("a threshold that leaves nothing is an input error, and another one needs no new translation", async () => {
  const never: Translator = {
    ...translator,
    translate: () => Promise.reject(new Error("translated again")),
  };
  assertStringIncludes(
    await refusal(() =>
      translate(wholeFolder, { minimumScore: 0 }, undefined, never)
    ),
    'have a score below 0; lower "corpus.monolingual.minimumScore".',
  );
  const all = await translate(wholeFolder, {}, undefined, never);
  const { empty, unfinished } = whole.dropped;
  assertEquals(all.tokens.pairs, tokens.pairs - empty - unfinished);
});

Deno.test("each sentence is reported once, up to the last", () => {
  assertEquals(reported.at(-1), tokens.pairs);
  assertEquals(reported, reported.toSorted((a, b) => a - b));
});

Deno.test("a translation that was interrupted goes on after its last whole piece, to the same tokens", async () => {
  const folder = temporary();
  const interrupted = translate(folder, LIMITS, (sentences) => {
    if (sentences > PIECE) throw new Error("interrupted");
  });
  await assertRejects(() => interrupted, Error, "interrupted");
  const asked: number[] = [];
  const resumed = await translate(folder, LIMITS, undefined, {
    ...translator,
    translate: (sentences, options) => {
      asked.push(sentences.length);
      return translator.translate(sentences, options);
    },
  });
  assertEquals(asked, [tokens.pairs - PIECE]);
  assertEquals(resumed, whole);
});

Deno.test("a piece of other sentences, or shifted by one line, is refused and not joined", async () => {
  const folder = temporary();
  for (const { name } of Deno.readDirSync(wholeFolder)) {
    Deno.copyFileSync(`${wholeFolder}/${name}`, `${folder}/${name}`);
  }
  const path = `${folder}/${PIECE}.safetensors`;
  const { tensors } = readSafetensors(path, "the piece");
  const ids = tensors["source.sentences"];
  const shifted = Int32Array.from([
    ...ids.data.slice(2),
    ...ids.data.slice(0, 2),
  ]);
  writeSafetensors(path, {
    ...tensors,
    "source.sentences": { ...ids, data: shifted },
  });
  assertEquals(
    await refusal(() => translate(folder)),
    `Cannot use the translations "${path}": it has another sentence at pair ${PIECE}; remove the file, and run again.`,
  );
  Deno.copyFileSync(`${folder}/0.safetensors`, path);
  assertStringIncludes(
    await refusal(() => translate(folder)),
    `it has another sentence at pair ${PIECE}`,
  );
  writeSafetensors(path, { scores: tensors.scores });
  assertStringIncludes(
    await refusal(() => translate(folder)),
    'it has no int32 tensor "target.ids"',
  );
});

Deno.test("the stage writes the tokens that students are trained on, and says how many there are of what", async () => {
  const folder = temporary();
  const path = (name: string) => `${folder}/${name}`;
  saveModel(path("teacher"), saved);
  const some = sourcesOf(randomSources(VOCABULARY, 60, 3, 8));
  writeTokens(path("tokens"), some);
  Deno.mkdirSync(path("work"));
  const { metrics } = await translations.run({
    config: {
      ...OPTIONS,
      ...LIMITS,
      runtime: { name: "onnx", provider: "cpu" },
    },
    ...stageContext(
      path("work"),
      ({ total }) => assertEquals(total, some.pairs),
    ),
    inputs: {
      teacher: { model: path("teacher") },
      tokens: { train: path("tokens") },
    },
    outputs: { train: path("train") },
  });
  Deno.mkdirSync(path("again"));
  const again = await translateTokens({
    translator,
    tokens: some,
    options: OPTIONS,
    limits: LIMITS,
    folder: path("again"),
    report: () => {},
  });
  const written = readTokens(path("train"));
  assertEquals(written, again.tokens);
  const { meanScore, ...counts } = metrics ?? {};
  assertEquals(counts, {
    translated: some.pairs,
    pairs: written.pairs,
    ...again.dropped,
    targetTokens: written.target.ids.length,
  });
  assertAlmostEquals(Number(meanScore), again.meanScore, 5e-5);
});
