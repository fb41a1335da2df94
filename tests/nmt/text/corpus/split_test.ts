/** The split: groups stay together, sizes are met, the seed decides, and near duplicates of held-out text are removed. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { random, shuffle } from "../../../../nmt/random.ts";
import {
  fold,
  type HeldOut,
  type Placed,
  split as splitIndices,
  type SplitSizes,
} from "../../../../nmt/text/corpus/split.ts";
import { assertInputError } from "../../../fixtures/input_error.ts";

/** The split of pairs that are held in memory, with the pairs of train in place of their indices. */
function split(
  pairs: readonly Placed[],
  sizes: SplitSizes,
  seed: number,
  given: HeldOut = {},
  own?: number,
) {
  const held = {
    length: pairs.length,
    file: (index: number) => pairs[index].file,
    position: (index: number) => pairs[index].position,
    isOneGroup: (index: number) => pairs[index].isOneGroup ?? false,
    pair: (index: number) => pairs[index],
  };
  const parts = splitIndices(held, sizes, seed, given, own);
  return { ...parts, train: Array.from(parts.train, (index) => pairs[index]) };
}

/** Pairs that no other resembles: numbers are spelt in letters, which folding keeps. */
function unlike(count: number, file = "a"): Placed[] {
  return Array.from({ length: count }, (_, i) => {
    const word = i.toString(26).replace(
      /\d/g,
      (digit) => "qrstuvwxyz"[Number(digit)],
    );
    return {
      source: `s ${file} ${word}`,
      target: `t ${file} ${word}`,
      file,
      position: i,
    };
  });
}

Deno.test("folding takes away case, digits, punctuation and placeholders, and no letter or accent", () => {
  assertEquals(fold("Open {0} of 12 files..."), fold("open {1} of 7 files"));
  assertEquals(fold("Don't!"), fold("don t"));
  assertEquals(fold('%s: "Überprüfung" (2)'), "überprüfung 0");
  assertEquals(fold("<b>Datei</b> <br/>öffnen", "keep"), "datei öffnen");
  assertNotEquals(fold("resume"), fold("résumé"));
  assertNotEquals(fold("file"), fold("files"));
});

Deno.test("a pair without tags is a near duplicate of a given one with them, kept in train or not", () => {
  const test = [{ source: "<b>Datei</b> öffnen", target: "Open <i>it</i>" }];
  const pairs = [
    ...unlike(50),
    ...[["Datei öffnen!", "Open the file"], ["Öffne sie", "Open it"]].map(
      ([source, target], i) => ({ source, target, file: "b", position: i }),
    ),
  ];
  const nearDuplicates = (markup?: "keep") =>
    split(pairs, { validation: 5, test: 5, markup }, 1, { test })
      .nearDuplicates.train;
  assertEquals([nearDuplicates("keep"), nearDuplicates()], [2, 2]);
});

Deno.test("sizes are met up to one group, and every pair is in one part", () => {
  const pairs = [...unlike(2000), ...unlike(1500, "b")];
  const parts = split(pairs, { validation: 200, test: 400 }, 7);
  assert(parts.test.length >= 400 && parts.test.length < 400 + 25);
  assert(parts.validation.length >= 200 && parts.validation.length < 200 + 25);
  const all = [...parts.train, ...parts.validation, ...parts.test];
  assertEquals(all.length, pairs.length);
  assertEquals(new Set(all.map(({ source }) => source)).size, pairs.length);
});

Deno.test("neighbours of a file are held out together, never single lines", () => {
  const { test } = split(unlike(3000), { validation: 100, test: 200 }, 1);
  const positions = test.map((pair) => (pair as Placed).position);
  const blocks = new Set(positions.map((position) => Math.floor(position / 5)));
  assertEquals(blocks.size * 5, positions.length);
});

Deno.test("a pair that equals a held-out one on either side once folded is not in train", () => {
  const pairs = unlike(1000);
  const test = [{ source: "Um caso {0}!", target: "A case {0}!" }];
  const near: Placed[] = [
    { source: "um caso {1}", target: "some case", file: "n", position: 0 },
    {
      source: "algum caso",
      target: "a CASE!",
      file: "n",
      position: 1,
    },
    { source: "a case", target: "um caso", file: "n", position: 2 },
  ];
  const parts = split([...pairs, ...near], { validation: 50, test: 50 }, 3, {
    test,
  });
  assertEquals(parts.test, test);
  const rest = [...parts.train, ...parts.validation].map(({ source }) =>
    source
  );
  assert(!rest.includes("um caso {1}"));
  assert(!rest.includes("algum caso"));
  assert(rest.includes("a case"), "source and target are not mixed up");
  assertEquals(parts.nearDuplicates.train + parts.nearDuplicates.validation, 2);
});

