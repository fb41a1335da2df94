/** The command `push`: sends the manifest, and the objects of nodes, to remotes; an exported model to the Hugging Face Hub. */
import { push, writerOf } from "../../../sharing/push.ts";
import { openWorkspace } from "../../../engine/store/workspace.ts";
import { isHubAddress } from "../../../sharing/hub/address.ts";
import type {
  Listener,
  Transferred,
} from "../../../sharing/transfer/download.ts";
import { format } from "@std/fmt/bytes";
import type { ModelFile } from "../../../sharing/hub/push_model.ts";
import { command, type Context } from "../../command.ts";
import { counted } from "../../console/table.ts";
import { artifactFolder } from "../../experiment.ts";
import { argument, artifacts, flag, json, option } from "../../options.ts";
import { inputError } from "../../../base/input_error.ts";
import { load } from "../../load.ts";
import {
  exportedFiles,
  exportNamed,
  type HubPush,
  hubPushes,
  pushFiles,
} from "../../sharing/hub.ts";
import { openRemotes, remotesAndNodes } from "../../sharing/remotes.ts";
import { purpose, type Wish } from "../../sharing/selection.ts";
import {
  interruptible,
  publishableContents,
  sharedExperiment,
  type Transfer,
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
    model: option("<folder>", "that convert wrote, to hf:// alone"),
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
    ["hf://ana/tiny11 --model exported", "a public model, converted"],
  ],
  run: (context, { model, ...values }) =>
    interruptible(
      context,
      (signal) =>
        model === undefined
          ? pushRun(context, values, signal)
          : pushConverted(context, model, values, signal),
      { keeps: true },
    ),
});

interface Values {
  readonly remote: string;
  readonly words: readonly string[];
  readonly for: Wish["for"];
  readonly paranoid: boolean;
  readonly force: boolean;
  readonly artifacts: string | undefined;
  readonly json: boolean;
}

interface Sent extends Transferred {
  readonly remote: string;
}

/** Sends what a run made. */
async function pushRun(
  context: Context,
  { remote, words, paranoid, force, artifacts, json, ...values }: Values,
  signal: AbortSignal,
): Promise<void> {
  const { console } = context;
  const options = { name: "push", artifacts, json, signal } as const;
  const shared = await sharedExperiment(context, artifacts);
  const { addresses, nodes } = remotesAndNodes(
    shared?.graph,
    [remote, ...words],
  );
  const hubs = hubPushes(addresses);
  const remotes = await openRemotes(
    addresses.filter((address) => !isHubAddress(address)),
    signal,
    { create: true },
  );
  remotes.forEach(writerOf);
  const workspace = openWorkspace(artifactFolder(artifacts));
  const { manifest } = workspace;
  const exported = hubs.length > 0 && shared && manifest
    ? exportNamed(shared.graph, manifest, nodes, hubs[0].address)
    : undefined;
  const files = exported !== undefined && manifest !== undefined
    ? await exportedFiles(workspace, manifest, exported, hubs[0].address)
    : [];
  const wish = {
    nodes: exported !== undefined && remotes.length === 0 ? [exported] : nodes,
    for: values.for,
  };
  const { contents, shares } = await publishableContents(
    context,
    options,
    wish,
    shared,
  );
  const { name } = contents.manifest.experiment;
  const isSigned = contents.signatures !== undefined;
  const sent: Sent[] = [];
  for (const remote of remotes) {
    sent.push(
      await send(
        context,
        options,
        name,
        remote.name,
        (listener) => push(contents, remote, { paranoid, force }, listener),
      ),
    );
  }
  if (exported !== undefined) {
    sent.push(...await toHubs(context, options, exported, files, hubs));
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
}

/** Sends the folder of a converted model, which is of no run. */
async function pushConverted(
  context: Context,
  model: string,
  { remote, words, json, ...values }: Values,
  signal: AbortSignal,
): Promise<void> {
  const addresses = [remote, ...words];
  const other = addresses.find((address) => !isHubAddress(address)) ??
    (["for", "paranoid", "force", "artifacts"] as const)
      .filter((name) => values[name]).map((name) => `--${name}`)[0];
  if (other !== undefined) {
    throw inputError(
      `Cannot push "${model}" with "${other}": a converted model is of no run and goes to the Hub alone; expected hf://USER/NAME and no more.`,
    );
  }
  const hubs = hubPushes(addresses);
  const { modelForOthers } = await load<
    typeof import("../../../apps/converted_model.ts")
  >(import.meta.resolve("../../../apps/converted_model.ts"));
  const { files, others } = await modelForOthers(model);
  if (!json) {
    const bytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
    const rest = others.length === 0
      ? ""
      : `; not sent, as convert did not write it: ${
        others.map((name) => `"${name}"`).join(", ")
      }`;
    context.console.err(
      `${counted(files.length, "file")} of ${format(bytes)}${rest}.\n`,
    );
  }
  const options = { name: "push", artifacts: undefined, json, signal } as const;
  const remotes = await toHubs(context, options, model, files, hubs);
  if (json) context.console.out(JSON.stringify({ model, remotes }) + "\n");
}

/** Sends the files of a model to repositories, one after the other. */
async function toHubs(
  context: Context,
  options: Transfer,
  what: string,
  files: readonly ModelFile[],
  hubs: readonly HubPush[],
): Promise<Sent[]> {
  const sent: Sent[] = [];
  for (const hub of hubs) {
    sent.push(
      await send(
        context,
        options,
        what,
        hub.address.name,
        (listener) => pushFiles(files, hub, options.signal, listener),
      ),
    );
  }
  return sent;
}

/** Sends something to a remote, and prints what was sent. */
async function send(
  context: Context,
  options: Transfer,
  what: string,
  remote: string,
  work: (listener: Listener) => Promise<Transferred>,
): Promise<Sent> {
  const transferred = await transfer(context, options, work);
  if (!options.json) {
    context.console.out(
      `Pushed "${what}" to "${remote}": ${transferredText(transferred)}.\n`,
    );
  }
  return { remote, ...transferred };
}
