/** Tests of test sets that have no training text, on the real captions of 2017. */
import { gunzipSync } from "node:zlib";
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import pipeline from "../../../../pipeline.ts";
import { CORPORA, corporaMissing } from "../../fixtures/corpora.ts";
import { withFolder } from "../../fixtures/folder.ts";
import { build, withMirrors } from "../fixtures/building.ts";

const missing = corporaMissing("multi30k/test_2017_flickr.en.gz");
const languages = { source: "en", target: "de" };

const SETS = {
  flickr: { stem: "test_2017_flickr", sentences: 1000 },
  coco: { stem: "test_2017_mscoco", sentences: 461 },
};

/** The captions of a compressed file. */
async function captions(stem: string, language: string): Promise<string[]> {
  const path = join(CORPORA, "multi30k", `${stem}.${language}.gz`);
  const text = gunzipSync(await Deno.readFile(path)).toString();
  return text.trimEnd().split("\n").map((line) =>
    line.normalize("NFC").replace(/\s+/g, " ").trim()
  );
}

for (const [name, { stem, sentences }] of Object.entries(SETS)) {
  Deno.test({
    name:
      `the ${name} test set of 2017 is made without a training text, its sentences in their order${missing}`,
    ignore: missing !== "",
    fn: () =>
      withFolder(async (folder) => {
        const { metrics, read } = await withMirrors(
          CORPORA,
          () =>
            build(folder, { descriptor: "multi30k-2017", sources: [name] }, {
              languages,
              part: "test",
            }),
        );
        assertEquals(metrics, {
          ...{ train: 0, validation: 0, test: sentences, nearDuplicates: 0 },
        });
        const german = await captions(stem, "de");
        const pairs = (await captions(stem, "en"))
          .map((english, i) => `${english}\t${german[i]}\n`);
        assertEquals(await read("test"), pairs.join(""));
        assertEquals(await read("train"), "");
      }),
  });
}

Deno.test("an experiment scores its systems on two test sets of one descriptor, and its training nodes are as they were", () => {
  const experiment = { languages, data: { descriptor: "multi30k" } };
  const set = (source: string) => ({
    data: { descriptor: "multi30k-2017", sources: [source] },
  });
  const graph = (given: unknown) => pipeline.graph(given, "a test");
  const plain = graph(experiment);
  const further = graph({
    ...experiment,
    testSets: { "flickr-2017": set("flickr"), "coco-2017": set("coco") },
  });
  const added = [...further.keys()].filter((name) => !plain.has(name));
  assertEquals(added.length, 10, added.join());
  for (const [name, { config }] of plain) {
    assertEquals(further.get(name)?.config, config, name);
  }
  for (const name of ["flickr-2017", "coco-2017"]) {
    assertEquals(added.includes(`${name}/evaluate:teacher`), true, name);
    assertEquals(further.get(`${name}/overlap`)?.inputs, {
      corpus: `${name}/corpus`,
      trained: "corpus",
    });
  }
});
