/** How often the page warns of text: of a model's own test sentences, and of messages of a compiler in other languages. */
import { assert } from "@std/assert";
import { join } from "@std/path";
import { isUnfamiliar } from "../../../apps/web/page/model/familiarity.ts";
import { createSubwords } from "../../../apps/web/page/model/subwords.ts";
import { readExport } from "../../../apps/models.ts";
import { statIfThere } from "../../../base/stat.ts";
import { openWorkspace } from "../../../engine/store/workspace.ts";
import { searchOptions, sourceOf } from "../../../nmt/export/translator.ts";
import { openOnnxFile } from "../../../nmt/tensor/onnx/onnx_file.ts";
import { PAD } from "../../../schemas/experiment/vocabulary.ts";
import { ROOT } from "../../fixtures/command.ts";

/** Languages in which TypeScript says its errors. */
const LANGUAGES = ["es", "fr", "it", "de", "tr", "pl", "ru", "zh-cn", "ja"];
/** Sentences of a set at most. */
const OWN = 300, OTHER = 40;

const given = Deno.env.get("CKD_WEB_ARTIFACTS");
const { manifest: found, store } = openWorkspace(
  given ?? join(ROOT, "artifacts"),
);
/** The limits are for a model that has learnt: what a folder has by chance may be of another experiment. */
const manifest = given !== undefined || found?.experiment.name === "quick"
  ? found
  : undefined;

/** The exported models that are there, with the test sentences of their language pair. */
const models = Object.entries(manifest?.nodes ?? {}).flatMap(
  ([node, { outputs }]) => {
    const [, prefix, system] = /^(.*?)export:(.+)$/.exec(node) ?? [];
    const corpus = manifest?.nodes[`${prefix}corpus`]?.outputs.test;
    if (system === undefined || corpus === undefined) return [];
    const folder = store.path(outputs.folder), test = store.path(corpus);
    return statIfThere(folder) && statIfThere(test)
      ? [{ node, folder, test }]
      : [];
  },
);
const missing = models.length > 0
  ? ""
  : ' (ignored: no exported models of quick; run "deno task pipeline", or name an artifact folder that has them by CKD_WEB_ARTIFACTS)';

Deno.test({
  name:
    `of ten of its own test sentences a model is warned of less than one, and of most in another language${missing}`,
  ignore: missing !== "",
  fn: async () => {
    for (const { node, folder, test } of models) {
      const rate = await rateOf(folder);
      const own = await rate(sampled(
        Deno.readTextFileSync(test).split("\n")
          .map((line) => line.split("\t")[0]),
        OWN,
      ));
      const others: number[] = [];
      for (const language of LANGUAGES) {
        others.push(await rate(sampled(messagesIn(language), OTHER)));
      }
      const mean = others.reduce((sum, each) => sum + each, 0) / others.length;
      const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
      console.log(
        `${node}: own test ${percent(own)}, other languages ${percent(mean)} (${
          LANGUAGES.map((name, i) => `${name} ${percent(others[i])}`).join(", ")
        })`,
      );
      assert(own < 0.1, percent(own));
      assert(mean > 0.6, percent(mean));
    }
  },
});

/** The share of sentences that the page would warn of. */
async function rateOf(
  folder: string,
): Promise<(sentences: readonly string[]) => Promise<number>> {
  const { beam, ids: { unk }, vocabulary } = readExport(folder);
  const subwords = createSubwords(
    JSON.parse(Deno.readTextFileSync(join(folder, "tokenizer.json"))),
  );
  const graph = await openOnnxFile(join(folder, "int8/translate.onnx"), {
    threads: 1,
  });
  return async (sentences) => {
    let odd = 0;
    for (const sentence of sentences) {
      const ids = subwords.encode(sentence, "pt");
      const { translation, score } = await graph.run({
        source: sourceOf([Int32Array.from(ids)]),
        ...searchOptions(beam),
      });
      const isOdd = isUnfamiliar({
        characters: [...sentence].length,
        subwords: ids.length,
        unknown: ids.filter((id) => id === unk).length,
        score: Number(score.data[0]),
        length: Array.from(translation.data, Number)
          .filter((id) => id !== PAD).length + 1,
      }, vocabulary);
      if (isOdd) odd++;
    }
    return odd / sentences.length;
  };
}

/** Sentences that are long enough to be judged and short enough to be usual, as far apart as there are enough. */
function sampled(lines: readonly string[], most: number): string[] {
  const usual = lines.map((line) => line.trim())
    .filter(({ length }) => length >= 20 && length <= 110);
  const step = Math.max(1, Math.floor(usual.length / most));
  return usual.filter((_, i) => i % step === 0).slice(0, most);
}

function messagesIn(language: string): string[] {
  const url = new URL(
    `./${language}/diagnosticMessages.generated.json`,
    import.meta.resolve("typescript"),
  );
  return Object.values<string>(JSON.parse(Deno.readTextFileSync(url)));
}
