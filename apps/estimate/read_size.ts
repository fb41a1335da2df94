/** The training text that a node works on, where text of one language is translated and joined with the pairs. */
import { z } from "zod";
import { canonical } from "../../engine/files/hash.ts";
import type { Step, Steps } from "../../engine/graph/estimate.ts";
import { MonolingualText } from "../../schemas/experiment/data.ts";
import { Language } from "../../schemas/language.ts";
import type { CorpusSize } from "./arithmetic.ts";
import { sentencesIn } from "./corpus_size.ts";

const Raw = z.object({ text: MonolingualText, language: Language });

const Kept = z.object({ kept: z.number(), sourceTokens: z.number() });

/** The pairs of a node's corpus, `train`, the monolingual text that it works on, or both after a mixture. */
export function readSize(
  nodes: Steps,
  recorded: Steps,
  name: string | undefined,
  train: CorpusSize,
): CorpusSize {
  const node = nodes.get(name ?? "");
  if (node?.stage === "monolingual") {
    return monolingualSize(nodes, recorded, node, train);
  }
  const { corpus, monolingual, trainingData, lessons, tokens, pairs } =
    node?.inputs ?? {};
  const sizeOf = (name: string) => readSize(nodes, recorded, name, train);
  if (pairs !== undefined && monolingual !== undefined) {
    return added(sizeOf(pairs), sizeOf(monolingual));
  }
  const above = trainingData ?? lessons ?? tokens ?? pairs;
  return corpus !== undefined || above === undefined ? train : sizeOf(above);
}

/**
 * Monolingual text: the sentences that were kept; before that, its limit or what its files hold. Sentences are taken as long
 * as those of the pairs before they are counted, translations as much longer as the pairs' are. Translations that are left
 * out for a low score are counted.
 */
function monolingualSize(
  nodes: Steps,
  recorded: Steps,
  { config }: Step,
  train: CorpusSize,
): CorpusSize {
  const key = canonical(config);
  const made =
    [...nodes.values(), ...recorded.values()].flatMap((each) =>
      each.stage === "monolingual" && canonical(each.config) === key
        ? Kept.safeParse(each.metrics).data ?? []
        : []
    )[0];
  const pairs = made?.kept ?? expected(config) ?? train.pairs;
  const sourceTokens = made?.sourceTokens ??
    train.sourceTokens * pairs / train.pairs;
  const targetTokens = train.targetTokens * sourceTokens / train.sourceTokens;
  return { pairs, sourceTokens, targetTokens };
}

function expected(config: unknown): number | undefined {
  const { text, language } = Raw.parse(config);
  const most = [text.limit, sentencesIn(text, language)]
    .filter((sentences) => sentences !== undefined);
  return most.length === 0 ? undefined : Math.min(...most);
}

function added(one: CorpusSize, other: CorpusSize): CorpusSize {
  return {
    pairs: one.pairs + other.pairs,
    sourceTokens: one.sourceTokens + other.sourceTokens,
    targetTokens: one.targetTokens + other.targetTokens,
  };
}
