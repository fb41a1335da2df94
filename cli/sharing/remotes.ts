/** The remotes that a command line names, and the remote cache of a run. */
import type { RemoteCache } from "../../engine/run/runner.ts";
import { openRemoteCache } from "../../sharing/remote_cache.ts";
import { REDIRECTS } from "../../sharing/remotes/http_remote.ts";
import { openRemote } from "../../sharing/remotes/open.ts";
import type { Remote } from "../../sharing/remotes/remote.ts";
import {
  DEFAULT_NETWORK,
  type NetworkPolicy,
} from "../../sharing/remotes/request.ts";
import type { ProjectPipeline } from "../project_pipeline.ts";
import { policyOf, type TrustOptions } from "./trust.ts";

/** Remotes and how they are asked. */
export interface Remotes {
  readonly remotes: readonly Remote[];
  readonly network: NetworkPolicy;
}

/** Opens remotes; the signal ends all requests. */
export function openRemotes(
  addresses: readonly string[],
  signal: AbortSignal,
  { create = false } = {},
): Remotes {
  const network = { ...DEFAULT_NETWORK, signal };
  const redirects = Deno.env.get(REDIRECTS);
  const remotes = addresses.map((address) =>
    openRemote(address, { network, create, redirects })
  );
  return { remotes, network };
}

/** Where a run looks for a result before it makes one. */
export function remoteCacheAt(
  pipeline: ProjectPipeline,
  addresses: readonly string[],
  trust: TrustOptions,
  signal: AbortSignal,
): RemoteCache {
  const source = openRemotes(addresses, signal);
  return openRemoteCache(source, policyOf(trust), pipeline);
}
