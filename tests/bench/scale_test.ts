/** How a step is predicted to grow with cores, and what text the pipeline is measured on. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertRejects,
} from "@std/assert";
import { join } from "@std/path";
import { committedScale } from "../../bench/committed.ts";
import { isInputError } from "../../base/input_error.ts";
import {
  corpusFiles,
  readRealPairs,
  writePairs,
} from "../../bench/scale/pairs.ts";
import { operations } from "../../bench/scale/steps.ts";
import { predict, serialShare, speedUp } from "../../bench/scale/threads.ts";

Deno.test("the serial share is that with which Amdahl's law gives both measured times", () => {
  // A fifth is serial: 20 + 80 on one thread, 20 + 40 on two, 20 + 80 / 8 on eight.
  assertAlmostEquals(serialShare(100, 60), 0.2);
  assertAlmostEquals(100 / speedUp(0.2, 2), 60);
  const [, eight] = predict({ ours: 100, peer: null }, { ours: 60, peer: 80 });
  assertEquals(eight.cores, 8);
  assertAlmostEquals(eight.oursMs, 30);
  assertEquals(eight.peerMs, null);
});

Deno.test("a second thread that more than halves a step leaves nothing serial, one that slows it all", () => {
  assertEquals(serialShare(100, 45), 0);
  assertEquals(serialShare(100, 120), 1);
});

Deno.test("at equal tokens only attention grows with the length of sentences", () => {
  const sizes = { width: 256, layers: 6, vocabulary: 8000 };
  const at = (length: number) =>
    operations({ ...sizes, rows: 1024 / length, length });
  // Scores and mixtures of 18 attentions, forward and twice that backward: 3 * 18 * 4 * 1024 * 256 a position.
  assertEquals(at(128) - at(8), 3 * 18 * 4 * 1024 * 256 * (128 - 8));
});

Deno.test("pairs are real and different as far as there are, then the other way round, then edited", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "pairs.tsv"), out = join(folder, "out.tsv");
    await Deno.writeTextFile(
      path,
      "a page\teins zwei\tone two\na page\tdrei vier\tthree four\na page\teins zwei\tone two\n",
    );
    const real = await readRealPairs([path]);
    assertEquals(writePairs(real, 6, out), { pairs: 6, different: 4 });
    const lines = (await Deno.readTextFile(out)).trimEnd().split("\n");
    assertEquals(lines.slice(0, 2).toSorted(), [
      "drei vier\tthree four",
      "eins zwei\tone two",
    ]);
    assertEquals(lines.slice(2, 4).toSorted(), [
      "one two\teins zwei",
      "three four\tdrei vier",
    ]);
    assertEquals(lines.length, 6);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the last line of a file is a pair without a newline too, and a file of no pairs is refused", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "pairs.tsv");
    await Deno.writeTextFile(path, "a page\teins\tone\na page\tzwei\ttwo");
    const { source } = await readRealPairs([path]);
    assertEquals(source.toSorted(), ["eins", "one", "two", "zwei"]);
    for (const text of ["", "\n\t\n"]) {
      await Deno.writeTextFile(path, text);
      const error = await assertRejects(
        () => readRealPairs([path]),
        Error,
        `Cannot read pairs from "${path}": found none`,
      );
      assert(isInputError(error));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("without the folder of corpora there are no files, so that the messages are taken", () => {
  const before = Deno.env.get("CKD_BENCH_CORPUS");
  Deno.env.set("CKD_BENCH_CORPUS", "/nowhere");
  try {
    assertEquals(corpusFiles(), []);
  } finally {
    if (before === undefined) Deno.env.delete("CKD_BENCH_CORPUS");
    else Deno.env.set("CKD_BENCH_CORPUS", before);
  }
});

Deno.test("each part of the committed run of a million different pairs took less than 1.5 GB, and the page has the most", async () => {
  const root = join(import.meta.dirname ?? "", "../..");
  const { million } = committedScale();
  assertEquals(million.map(({ part }) => part), [
    ...["fetch", "corpus", "tokenize", "teacher"],
    ...["batches of an epoch", "states, d 32"],
  ]);
  for (const { pairs, different } of million) assertEquals(different, pairs);
  const most = Math.max(...million.map((each) => each.peakMegabytes)) * 2 ** 20;
  assert(most < 1.5e9);
  const page = await Deno.readTextFile(
    `${root}/docs/explanation/performance.md`,
  );
  assertMatch(page, new RegExp(`take at most ${(most / 1e9).toFixed(2)} GB`));
});
