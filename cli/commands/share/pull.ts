/** The command `pull`: takes the manifest and the objects of an experiment from remotes. */
import { parse } from "../../../base/input_error.ts";
import { SharedName } from "../../../schemas/sharing.ts";
import { pull } from "../../../sharing/pull.ts";
import { command } from "../../command.ts";
import { nameOf } from "../../experiment.ts";
import {
  argument,
  artifacts,
  experiment,
  json,
  signedBy,
  unsigned,
} from "../../options.ts";
import { openRemotes } from "../../sharing/remotes.ts";
import {
  interruptible,
  metricsCheck,
  notHeldText,
  transferredText,
  transferToFolder,
} from "../../sharing/transfer.ts";
import { policyOf, signersText } from "../../sharing/trust.ts";

export default command({
  name: "pull",
  group: "share",
  summary: "takes an experiment's manifest and its objects from remotes",
  needsPipeline: false,
  arguments: {
    remotes: argument("<remotes...>", "folders, https:// or s3:// stores"),
  },
  options: { experiment, signedBy, unsigned, artifacts, json },
  examples: [
    ["https://example.org/models --signed-by me.pub", "from whom you trust"],
  ],
  run: (context, { artifacts, json, ...values }) =>
    interruptible(context, async (signal) => {
      const options = { name: "pull", artifacts, json, signal } as const;
      const experiment = parse(
        SharedName,
        nameOf(values.experiment),
        "--experiment",
      );
      const remotes = await openRemotes(values.remotes, signal);
      const policy = policyOf(values);
      const pulled = await transferToFolder(
        context,
        options,
        (workspace, listener) => {
          const check = metricsCheck(context, listener);
          return pull(workspace, experiment, policy, remotes, listener, check);
        },
      );
      const { remote, nodes, notHeld, signedBy } = pulled;
      context.console.out(
        json
          ? JSON.stringify({ experiment, ...pulled }) + "\n"
          : `Pulled "${experiment}" from "${remote}", ${
            signersText(signedBy)
          }: ${nodes} nodes, ${transferredText(pulled)}${
            notHeldText(notHeld)
          }.\n`,
      );
    }, { keeps: true }),
});
