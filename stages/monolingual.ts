/** Makes sentences without translations ready for the teacher: cleaned, distinct, none that is held out, tokenized. */
import { z } from "zod";
import { stage } from "../engine/graph/stage.ts";
import { Language } from "../schemas/language.ts";
import {
  Corpus,
  fetchedMonolingual,
  MonolingualText,
} from "../schemas/experiment/data.ts";
import { Vocabulary } from "../schemas/experiment/vocabulary.ts";
import { checkReadable } from "../nmt/text/formats/lines.ts";
import { descriptorFiles } from "../nmt/text/fetch/user_files.ts";
import { SUBWORDS_PERMISSIONS } from "../nmt/text/subwords/permissions.ts";
import { joined } from "../engine/graph/permissions.ts";

export default stage({
  name: "monolingual",
  module: import.meta.url,
  config: z.strictObject({
    text: MonolingualText,
    /** The source language. */
    language: Language,
    minimumWords: Corpus.shape.minimumWords,
    maximumWords: Corpus.shape.maximumWords,
    markup: Corpus.shape.markup,
    maximumLength: Vocabulary.shape.maximumLength,
  }),
  inputs: {
    /** What is fetched of the descriptor, where there is one. */
    files: ["files"],
    corpus: ["train", "validation", "test"],
    tokens: ["tokenizer"],
    /** Further test sets. */
    "heldOut:*": ["test"],
  },
  optional: ["files"],
  outputs: {
    sentences: { path: "sentences.txt", mediaType: "text/plain" },
    /** Their tokens, each with an empty target. */
    train: {
      path: "train.safetensors",
      mediaType: "application/vnd.safetensors",
    },
  },
  // The tar library asks for it as it loads; nobody sets it.
  permissions: joined(SUBWORDS_PERMISSIONS, {
    env: ["TESTING_TAR_FAKE_PLATFORM"],
  }),
  resources: { cores: "all" },
  files: ({ text }) => {
    const { files = [] } = text, fetched = fetchedMonolingual(text);
    checkReadable(files);
    return [...fetched === undefined ? [] : descriptorFiles(fetched), ...files];
  },
  run: async ({ config, seed, inputs, files: copies, outputs, work }) => {
    const { writeMonolingual } = await import(
      "../nmt/text/corpus/monolingual.ts"
    );
    const { loadSubwords } = await import("../nmt/text/subwords/subwords.ts");
    const { tokenizeSentences } = await import(
      "../nmt/text/subwords/tokenize.ts"
    );
    const { writeTokens } = await import("../nmt/text/subwords/tokens.ts");
    const { corpus, files, tokens: { tokenizer }, ...heldOut } = inputs;
    const { read, dropped, beyondLimit } = await writeMonolingual(
      config,
      seed,
      {
        ...{ corpus, heldOut: Object.values(heldOut).map(({ test }) => test) },
        ...{ files: files?.files, copies },
        work,
        output: outputs.sentences,
      },
    );
    const { tokens, tooLong, unknown } = await tokenizeSentences(
      outputs.sentences,
      await loadSubwords(tokenizer),
      config.maximumLength,
    );
    writeTokens(outputs.train, tokens);
    const byRule = Object.entries({ "near duplicate": 0, ...dropped })
      .map(([rule, count]) => [camelCase(rule), count]);
    return {
      metrics: {
        read,
        kept: tokens.pairs,
        ...Object.fromEntries(byRule),
        ...{ beyondLimit, tooLong, unknown },
        sourceTokens: tokens.source.ids.length,
      },
    };
  },
});

/** `too few words` as the name of a metric, `tooFewWords`. */
function camelCase(rule: string): string {
  return rule.replace(/ (\w)/g, (_, letter) => letter.toUpperCase());
}
