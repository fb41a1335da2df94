/** Teacher targets: their order, resumption after an interruption, and the output of the stage. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { saveModel } from "../../../nmt/transformer/checkpoint.ts";
import {
  createTranslator,
  type Translator,
} from "../../../nmt/decoding/beam_search.ts";
import { translateTokens } from "../../../nmt/decoding/teacher_translations.ts";
import translations from "../../../stages/translations.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import {
  packSide,
  readTokens,
  sentence,
  type Tokens,
  writeTokens,
} from "../../../nmt/text/subwords/tokens.ts";
import {
  plainBeam,
  randomModel,
  randomSources,
  scorer,
} from "../fixtures/plain_search.ts";
import { stageContext } from "../fixtures/stage_context.ts";

const VOCABULARY = 12;
/** Pairs that are kept together once they are translated. */
const PIECE = 2048;
const OPTIONS = { beam: 2, lengthPenalty: 1, maximumLength: 5 };

const saved = randomModel(VOCABULARY, 5);
const runtime = await loadRuntime();
const translator = await createTranslator(runtime, saved, { threads: 1 });

/** A text of a piece and a half, whose references are none of the teacher's words. */
const tokens: Tokens = {
  source: packSide(randomSources(VOCABULARY, 1.5 * PIECE, 4, 7)),
  target: packSide(Array.from({ length: 1.5 * PIECE }, () => Int32Array.of(9))),
  pairs: 1.5 * PIECE,
};

const translate = (
  folder: string,
  report: (pairs: number) => void = () => {},
  by: Translator = translator,
) =>
  translateTokens({ translator: by, tokens, options: OPTIONS, folder, report });

const root = Deno.makeTempDirSync({ prefix: "translations-" });
globalThis.addEventListener(
  "unload",
  () => Deno.removeSync(root, { recursive: true }),
);
const temporary = () => Deno.makeTempDirSync({ dir: root });

const reported: number[] = [];
const whole = await translate(
  temporary(),
  (pairs) => reported.push(pairs),
);

Deno.test("sources stay, and each target is what the teacher's beam search finds for its source", async () => {
  assertEquals(whole.pairs, tokens.pairs);
  assertEquals(whole.source, tokens.source);
  const plain = await scorer(runtime, saved);
  const found = new Set<string>();
  for (
    const pair of [0, 1, 1000, PIECE - 1, PIECE, PIECE + 1, tokens.pairs - 1]
  ) {
    const { ids } = await plainBeam(plain, sentence(tokens.source, pair), {
      vocabulary: VOCABULARY,
      ...OPTIONS,
    });
    assertEquals([...sentence(whole.target, pair)], ids);
    found.add(ids.join());
  }
  assert(found.size > 2, "the translations hardly differ");
});

Deno.test("each pair is reported once, up to the last", () => {
  assertEquals(reported.at(-1), tokens.pairs);
  assertEquals(reported, reported.toSorted((a, b) => a - b));
});

Deno.test("a translation that was interrupted goes on after its last whole piece, to the same tokens", async () => {
  const folder = temporary();
  const interrupted = translate(folder, (pairs) => {
    if (pairs > PIECE) throw new Error("interrupted");
  });
  await assertRejects(() => interrupted, Error, "interrupted");
  const asked: number[] = [];
  const resumed = await translate(folder, undefined, {
    ...translator,
    translate: (sentences, options) => {
      asked.push(sentences.length);
      return translator.translate(sentences, options);
    },
  });
  assertEquals(asked, [tokens.pairs - PIECE]);
  assertEquals(resumed, whole);
});

Deno.test("the stage writes the tokens that students are trained on, and says how many there are", async () => {
  const folder = temporary();
  const path = (name: string) => `${folder}/${name}`;
  saveModel(path("teacher"), saved);
  const pairs = 20;
  const source = packSide(randomSources(VOCABULARY, pairs, 3, 8));
  const target = packSide(Array.from({ length: pairs }, () => Int32Array.of()));
  writeTokens(path("tokens"), { source, target, pairs });
  const { beam, lengthPenalty } = OPTIONS;
  Deno.mkdirSync(path("work"));
  const { metrics } = await translations.run({
    config: {
      beam,
      lengthPenalty,
      runtime: { name: "onnx", provider: "cpu" },
    },
    ...stageContext(
      path("work"),
      ({ total }) => assertEquals(total, pairs),
    ),
    inputs: {
      teacher: { model: path("teacher") },
      tokens: { train: path("tokens") },
    },
    outputs: { train: path("train") },
  });
  const written = readTokens(path("train"));
  const sources = Array.from({ length: pairs }, (_, i) => sentence(source, i));
  const expected = await translator.translate(sources, { beam, lengthPenalty });
  assertEquals(written.source, source);
  assertEquals(written.target, packSide(expected.map(({ ids }) => ids)));
  assertEquals(metrics, {
    pairs,
    targetTokens: written.target.ids.length,
  });
});
