/** The command `status`: one row for each node of an experiment. */
import { select } from "../../../engine/graph/selection.ts";
import { status } from "../../../engine/run/preview.ts";
import { command } from "../../command.ts";
import { printPreview } from "../../console/node_reports.ts";
import {
  artifactFolder,
  openExperiment,
  otherValues,
} from "../../experiment.ts";
import { nodes, onExperiment, selecting } from "../../options.ts";

export default command({
  name: "status",
  group: "look",
  summary: "one row a node: state, reason, size, age",
  needsPipeline: true,
  arguments: { nodes },
  options: { ...onExperiment, ...selecting },
  examples: [
    ["", "every node of the current experiment"],
    ["'student:*' --experiment tiny", "some of another one"],
    ["--json", "for scripts; exit code 10 where something would run"],
  ],
  run: async ({ console, pipeline, commandNames }, values) => {
    const experiment = openExperiment(pipeline, values);
    const { graph, name } = experiment;
    const artifacts = artifactFolder(values.artifacts);
    select(graph, values, commandNames);
    const reports = await status(graph, {
      artifacts,
      selection: values,
      paranoid: values.paranoid,
    });
    const { json } = values;
    return printPreview(console, reports, {
      experiment: name,
      otherValues: otherValues(experiment, artifacts, values.set),
      json,
    });
  },
});
