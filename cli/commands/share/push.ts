/** The command `push`: sends the manifest, and the objects of nodes, to remotes. */
import { push, writerOf } from "../../../sharing/push.ts";
import type { Transferred } from "../../../sharing/transfer/download.ts";
import { command } from "../../command.ts";
import { argument, artifacts, flag, json } from "../../options.ts";
import { openRemotes, remotesAndNodes } from "../../sharing/remotes.ts";
import { purpose } from "../../sharing/selection.ts";
import {
  interruptible,
  publishableContents,
  sharedGraph,
  transfer,
  transferredText,
} from "../../sharing/transfer.ts";

export default command({
  name: "push",
  group: "share",
  summary: "sends the manifest, and what nodes made, to remotes",
  needsPipeline: false,
  arguments: {
    remote: argument("<remote>", "a folder or s3:// store"),
    words: argument(
      "[nodes...]",
      "names or globs, all unless given; ./FOLDER and s3:// are further remotes",
    ),
  },
  options: {
    for: purpose,
    paranoid: flag("reads back what is there already"),
    force: flag("takes the name of another experiment there"),
    artifacts,
    json,
  },
  examples: [
    ["/mnt/models", "to a folder"],
    ["/mnt/models export:rkd", "a model, and the manifest that proves it"],
    ["s3://bucket/models", "to a store of S3's kind"],
  ],
  run: (
    context,
    { remote, words, paranoid, force, artifacts, json, ...values },
  ) =>
    interruptible(context, async (signal) => {
      const { console } = context;
      const options = { name: "push", artifacts, json, signal } as const;
      const graph = await sharedGraph(context, artifacts);
      const { addresses, nodes } = remotesAndNodes(graph, [remote, ...words]);
      const remotes = await openRemotes(addresses, signal, { create: true });
      remotes.forEach(writerOf);
      const { contents, shares } = await publishableContents(
        context,
        options,
        { nodes, for: values.for },
      );
      const { name } = contents.manifest.experiment;
      const isSigned = contents.signatures !== undefined;
      const sent: (Transferred & { readonly remote: string })[] = [];
      for (const remote of remotes) {
        const transferred = await transfer(
          context,
          options,
          (listener) => push(contents, remote, { paranoid, force }, listener),
        );
        sent.push({ remote: remote.name, ...transferred });
        if (!json) {
          const text = transferredText(transferred);
          console.out(`Pushed "${name}" to "${remote.name}": ${text}.\n`);
        }
      }
      if (json) {
        const report = {
          experiment: name,
          signed: isSigned,
          remotes: sent,
          nodes: shares,
        };
        console.out(JSON.stringify(report) + "\n");
      }
      if (!isSigned) {
        console.err(
          'Nobody has signed this manifest, so others can take it with --unsigned only: "sign", and push again.\n',
        );
      }
    }),
});
