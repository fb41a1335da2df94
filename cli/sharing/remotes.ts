/** The remotes that a command line names, and the remote cache of a run. */
import { inputError, isInputError } from "../../base/input_error.ts";
import type { Graph } from "../../engine/graph/graph.ts";
import { nodesNamed, select } from "../../engine/graph/selection.ts";
import type { RemoteCache } from "../../engine/run/runner.ts";
import { openRemoteCache } from "../../sharing/remote_cache.ts";
import { REDIRECTS } from "../../sharing/remotes/http_remote.ts";
import { openRemote } from "../../sharing/remotes/open.ts";
import type { Remote } from "../../sharing/remotes/remote.ts";
import { DEFAULT_NETWORK } from "../../sharing/remotes/request.ts";
import type { ProjectPipeline } from "../project_pipeline.ts";
import { policyOf, type TrustOptions } from "./trust.ts";

/** What a push is asked for. */
export interface Sent {
  readonly addresses: readonly string[];
  /** Names or globs. */
  readonly nodes: readonly string[];
}

/**
 * Tells remotes from nodes by how they are written, whatever folders there are: the first word is a remote, of the others
 * those that are an address or a path as ./FOLDER.
 *
 * @param graph undefined if nothing was run that could be pushed
 * @throws an input error if the first word is a node, or another is neither a node nor a remote
 */
export function remotesAndNodes(
  graph: Graph | undefined,
  [first, ...others]: readonly string[],
): Sent {
  const nodes = others.filter((word) => !isAddress(word));
  const sent = { addresses: [first, ...others.filter(isAddress)], nodes };
  if (graph === undefined) return sent;
  if (!isAddress(first) && nodesNamed(graph, first).length > 0) {
    throw inputError(
      `Cannot push to "${first}": it is a node; name a remote before it, or write ./${first} for a folder of that name.`,
    );
  }
  for (const word of nodes) {
    try {
      select(graph, { nodes: [word] });
    } catch (error) {
      if (!isInputError(error)) throw error;
      throw inputError(
        `${error.message.replace(/\.$/, "")}; a remote is written ./${word}.`,
      );
    }
  }
  return sent;
}

function isAddress(word: string): boolean {
  return /:\/\/|^\.{0,2}[/\\]|^[A-Za-z]:[/\\]/.test(word);
}

/** Opens remotes that can be asked, before any work is done; the signal ends all requests. */
export async function openRemotes(
  addresses: readonly string[],
  signal: AbortSignal,
  { create = false } = {},
): Promise<Remote[]> {
  const network = { ...DEFAULT_NETWORK, signal };
  const redirects = Deno.env.get(REDIRECTS);
  const remotes = addresses.map((address) =>
    openRemote(address, { network, create, redirects })
  );
  for (const remote of remotes) await remote.check?.();
  return remotes;
}

/** Where a run looks for a result before it makes one. */
export async function remoteCacheAt(
  pipeline: ProjectPipeline,
  addresses: readonly string[],
  trust: TrustOptions,
  signal: AbortSignal,
): Promise<RemoteCache> {
  const remotes = await openRemotes(addresses, signal);
  return openRemoteCache(remotes, policyOf(trust), pipeline);
}
