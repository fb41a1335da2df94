/** Text that is unlike a model's training text: the limits, by hand. */
import { assertEquals } from "@std/assert";
import {
  isUnfamiliar,
  type Translated,
} from "../../../apps/web/page/model/familiarity.ts";

/** 40 characters in 10 subwords, translated as 9 subwords and the end with log p of -5: 0.25 + 0.1 * 0.5 = 0.3. */
const USUAL: Translated = {
  ...{ characters: 40, subwords: 10, unknown: 0, score: -5, length: 10 },
};

Deno.test("a sentence is unfamiliar by many subwords, a low score, or both", () => {
  for (
    const [change, expected] of [
      [{}, false],
      [{ subwords: 15 }, true], // 0.375 + 0.05
      [{ subwords: 13 }, false], // 0.325 + 0.05
      [{ subwords: 13, score: -10 }, true], // 0.325 + 0.1
      [{ score: -14 }, false], // 0.25 + 0.14
      [{ score: -16 }, true], // 0.25 + 0.16
      [{ unknown: 2 }, false], // a fifth
      [{ unknown: 3 }, true],
    ] as const
  ) {
    const found = isUnfamiliar({ ...USUAL, ...change }, 8000);
    assertEquals(found, expected, JSON.stringify(change));
  }
});

Deno.test("a text of few characters is not judged, whatever it is", () => {
  const odd = { ...USUAL, subwords: 19, unknown: 19, characters: 19 };
  assertEquals(isUnfamiliar(odd, 8000), false);
  assertEquals(isUnfamiliar({ ...odd, characters: 20 }, 8000), true);
});

Deno.test("a smaller vocabulary may take more subwords, a larger one no fewer", () => {
  const many = { ...USUAL, subwords: 17 }; // 0.425 + 0.05
  assertEquals(
    [1000, 4000, 8000, 32_000].map((size) => isUnfamiliar(many, size)),
    [false, true, true, true],
  );
  const fewer = { ...USUAL, subwords: 16 }; // 0.4 + 0.05
  assertEquals(
    [4000, 8000].map((size) => isUnfamiliar(fewer, size)),
    [false, true],
  );
});
