/** The command `describe`: nodes of the last run in the form of a public standard. */
import { command } from "../../command.ts";
import { load } from "../../load.ts";
import {
  artifacts,
  choice,
  experiment,
  flag,
  nodes,
  option,
} from "../../options.ts";

export default command({
  name: "describe",
  group: "share",
  summary: "nodes of the last run, in the form of a public standard",
  needsPipeline: true,
  arguments: { nodes },
  options: {
    format: choice(
      "<format>",
      "the standard",
      [
        ...["ro-crate", "in-toto", "croissant", "model-card"] as const,
        ...["csv", "tensorboard", "wandb"] as const,
      ],
      { isRequired: true },
    ),
    out: option("<path>", "a file, or a new folder for what is several files"),
    force: flag("replaces the file that --out names"),
    key: option<string | true | undefined>(
      "[file]",
      "signs a statement (default: the key of keygen)",
      {},
    ),
    experiment,
    artifacts,
  },
  examples: [
    ["--format ro-crate --out crate", "the last run as a Research Object"],
    ["--format model-card student:rkd", "for a model hub"],
    ["--format csv --out curves.csv", "how the models were trained"],
    ["--format wandb --out wandb", "the same for wandb sync"],
  ],
  run: async ({ console, pipeline }, { nodes, ...values }) => {
    const { describeRun } = await load<typeof import("../../apps/describe.ts")>(
      import.meta.resolve("../../apps/describe.ts"),
    );
    return describeRun(pipeline, console, nodes, values);
  },
});
