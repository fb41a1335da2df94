/** Makes the train, validation and test sets from raw data: extraction, cleaning, split by groups. */
import { z } from "zod";
import { stage } from "../engine/graph/stage.ts";
import { Corpus, Data, Languages } from "../schemas/experiment/data.ts";
import { checkTraining } from "../nmt/text/descriptors/descriptors.ts";
import { descriptorFiles } from "../nmt/text/fetch/user_files.ts";

const TSV = "text/tab-separated-values";

export default stage({
  name: "corpus",
  module: import.meta.url,
  config: z.strictObject({
    data: Data,
    languages: Languages,
    corpus: Corpus,
    /** Only the test set is wanted, a further one of the experiment: there need not be text to train on. */
    part: z.literal("test").optional(),
    /** Sources begin with the token of their language, as there are several. */
    isMarked: z.literal(true).optional(),
  }),
  inputs: { files: ["files"] },
  outputs: {
    train: { path: "train.tsv", mediaType: TSV },
    validation: { path: "validation.tsv", mediaType: TSV },
    test: { path: "test.tsv", mediaType: TSV },
    report: { path: "report.json", mediaType: "application/json" },
  },
  // The tar library asks for it as it loads; nobody sets it.
  permissions: { env: ["TESTING_TAR_FAKE_PLATFORM"] },
  files: ({ data, languages, part }) => {
    const files = descriptorFiles(data);
    if (part === undefined) checkTraining(data, languages);
    return files;
  },
  run: async ({ config, seed, inputs, files, outputs, work }) => {
    const { writeCorpus } = await import("../nmt/text/corpus/corpus.ts");
    const { selections } = await import(
      "../nmt/text/descriptors/descriptors.ts"
    );
    const { data, languages } = config;
    const report = await writeCorpus(
      config,
      selections(data, languages, files),
      inputs.files.files,
      seed,
      { ...outputs, work },
    );
    await Deno.writeTextFile(
      outputs.report,
      JSON.stringify(report, undefined, 2) + "\n",
    );
    const { train, validation, test, nearDuplicates } = report;
    return {
      metrics: {
        train,
        validation,
        test,
        nearDuplicates: nearDuplicates.train + nearDuplicates.validation,
      },
    };
  },
});
