/** The command `push`: sends the manifest, and the objects of nodes, to remotes; an exported model to the Hugging Face Hub. */
import { push, writerOf } from "../../../sharing/push.ts";
import { openWorkspace } from "../../../engine/store/workspace.ts";
import { isHubAddress } from "../../../sharing/hub/address.ts";
import type {
  Listener,
  Transferred,
} from "../../../sharing/transfer/download.ts";
import { command } from "../../command.ts";
import { artifactFolder } from "../../experiment.ts";
import { argument, artifacts, flag, json } from "../../options.ts";
import { exportNamed, hubPushes, pushExport } from "../../sharing/hub.ts";
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
    remote: argument("<remote>", "a folder, s3:// store or hf://USER/NAME"),
    words: argument(
      "[nodes...]",
      "names or globs, all unless given; ./FOLDER, s3:// and hf:// are further remotes",
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
    ["hf://ana/rkd export:rkd", "a model to the Hugging Face Hub"],
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
      const hubs = hubPushes(addresses);
      const remotes = await openRemotes(
        addresses.filter((address) => !isHubAddress(address)),
        signal,
        { create: true },
      );
      remotes.forEach(writerOf);
      const workspace = openWorkspace(artifactFolder(artifacts));
      const { manifest } = workspace;
      const exported = hubs.length > 0 && graph && manifest
        ? exportNamed(graph, manifest, nodes, hubs[0].address)
        : undefined;
      const { contents, shares } = await publishableContents(
        context,
        options,
        {
          nodes: exported !== undefined && remotes.length === 0
            ? [exported]
            : nodes,
          for: values.for,
        },
      );
      const { name } = contents.manifest.experiment;
      const isSigned = contents.signatures !== undefined;
      const sent: (Transferred & { readonly remote: string })[] = [];
      const send = async (
        what: string,
        remote: string,
        work: (listener: Listener) => Promise<Transferred>,
      ) => {
        const transferred = await transfer(context, options, work);
        sent.push({ remote, ...transferred });
        if (json) return;
        const text = transferredText(transferred);
        console.out(`Pushed "${what}" to "${remote}": ${text}.\n`);
      };
      for (const remote of remotes) {
        await send(
          name,
          remote.name,
          (listener) => push(contents, remote, { paranoid, force }, listener),
        );
      }
      for (const hub of hubs) {
        if (exported === undefined) break;
        await send(
          exported,
          hub.address.name,
          (listener) => pushExport(workspace, exported, hub, signal, listener),
        );
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
      if (!isSigned && remotes.length > 0) {
        console.err(
          'Nobody has signed this manifest, so others can take it with --unsigned only: "sign", and push again.\n',
        );
      }
    }),
});
