/** The candidates of a batch against their definition, sentence by sentence. */
import { assert, assertEquals } from "@std/assert";
import { candidateFinder } from "../../../nmt/shortlist/own_candidates.ts";
import { randomSources } from "../fixtures/plain_search.ts";
import { plainCandidates, randomShortlist } from "./made_shortlist.ts";

Deno.test("a batch has the candidates of its sentences, and each sentence has its own, batch after batch", () => {
  const vocabulary = 60, least = 9;
  const widths = new Set<number>();
  for (const seed of [0, 1, 2]) {
    const shortlist = randomShortlist(vocabulary, seed);
    const find = candidateFinder(shortlist);
    for (const count of [7, 1, 3]) {
      const sources = randomSources(vocabulary, count, 8, seed + count);
      const { ids, own, hidden } = find(sources, least);
      const all = sources.flatMap((each) => plainCandidates(shortlist, each));
      assertEquals([...ids], [...new Set(all)].sort((a, b) => a - b));
      const [rows, width] = own.shape;
      assertEquals([rows, hidden.shape], [count, own.shape]);
      sources.forEach((source, row) => {
        const expected = plainCandidates(shortlist, source);
        const places = [...own.data.subarray(row * width, (row + 1) * width)];
        const found = places.slice(0, expected.length)
          .map((place) => ids[place]);
        assertEquals(found.toSorted((a, b) => a - b), expected);
        assertEquals(found.slice(0, 3), [0, 1, 2]);
        const isHidden = [
          ...hidden.data.subarray(row * width, (row + 1) * width),
        ];
        assertEquals(
          isHidden,
          places.map((_, i) => i < expected.length ? 0 : -Infinity),
        );
      });
      assert(width >= least);
      widths.add(width);
    }
  }
  assert(widths.size > 2, `widths ${[...widths]}`);
});
