/** The command `export`: writes the manifest, and the objects of nodes, to one file. */
import { outputPath } from "../../../engine/files/output_file.ts";
import { bundleOutput, exportBundle } from "../../../sharing/bundles/export.ts";
import { command } from "../../command.ts";
import { argument, artifacts, flag, json } from "../../options.ts";
import { purpose, sentNodes } from "../../sharing/selection.ts";
import {
  interruptible,
  publishableContents,
  stoppable,
  transfer,
  transferredText,
} from "../../sharing/transfer.ts";

export default command({
  name: "export",
  group: "share",
  summary: "writes the manifest, and what nodes made, to one file",
  needsPipeline: false,
  arguments: { file: argument("<file>"), nodes: sentNodes },
  options: {
    for: purpose,
    force: flag("replaces any file there, not only a bundle"),
    artifacts,
    json,
  },
  examples: [
    ["quick.tar", "one file, to hand over"],
    ["rkd.tar export:rkd", "a model, and the manifest that proves it"],
  ],
  run: (context, { file, force, artifacts, json, ...wish }) =>
    interruptible(context, async (signal) => {
      const options = { name: "export", artifacts, json, signal } as const;
      const output = bundleOutput(force);
      outputPath(file, output);
      const { contents, shares } = await publishableContents(
        context,
        options,
        wish,
      );
      const { name } = contents.manifest.experiment;
      const written = await transfer(
        context,
        options,
        (listener) =>
          exportBundle(contents, file, stoppable(listener, signal), output),
      );
      context.console.out(
        json
          ? JSON.stringify({
            experiment: name,
            file,
            ...written,
            nodes: shares,
          }) + "\n"
          : `Exported "${name}" to "${file}": ${transferredText(written)}.\n`,
      );
    }, { keeps: false }),
});
