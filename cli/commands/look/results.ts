/** The command `results`: the results of an experiment in tables. */
import { command } from "../../command.ts";
import { load } from "../../load.ts";
import { artifacts, choice, experiment, flag, json } from "../../options.ts";

export default command({
  name: "results",
  group: "look",
  summary: "the table of systems: committed results, or the last run",
  needsPipeline: true,
  options: {
    table: choice(
      "<what>",
      "scores (unless given), differences, planned ones alone, learning curves, grids, or scores by test set",
      ["systems", "comparisons", "planned", "curves", "tuning", "sets"],
    ),
    experiment: {
      ...experiment,
      // Of all of them none is the one that is meant, unless it is named.
      fallback: (values) =>
        values.all === true
          ? Promise.resolve("")
          : experiment.fallback?.(values) ?? Promise.resolve(""),
    },
    all: flag("all tables, of all experiments whose results are committed"),
    last: flag("the last run, though results are committed"),
    save: flag("makes those of the last run the committed ones"),
    recompute: flag(
      "computes the committed figures anew from their statistics; with --save, comparisons of an earlier version become those",
    ),
    latex: flag("a LaTeX table with booktabs"),
    artifacts,
    json,
  },
  examples: [
    ["", "as Markdown"],
    ["--latex", "for a paper"],
    ["--all --recompute", "every committed figure, computed anew"],
    ["--experiment tiny --last", "of the last run, not those committed"],
  ],
  run: async ({ console, pipeline }, values) => {
    if (values.all) {
      const { printAllResults } = await load<
        typeof import("../../apps/all_results.ts")
      >(import.meta.resolve("../../apps/all_results.ts"));
      return printAllResults(console, values);
    }
    const { printResults } = await load<typeof import("../../apps/results.ts")>(
      import.meta.resolve("../../apps/results.ts"),
    );
    return printResults(pipeline, console, values);
  },
});
