/** What the rows on real text read is made on a clone: its pairs are downloaded, its models trained. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { measure } from "../../bench/rows/measure.ts";
import { ROWS } from "../../bench/rows/rows.ts";
import { prepare } from "../../bench/text/prepared.ts";

/** A step of each training, on little text. */
const SETTINGS = [
  ...["corpus.trainLimit=4000", "corpus.validation=20", "corpus.test=20"],
  ...["teacher", "student"].flatMap((model) => [
    `${model}.training.steps=1`,
    `${model}.training.validateEvery=1`,
    `${model}.training.batchTokens=256`,
  ]),
  "vocabulary.maximumLength=30",
];

Deno.test("rows on the messages of programs are measured without a file of one's own", async () => {
  const cache = await Deno.makeTempDir({ prefix: "ckd-bench-" });
  try {
    const text = await prepare("messages", { cache, settings: SETTINGS });
    assert(text.missing === undefined, text.missing);
    const epoch = await Deno.readTextFile(join(text.folder, "epoch.json"));
    const { pairs, batches } = JSON.parse(epoch);
    assert(pairs > 3000 && pairs <= 4000 && batches > 10, epoch);
    const source = await Deno.readTextFile(join(text.folder, "test.source"));
    assert(source.length > 0 && !source.includes("\t"), source);
    const rows = ["training", "tokenizing", "start-warm"];
    for (const name of rows) {
      const [result] = await measure(
        ROWS.filter(({ row }) => row === name),
        {
          ...{ alternations: 1, steps: 1, threads: 1, text },
          peers: { python: "no Python", has: () => false, torch: [] },
        },
      );
      assertEquals(result.turns, 1);
      assert((result.ours ?? 0) > 0, name);
    }
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
});
