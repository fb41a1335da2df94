/** Exports a model as ONNX files, and measures their size and quality. */
import { basename, resolve } from "@std/path";
import { z } from "zod";
import { joined } from "../engine/graph/permissions.ts";
import { stage } from "../engine/graph/stage.ts";
import {
  Data,
  fetchedMonolingual,
  Languages,
  MonolingualText,
} from "../schemas/experiment/data.ts";
import { Language } from "../schemas/language.ts";
import { Translation } from "../schemas/experiment/evaluation.ts";
import { identityOf } from "../nmt/tensor/identities.ts";
import { RUNTIME_PERMISSIONS } from "../nmt/tensor/permissions.ts";
import { descriptorFiles } from "../nmt/text/fetch/user_files.ts";
import { SUBWORDS_PERMISSIONS } from "../nmt/text/subwords/permissions.ts";

export default stage({
  name: "export",
  module: import.meta.url,
  config: z.strictObject({
    /** Name of the model in its card. */
    system: z.string(),
    languages: Languages,
    /** The data sets whose licences stand in the card. */
    data: Data,
    evaluation: Translation,
    /** Further source languages, each with its data. */
    further: z.array(z.strictObject({ language: Language, data: Data }))
      .optional(),
    /** What was learned from beside them, of the source language alone. */
    monolingual: MonolingualText.optional(),
    /** The public model that is the teacher, its terms, and whether it was tuned on the data. */
    imported: z.strictObject({
      from: z.union([z.string(), z.strictObject({ descriptor: z.string() })]),
      licence: z.string().optional(),
      isTuned: z.boolean(),
    }).optional(),
  }),
  inputs: {
    model: ["model"],
    tokens: ["tokenizer"],
    corpus: ["test"],
    shortlist: ["shortlist"],
  },
  optional: ["shortlist"],
  outputs: {
    folder: { path: "export", mediaType: "inode/directory", folder: true },
  },
  permissions: joined(RUNTIME_PERMISSIONS, SUBWORDS_PERMISSIONS),
  resources: { cores: "all" },
  files: ({ data, further, monolingual }) => [
    ...descriptorFiles(data),
    ...(further ?? []).flatMap(({ data }) => descriptorFiles(data)),
    ...descriptorFilesOf(monolingual),
  ],
  environment: () => identityOf({ name: "onnx", provider: "cpu" }),
  run: async ({ config, inputs, files, outputs, log, progress }) => {
    const { isSharedText } = await import("../nmt/export/hugging_face.ts");
    const { translationPath, writeDescription, writeGraphs } = await import(
      "../nmt/export/folder.ts"
    );
    const { qualityOf } = await import("../nmt/export/quality.ts");
    const { loadModel } = await import("../nmt/transformer/checkpoint.ts");
    const { checkVocabulary } = await import("../nmt/decoding/translate.ts");
    const { citedDataSets, citedText, importedModel } = await import(
      "../nmt/text/descriptors/citations.ts"
    );
    const { loadSubwords } = await import("../nmt/text/subwords/subwords.ts");
    const { readShortlist } = await import("../nmt/shortlist/shortlist.ts");
    const { narrowest } = await import("../nmt/text/descriptors/licences.ts");
    const { readPairs } = await import("../nmt/text/subwords/tokenize.ts");
    const { system, languages, data, evaluation } = config;
    const { folder } = outputs;
    const { tokenizer } = inputs.tokens;

    const { imported } = config;
    const teacher = imported === undefined
      ? []
      : [importedModel({ name: nameOf(imported.from) }, imported.licence)];
    const { source, target } = languages;
    const { further = [] } = config;
    const monolingual = config.monolingual === undefined
      ? []
      : citedText(config.monolingual, source, files);
    /** Data sets that several languages have are cited once. */
    const citedOnce = (
      sets: readonly { readonly data: Data; readonly languages: Languages }[],
    ) => {
      const cited = sets.flatMap(({ data, languages }) =>
        citedDataSets(data, languages, files)
      );
      const terms = cited.map(({ name, licences }) =>
        JSON.stringify([name, licences])
      );
      return cited.filter((_, i) => terms.indexOf(terms[i]) === i);
    };
    // An imported teacher that is not tuned was not trained on the experiment's data.
    const dataSets = system === "teacher" && imported?.isTuned === false
      ? teacher
      : [
        ...citedOnce([
          { data, languages },
          ...further.map(({ language, data }) => ({
            data,
            languages: { source: language, target },
          })),
        ]),
        ...monolingual,
        ...teacher,
      ];
    const use = narrowest(dataSets.flatMap(({ licences }) => licences));
    if (use !== "any") log(`For ${use} use only, as its data are`);

    const saved = loadModel(inputs.model.model, `the model of "${system}"`);
    const subwords = await loadSubwords(tokenizer);
    checkVocabulary(saved, subwords);
    const { beam, lengthPenalty } = evaluation;
    const shortlist = inputs.shortlist &&
      readShortlist(inputs.shortlist.shortlist, saved.vocabulary);
    const { unknown, placeholders, casing, languages: sources } = subwords;
    const graphs = await writeGraphs(
      folder,
      saved,
      lengthPenalty,
      shortlist,
      isSharedText(subwords),
    );

    const pairs = await readPairs(inputs.corpus.test);
    const total = 2 * pairs.length;
    const measure = (precision: "fp32" | "int8", before: number) =>
      qualityOf(
        translationPath(folder, precision),
        subwords,
        pairs,
        evaluation,
        (done) => progress({ done: before + done, total, unit: "sentences" }),
      );
    const fp32 = await measure("fp32", 0);
    const int8 = await measure("int8", pairs.length);
    log(`BLEU ${fp32.bleu.toFixed(2)}, int8 ${int8.bleu.toFixed(2)}`);

    await writeDescription(folder, saved, {
      ...{ system, languages, beam, lengthPenalty, graphs, tokenizer },
      quality: {
        fp32: { bleu: fp32.bleu, chrf: fp32.chrf },
        int8: { bleu: int8.bleu, chrf: int8.chrf },
        signature: fp32.signature,
      },
      ...{ unknown, placeholders, casing, sources },
      shortlist,
      data: dataSets,
    });
    return {
      metrics: {
        "fp32.bleu": fp32.bleu,
        "fp32.chrf": fp32.chrf,
        "fp32.bytes": graphs.bytes.fp32,
        "int8.bleu": int8.bleu,
        "int8.chrf": int8.chrf,
        "int8.bytes": graphs.bytes.int8,
        signature: fp32.signature,
      },
      measurements: {
        "fp32.sentencesPerSecond": fp32.sentencesPerSecond,
        "int8.sentencesPerSecond": int8.sentencesPerSecond,
      },
    };
  },
});

/** What a public model is called in a card. */
function nameOf(from: string | { readonly descriptor: string }): string {
  return typeof from === "string"
    ? basename(resolve(from))
    : basename(from.descriptor).replace(/\.json$/, "");
}

/** The descriptors of text without translations. */
function descriptorFilesOf(text: MonolingualText | undefined): string[] {
  const fetched = text && fetchedMonolingual(text);
  return fetched === undefined ? [] : descriptorFiles(fetched);
}
