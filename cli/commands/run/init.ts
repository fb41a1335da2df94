/** The command `init`: sets up an experiment on a corpus of the user. */
import { command } from "../../command.ts";
import { load } from "../../load.ts";
import { argument, flag, option } from "../../options.ts";

export default command({
  name: "init",
  group: "run",
  summary: "an experiment on your own corpus: looks it over, writes it",
  needsPipeline: true,
  arguments: { folder: argument("<folder>", "where experiment.jsonc goes") },
  options: {
    source: option("<file>", "sentences, one a line; .gz, .zst too"),
    target: option("<file>", "their translations, line by line"),
    pairs: option(
      "<file>",
      "both in one: .tsv, .csv, .jsonl, .tmx, .po, .mo, Moses .zip",
    ),
    from: option("<language>", "of the sources, such as pt"),
    to: option("<language>", "of the targets, such as en"),
    size: option<string | undefined>(
      "<size>",
      "small (the default) or medium",
      { suggest: { values: sizes, files: false } },
    ),
    model: option<string | undefined>(
      "<model>",
      "a public model to start from: its folder, or a descriptor",
      { suggest: { values: models, files: true } },
    ),
    modelLicence: option("<terms>", "the terms of that model"),
    licence: option("<spdx>", "the licence of the corpus, such as CC-BY-4.0"),
    yes: flag("asks nothing"),
  },
  examples: [
    ["mine --pairs mine.tsv --from pt --to en", "from one file of pairs"],
    [
      "mine --source mine.pt.gz --target mine.en.gz --from pt --to en",
      "from two files, line by line",
    ],
    [
      "mine --pairs mine.tsv --model tiny11-pt-en",
      "adapts a public model, distills students from it",
    ],
  ],
  run: async ({ console, pipeline }, { folder, ...values }) => {
    const { setUpExperiment } = await load<typeof import("../../apps/init.ts")>(
      import.meta.resolve("../../apps/init.ts"),
    );
    return setUpExperiment(pipeline, console, folder, values);
  },
});

async function sizes(): Promise<readonly string[]> {
  const { SIZES } = await load<typeof import("../../../apps/init/plans.ts")>(
    import.meta.resolve("../../../apps/init/plans.ts"),
  );
  return SIZES;
}

async function models(): Promise<readonly string[]> {
  const { modelDescriptorNames } = await load<
    typeof import("../../../nmt/text/descriptors/models.ts")
  >(import.meta.resolve("../../../nmt/text/descriptors/models.ts"));
  return modelDescriptorNames();
}
