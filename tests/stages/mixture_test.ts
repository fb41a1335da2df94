/** The stages monolingual tokens go through: translations, mixture, states; sentence ids stay with their sentences. */
import { assert, assertEquals } from "@std/assert";
import {
  Distillation,
  Signals,
} from "../../schemas/experiment/distillation.ts";
import mixtureStage from "../../stages/mixture.ts";
import statesStage from "../../stages/states.ts";
import translationsStage from "../../stages/translations.ts";
import { openStates } from "../../nmt/states/states.ts";
import { makeBatch } from "../../nmt/text/subwords/batches.ts";
import { sentenceId } from "../../nmt/text/subwords/sentence_ids.ts";
import {
  joinTokens,
  packer,
  packSide,
  readTokens,
  sentence,
  sentenceIdsOf,
  type Tokens,
  writeTokens,
} from "../../nmt/text/subwords/tokens.ts";
import { saveModel } from "../../nmt/transformer/checkpoint.ts";
import { assertInputError } from "../fixtures/input_error.ts";
import { withFolder } from "../nmt/fixtures/folder.ts";
import { randomSources } from "../nmt/fixtures/plain_search.ts";
import { stageContext } from "../nmt/fixtures/stage_context.ts";
import { endingModel, VOCABULARY } from "../nmt/fixtures/translating.ts";

const saved = endingModel();
const runtime = { name: "onnx", provider: "cpu" } as const;

/** Random sentences with the ids of the texts that they are of, as tokenize writes them. */
function side(
  ...parts: readonly { name: string; count: number; seed: number }[]
) {
  const { add, side } = packer();
  for (const { name, count, seed } of parts) {
    randomSources(VOCABULARY, count, 4, seed)
      .forEach((ids, i) => add(ids, sentenceId(`${name} ${i}`)));
  }
  return side();
}

const pairs: Tokens = {
  source: side({ name: "source", count: 30, seed: 1 }),
  target: side({ name: "target", count: 30, seed: 2 }),
  pairs: 30,
};
/** Its first ten sentences are those of the pairs, which get a second translation. */
const monolingual: Tokens = {
  source: side(
    { name: "source", count: 10, seed: 1 },
    { name: "more", count: 100, seed: 3 },
  ),
  target: packSide(Array.from({ length: 110 }, () => new Int32Array(0))),
  pairs: 110,
};

Deno.test("pairs and the translations of other text become one token file, whose states are read for its own sentences only", () =>
  withFolder(async (folder) => {
    const path = (name: string) => `${folder}/${name}`;
    saveModel(path("teacher"), saved);
    writeTokens(path("pairs"), pairs);
    writeTokens(path("monolingual"), monolingual);
    for (const name of ["work", "shards", "states"]) Deno.mkdirSync(path(name));
    const teacher = { model: path("teacher") };
    await translationsStage.run({
      ...stageContext(path("work")),
      config: { beam: 2, lengthPenalty: 1, runtime },
      inputs: { teacher, tokens: { train: path("monolingual") } },
      outputs: { train: path("translated") },
    });
    const { metrics } = await mixtureStage.run({
      ...stageContext(path("work")),
      config: {},
      inputs: {
        pairs: { train: path("pairs") },
        monolingual: { train: path("translated") },
      },
      outputs: { train: path("mixture") },
    });
    const translated = readTokens(path("translated"));
    const mixture = readTokens(path("mixture"));
    assert(translated.pairs > 20 && translated.pairs < monolingual.pairs);
    assertEquals(metrics, { pairs: pairs.pairs + translated.pairs });
    assertEquals(
      sentenceIdsOf(mixture.target, 0, pairs.pairs),
      pairs.target.sentenceIds,
    );
    const known = new Map<string, number>();
    for (let i = 0; i < monolingual.pairs; i++) {
      known.set(sentenceIdsOf(monolingual.source, i, i + 1).join(), i);
    }
    for (let pair = 0; pair < mixture.pairs; pair++) {
      const isOfPairs = pair < pairs.pairs;
      const id = sentenceIdsOf(mixture.source, pair, pair + 1);
      const i = isOfPairs ? pair : known.get(id.join()) ?? NaN;
      assertEquals(
        sentence(mixture.source, pair),
        sentence((isOfPairs ? pairs : monolingual).source, i),
      );
    }

    await statesStage.run({
      ...stageContext(path("states")),
      config: {
        signals: Signals.parse({ final: true, encoder: [2] }),
        runtime,
      },
      inputs: { teacher, tokens: { train: path("mixture") } },
      outputs: { shards: path("shards") },
    });
    const distillation = Distillation.parse({
      alpha: 0.5,
      beta: 0.5,
      encoder: [[2]],
    });
    const opened = (tokens: Tokens) =>
      openStates(() => path("shards"), tokens, saved.model, distillation);
    const states = opened(mixture);
    states.read(makeBatch(mixture, Int32Array.of(0, mixture.pairs - 1)));
    states.close();
    assertInputError(
      () => opened(joinTokens([translated, pairs])),
      "states shard 0",
    );
    // A source with two translations: each of them has its own states.
    const all = Array.from({ length: mixture.pairs }, (_, pair) => pair);
    const sourceOf = (pair: number) =>
      known.get(sentenceIdsOf(mixture.source, pair, pair + 1).join()) ?? NaN;
    const other = all.findLast((pair) => sourceOf(pair) < 10) ?? NaN;
    const one = sourceOf(other);
    assert(other >= pairs.pairs && one < pairs.pairs);
    const withTargets = (order: readonly number[]): Tokens => {
      const { add, side } = packer();
      for (const pair of order) {
        add(
          sentence(mixture.target, pair),
          sentenceIdsOf(mixture.target, pair, pair + 1),
        );
      }
      return { ...mixture, target: side() };
    };
    opened(withTargets(all)).close();
    assertInputError(
      () => opened(withTargets(all.with(one, other).with(other, one))),
      `it has the states of another sentence at pair ${one}, whose target differs`,
    );
  }));
