/** The command `report`: one HTML file on the last run. */
import { command } from "../../command.ts";
import { load } from "../../load.ts";
import { artifacts, experiment, flag, option } from "../../options.ts";

export default command({
  name: "report",
  group: "look",
  summary: "one HTML file on the last run: graph, results, models",
  needsPipeline: true,
  options: {
    experiment,
    out: option("<file>", "where it goes (default: in the artifact folder)"),
    against: option("<manifest>", "an earlier run, to be compared with"),
    force: flag("replaces any file there, not only a report"),
    artifacts,
  },
  examples: [["--out report.html", "one page, to send or to put online"]],
  run: async ({ console, pipeline }, values) => {
    const { writeReport } = await load<typeof import("../../apps/report.ts")>(
      import.meta.resolve("../../apps/report.ts"),
    );
    return writeReport(pipeline, console, values);
  },
});
