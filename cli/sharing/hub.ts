/** What `push` sends to the Hugging Face Hub: the files of one model, exported or converted. */
import { inputError } from "../../base/input_error.ts";
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
import { load } from "../load.ts";
import { filesToGet } from "./node_files.ts";

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

/** The files of the model that a node has exported. */
export function exportedFiles(workspace: Workspace, node: string): ModelFile[] {
  return filesToGet(workspace, node)
    .map(({ path, source, ...file }) => ({
      ...file,
      name: path,
      path: source,
    }));
}

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
