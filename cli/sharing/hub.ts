/** What `push` sends to the Hugging Face Hub: the files of one model, exported or converted. */
import { inputError } from "../../base/input_error.ts";
import { statIfThere } from "../../base/stat.ts";
import { commandToRun } from "../../engine/store/command_to_run.ts";
import { failure } from "../../engine/files/failure.ts";
import { hashFile } from "../../engine/files/hash.ts";
import type { Graph } from "../../engine/graph/graph.ts";
import { select } from "../../engine/graph/selection.ts";
import type { Workspace } from "../../engine/store/workspace.ts";
import type { Manifest } from "../../schemas/manifest.ts";
import {
  type HubAccess,
  hubAccess,
  type HubAddress,
  isHubAddress,
  parseHubAddress,
} from "../../sharing/hub/address.ts";
import type { ModelFile } from "../../sharing/hub/push_model.ts";
import { DEFAULT_NETWORK } from "../../sharing/remotes/request.ts";
import type { Listener, Transferred } from "../../sharing/transfer/download.ts";
import type { Remedies } from "../../apps/licences.ts";
import { load } from "../load.ts";
import { filesOfNode } from "./node_files.ts";

export interface HubPush {
  readonly address: HubAddress;
  readonly access: HubAccess;
}

/** The repositories among the addresses, with endpoint and token. @throws an input error where one cannot be used */
export function hubPushes(addresses: readonly string[]): HubPush[] {
  const hubs = addresses.filter(isHubAddress).map(parseHubAddress);
  if (hubs.length === 0) return [];
  const access = hubAccess(Deno.env.toObject());
  return hubs.map((address) => ({ address, access }));
}

/** The one export among the named nodes, or of the run. @throws an input error where there is another number of them */
export function exportNamed(
  graph: Graph,
  { nodes: records }: Manifest,
  nodes: readonly string[],
  { name }: HubAddress,
): string {
  const isExport = (node: string) => records[node]?.preimage.stage === "export";
  const exports = Object.keys(records).filter(isExport);
  const asked = nodes.length === 0
    ? exports
    : [...select(graph, { nodes }).asked];
  const [first, ...others] = asked;
  if (first !== undefined && others.length === 0 && isExport(first)) {
    return first;
  }
  const found = asked.length === 0 ? "none" : asked.join(", ");
  const hint = exports.length === 0
    ? 'make one, such as "deno task pipeline run export:NAME"'
    : `name one of ${exports.join(", ")}`;
  throw inputError(
    `Cannot push to "${name}": expected one exported model, found ${found}; ${hint}.`,
  );
}

/**
 * The files of the model that a node has exported.
 *
 * @throws a failure where one is missing or damaged, an input error where the licences of what it was made of do not let
 * others have it
 */
export async function exportedFiles(
  workspace: Workspace,
  manifest: Manifest,
  node: string,
  { name: repository }: HubAddress,
): Promise<ModelFile[]> {
  const files = filesOfNode(workspace, node, "push")
    .map(({ path, source, ...file }) => ({
      ...file,
      name: path,
      path: source,
    }));
  for (const { name, path, sha256 } of files) {
    if (
      statIfThere(path) !== undefined &&
      (await hashFile(path)).sha256 === sha256
    ) continue;
    throw failure(
      `Cannot push "${name}": it is missing or damaged in the artifact folder; make it again with "${
        commandToRun(workspace, ["--force", node])
      }".`,
    );
  }
  const { readExport } = await load<typeof import("../../apps/models.ts")>(
    import.meta.resolve("../../apps/models.ts"),
  );
  const { licencesOfExport, whyNotForOthers } = await load<
    typeof import("../../apps/licences.ts")
  >(import.meta.resolve("../../apps/licences.ts"));
  const folder = workspace.store.path(manifest.nodes[node].outputs.folder);
  const licences = licencesOfExport(
    manifest,
    node,
    readExport(folder),
  );
  const why = whyNotForOthers(licences, REMEDIES);
  if (why === undefined) return files;
  throw inputError(
    `Cannot push "${node}" to "${repository}": ${why}.`,
  );
}

const OWN = "a folder or S3 store of your own takes it as it is";
const REMEDIES: Remedies = {
  unstated:
    `find its terms, write them into experiment or descriptor and export it again; ${OWN}`,
  forbidden: `ask its owner for other terms, or train without it; ${OWN}`,
};

/** Sends the files of a model to a repository. */
export async function pushFiles(
  files: readonly ModelFile[],
  { address, access }: HubPush,
  signal: AbortSignal,
  listener: Listener,
): Promise<Transferred> {
  const { pushModel } = await load<
    typeof import("../../sharing/hub/push_model.ts")
  >(import.meta.resolve("../../sharing/hub/push_model.ts"));
  const network = { ...DEFAULT_NETWORK, signal };
  return await pushModel(files, address, access, network, listener);
}
