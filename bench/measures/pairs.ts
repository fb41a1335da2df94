/** Takes parts of a corpus, so that no row has to read all of it. */
import {
  packSide,
  sentence,
  type Tokens,
} from "../../nmt/text/subwords/tokens.ts";

/** Some pairs of a corpus, in the order given. */
export function subset(tokens: Tokens, pairs: readonly number[]): Tokens {
  const side = (name: "source" | "target") =>
    packSide(pairs.map((pair) => sentence(tokens[name], pair)));
  return {
    source: side("source"),
    target: side("target"),
    pairs: pairs.length,
  };
}

/** Batches, each a list of pairs, and the corpus whose pairs they are. */
export interface Ordered {
  readonly tokens: Tokens;
  readonly order: readonly Int32Array[];
}

/** Just the pairs that some batches touch, in the order of the corpus, and the same batches of them. */
export function touched({ tokens, order }: Ordered): Ordered {
  const pairs = order.flatMap((batch) => [...batch]).sort((a, b) => a - b);
  const place = new Map(pairs.map((pair, i) => [pair, i]));
  return {
    tokens: subset(tokens, pairs),
    order: order.map((batch) => batch.map((pair) => place.get(pair) ?? -1)),
  };
}
