/** The command `import`: takes in the file that `export` wrote. */
import { openBundleFile } from "../../../sharing/bundles/bundle.ts";
import { importBundle } from "../../../sharing/bundles/import.ts";
import { command } from "../../command.ts";
import {
  argument,
  artifacts,
  json,
  signedBy,
  unsigned,
} from "../../options.ts";
import {
  interruptible,
  metricsCheck,
  notHeldText,
  stoppable,
  transferredText,
  transferToFolder,
} from "../../sharing/transfer.ts";
import { policyOf, signersText } from "../../sharing/trust.ts";

export default command({
  name: "import",
  group: "share",
  summary: "takes in the file that export wrote",
  needsPipeline: false,
  arguments: { file: argument("<file>") },
  options: { signedBy, unsigned, artifacts, json },
  examples: [["quick.tar --signed-by me.pub", "what export wrote"]],
  run: (context, { file, artifacts, json, ...values }) =>
    interruptible(context, async (signal) => {
      const options = { name: "import", artifacts, json, signal } as const;
      const policy = policyOf(values);
      // Before a folder is created for a file that cannot be read.
      openBundleFile(file).close();
      const imported = await transferToFolder(
        context,
        options,
        (workspace, listener) =>
          importBundle(
            workspace,
            file,
            policy,
            stoppable(listener, signal),
            metricsCheck(context, listener),
          ),
      );
      const { experiment, nodes, notHeld, signedBy } = imported;
      context.console.out(
        json
          ? JSON.stringify({ file, ...imported }) + "\n"
          : `Imported "${experiment}" from "${file}", ${
            signersText(signedBy)
          }: ${nodes} nodes, ${transferredText(imported)}${
            notHeldText(notHeld)
          }.\n`,
      );
    }, { keeps: false }),
});
