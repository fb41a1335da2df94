/** Pairs on disk: they are read back as added, each once, whatever its hash. */
import { assert, assertEquals } from "@std/assert";
import { random } from "../../../../nmt/random.ts";
import {
  createPairFile,
  type PairFile,
} from "../../../../nmt/text/corpus/pair_file.ts";

async function withPairs(test: (pairs: PairFile) => void): Promise<void> {
  const path = await Deno.makeTempFile();
  const pairs = createPairFile(path);
  try {
    test(pairs);
  } finally {
    pairs.close();
    await Deno.remove(path);
  }
}

const place = { file: "a", position: 0 };

Deno.test("a pair that is there already is not added, wherever it comes from; one that differs on a side is", () =>
  withPairs((pairs) => {
    const pair = { source: "Bom dia", target: "Good morning" };
    assert(pairs.add({ ...pair, ...place }));
    assert(!pairs.add({ ...pair, file: "b", position: 7 }));
    assert(pairs.add({ ...pair, target: "Good day", ...place }));
    assert(pairs.add({ source: "Bom", target: "dia\u00a0Good", ...place }));
    assert(pairs.add({ source: "Bom dia\u00a0Good", target: "x", ...place }));
    assertEquals(pairs.length, 4);
    assertEquals(pairs.pair(1), { source: "Bom dia", target: "Good day" });
  }));

Deno.test("pairs come back in any order with their places, also while more are added, short or longer than any buffer", () =>
  withPairs((pairs) => {
    const next = random("pair file");
    const words = ["maçã", "строка", "한국어", "👩‍👩‍👧", "\ufeffx", "end"];
    const text = () =>
      Array.from(
        { length: next() < 0.001 ? 60_000 : 1 + Math.floor(next() * 9) },
        () => words[Math.floor(next() * words.length)],
      ).join(" ");
    const added: { source: string; target: string; file: string }[] = [];
    const seen = new Set<string>();
    for (let i = 0; i < 20_000; i++) {
      const again = i > 0 && next() < 0.3;
      const known = added[Math.floor(next() * added.length)];
      const pair = again ? known : {
        source: text(),
        target: text(),
        file: `file ${Math.floor(next() * 3)}`,
      };
      const key = `${pair.source}\t${pair.target}`;
      assertEquals(pairs.add({ ...pair, position: i }), !seen.has(key));
      if (!seen.has(key)) added.push(pair);
      seen.add(key);
      const some = Math.floor(next() * added.length);
      const { source, target, file } = added[some];
      assertEquals(pairs.pair(some), { source, target });
      assertEquals(pairs.file(some), file);
    }
    assert(added.length > 10_000 && added.length < 16_000);
    added.forEach(({ source, target }, i) =>
      assertEquals(pairs.pair(i), { source, target })
    );
  }));
