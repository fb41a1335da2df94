/** Tests of tokens on disk and of batches: hand-worked rectangles, and what holds of every order. */
import { assert, assertEquals } from "@std/assert";
import { random, shuffle } from "../../../../nmt/random.ts";
import {
  batchOrder,
  makeBatch,
} from "../../../../nmt/text/subwords/batches.ts";
import {
  packSide,
  readTokens,
  type Tokens,
  writeTokens,
} from "../../../../nmt/text/subwords/tokens.ts";
import { assertInputError } from "../../../fixtures/input_error.ts";
import { withFolder } from "../../fixtures/folder.ts";
import { refusal } from "../../fixtures/refusal.ts";

function tokensOf(
  pairs: readonly (readonly [readonly number[], readonly number[]])[],
): Tokens {
  return {
    source: packSide(pairs.map(([source]) => Int32Array.from(source))),
    target: packSide(pairs.map(([, target]) => Int32Array.from(target))),
    pairs: pairs.length,
  };
}

/** Sentences of 1 to 60 subwords. */
function anyTokens(count: number): Tokens {
  const next = random("test tokens");
  const sentence = (length: number) =>
    Array.from({ length }, () => 3 + Math.floor(next() * 500));
  return tokensOf(Array.from({ length: count }, () => {
    const length = 1 + Math.floor(next() * next() * 50);
    return [
      sentence(length),
      sentence(length + Math.floor(next() * 10)),
    ] as const;
  }));
}

Deno.test("a batch holds its pairs row by row, ended, begun and padded", () => {
  const tokens = tokensOf([[[5, 6, 7], [8]], [[9], []], [[4], [3, 3]]]);
  assertEquals(makeBatch(tokens, Int32Array.of(2, 0)), {
    pairs: Int32Array.of(2, 0),
    rows: 2,
    sourceLength: 4,
    targetLength: 3,
    source: Int32Array.of(4, 2, 0, 0, 5, 6, 7, 2),
    target: Int32Array.of(1, 3, 3, 1, 8, 0),
    labels: Int32Array.of(3, 3, 2, 8, 2, 0),
    sourceTokens: 2 + 4,
    targetTokens: 3 + 2,
    sourceLengths: Int32Array.of(2, 4),
    targetLengths: Int32Array.of(3, 2),
  });
  assertEquals(makeBatch(tokens, Int32Array.of(1)).labels, Int32Array.of(2));
});

Deno.test("the order is that of plain sorting, by length, likeness of the sides and chance of seed and epoch", () => {
  const tokens = anyTokens(3000);
  const sides = Array.from({ length: tokens.pairs }, (_, i) => [
    tokens.source.offsets[i + 1] - tokens.source.offsets[i] + 1,
    tokens.target.offsets[i + 1] - tokens.target.offsets[i] + 1,
  ]);
  for (const [budget, seed, epoch] of [[700, 3, 1], [700, 4, 0], [61, 3, 2]]) {
    const next = random("batches", seed, epoch);
    const keys = sides.map((lengths) => {
      const [shorter, longer] = lengths.toSorted((a, b) => a - b);
      return longer + (shorter / longer + next()) / 2;
    });
    const plain = [...keys.keys()].sort((a, b) => keys[a] - keys[b] || a - b);
    const batches: number[][] = [[]];
    for (const pair of plain) {
      const last = batches[batches.length - 1];
      const longest = Math.max(...[...last, pair].flatMap((i) => sides[i]));
      if (last.length > 0 && (last.length + 1) * longest > budget) {
        batches.push([pair]);
      } else last.push(pair);
    }
    assertEquals(
      batchOrder(tokens, budget, seed, epoch).map((batch) => [...batch]),
      shuffle(batches, next),
    );
  }
});

Deno.test("batches are nearly full and hold little padding, and short and long ones are mixed", () => {
  const tokens = anyTokens(4000);
  const batches = batchOrder(tokens, 1024, 1, 0).map((pairs) =>
    makeBatch(tokens, pairs)
  );
  let cells = 0, used = 0;
  for (const batch of batches) {
    cells += batch.rows * (batch.sourceLength + batch.targetLength);
    used += batch.sourceTokens + batch.targetTokens;
  }
  assert(used / cells > 0.85, `${used} of ${cells}`);
  assert(batches.length < 1.15 * cells / 2 / 1024 + 10);
  const half = batches.length / 2;
  const mean = (part: typeof batches) =>
    part.reduce((sum, { targetLength }) => sum + targetLength, 0) / part.length;
  assert(
    Math.abs(mean(batches.slice(0, half)) - mean(batches.slice(half))) < 6,
  );
});

Deno.test("a pair that fits no batch is an input error, and no pairs are no batches", async () => {
  assertEquals(
    await refusal(() =>
      batchOrder(tokensOf([[[5], Array(20).fill(5)]]), 20, 1, 0)
    ),
    'Cannot make batches of 20 tokens: pair 0 has a side of 21; raise "batchTokens" or lower "vocabulary.maximumLength".',
  );
  assertEquals(batchOrder(tokensOf([]), 20, 1, 0), []);
});

Deno.test("tokens come back from disk as they were, and a damaged file is an input error that names it", () =>
  withFolder((folder) => {
    const path = `${folder}/train.safetensors`;
    const tokens = anyTokens(50);
    writeTokens(path, tokens);
    assertEquals(readTokens(path), tokens);
    const bytes = Deno.readFileSync(path);
    Deno.writeFileSync(path, bytes.subarray(0, bytes.length - 4));
    assertInputError(() => readTokens(path), "tokens");
    Deno.writeFileSync(path, bytes.with(-4, bytes[bytes.length - 4] ^ 1));
    assertInputError(() => readTokens(path), "tokens");
    writeTokens(path, { ...tokens, target: anyTokens(49).target });
    assertInputError(() => readTokens(path), "tokens");
  }));