Deno.test("on text full of near duplicates nothing held out is in what is used before it", () => {
  for (let seed = 0; seed < 30; seed++) {
    const next = random("near duplicates", seed);
    const word = () => "abcdefgh"[Math.floor(next() * 8)];
    const pairs = Array.from({ length: 600 }, (_, i): Placed => ({
      source: `${word()} ${word()} ${word()} ${i}`,
      target: `${word()} ${word()}, ${word()}!`,
      file: `${i % 7}`,
      position: Math.floor(i / 7),
    }));
    const { train, validation, test } = split(pairs, {
      validation: 20,
      test: 30,
    }, seed);
    const forms = (
      side: "source" | "target",
      part: readonly { source: string; target: string }[],
    ) => new Set(part.map((pair) => fold(pair[side])));
    for (const side of ["source", "target"] as const) {
      const later = forms(side, test);
      const held = later.union(forms(side, validation));
      assert(forms(side, train).isDisjointFrom(held));
      assert(forms(side, validation).isDisjointFrom(later));
    }
  }
});

Deno.test("the same seed gives the same parts, another seed others", () => {
  const pairs = unlike(1000),
    sizes = { validation: 50, test: 100, trainLimit: 300 };
  assertEquals(split(pairs, sizes, 5), split(pairs, sizes, 5));
  const sources = (seed: number) =>
    split(pairs, sizes, seed).test.map(({ source }) => source);
  assertNotEquals(sources(5), sources(6));
});

Deno.test("train is in the order of file and place however the pairs came; a limit keeps that many and changes no held-out set", () => {
  const pairs = shuffle([...unlike(500), ...unlike(500, "b")], random("mixed"));
  const sizes = { validation: 50, test: 100 };
  const whole = split(pairs, sizes, 5);
  const limited = split(pairs, { ...sizes, trainLimit: 300 }, 5);
  assertEquals(limited.train.length, 300);
  assertEquals(limited.test, whole.test);
  assertEquals(limited.beyondLimit, whole.train.length - 300);
  for (const { train } of [whole, limited]) {
    const places = train.map(({ file, position }) =>
      `${file} ${String(position).padStart(4, "0")}`
    );
    assertEquals(places, places.toSorted());
  }
  const known = new Set(whole.train);
  assert(limited.train.every((pair) => known.has(pair)));
});

Deno.test("a corpus that is smaller than what is to be held out is an input error with both numbers", () => {
  assertInputError(
    () => split(unlike(100), { validation: 40, test: 60 }, 1),
    "Cannot split the corpus: it has 100 pairs after cleaning, of which 100 are to be held out; " +
      'lower "corpus.validation" and "corpus.test", or give more text.',
  );
});

Deno.test("where all of train resembles the test set, there is nothing to train on: an input error", () => {
  const same = unlike(200).map((pair) => ({
    ...pair,
    source: "always the same",
  }));
  assertInputError(() => split(same, { validation: 10, test: 10 }, 1));
});

/** The name of a page, in letters, as folding makes all numbers alike. */
const pageName = (i: number) =>
  `page${[...String(i)].map((digit) => "abcdefghij"[Number(digit)]).join("")}`;

/** Pages of some numbers of sentences, each to be held out whole or not at all. */
function pages(...sizes: readonly number[]): Placed[] {
  return sizes.flatMap((size, i) =>
    unlike(size, pageName(i)).map((pair) => ({ ...pair, isOneGroup: true }))
  );
}

Deno.test("a whole file is in one part, and one that would be much of a held-out set is in train", () => {
  const sizes = [300, 90, ...Array.from({ length: 60 }, (_, i) => 1 + i % 24)];
  for (let seed = 0; seed < 20; seed++) {
    const parts = split(pages(...sizes), { validation: 50, test: 100 }, seed);
    const filesOf = (part: readonly { source: string }[]) =>
      new Set(part.map(({ source }) => /page[a-j]+/.exec(source)?.[0] ?? ""));
    const [train, validation, test] = [
      parts.train,
      parts.validation,
      parts.test,
    ]
      .map(filesOf);
    assert(train.isDisjointFrom(validation.union(test)));
    assert(validation.isDisjointFrom(test));
    assert(train.has("pagea") && train.has("pageb"));
    assert(parts.test.length >= 100 && parts.test.length < 125);
    assert(parts.validation.length >= 50 && parts.validation.length < 63);
  }
});

Deno.test("where all files are too large to be held out whole, that is said", () => {
  assertInputError(
    () => split(pages(300, 300, 300), { validation: 50, test: 100 }, 1),
    "Cannot split the corpus: it has 900 pairs after cleaning, of which 150 are to be held out in whole groups; " +
      'lower "corpus.validation" and "corpus.test", or give more text.',
  );
});

Deno.test("pairs that are only trained on are never held out, change nothing of what is, and lose what resembles it", () => {
  const own = unlike(500), sizes = { validation: 50, test: 100 };
  const alone = split(own, sizes, 5);
  const more = unlike(2000, "more");
  const alike = alone.test.slice(0, 30).map((pair, i) => ({
    source: `${pair.source.toUpperCase()}!`,
    target: "something else",
    file: "more",
    position: 2000 + i,
  }));
  const both = split([...own, ...more, ...alike], sizes, 5, {}, own.length);
  assertEquals(both.test, alone.test);
  assertEquals(both.validation, alone.validation);
  assertEquals(both.train.length, alone.train.length + more.length);
  assertEquals(both.nearDuplicates.train, alone.nearDuplicates.train + 30);
});
