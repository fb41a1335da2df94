/** The remotes that a command line names, and the remote cache of a run. */
import { statIfThere } from "../../base/stat.ts";
import type { RemoteCache } from "../../engine/run/runner.ts";
import { openRemoteCache } from "../../sharing/remote_cache.ts";
import { REDIRECTS } from "../../sharing/remotes/http_remote.ts";
import { openRemote } from "../../sharing/remotes/open.ts";
import type { Remote } from "../../sharing/remotes/remote.ts";
import { DEFAULT_NETWORK } from "../../sharing/remotes/request.ts";
import type { ProjectPipeline } from "../project_pipeline.ts";
import { policyOf, type TrustOptions } from "./trust.ts";

/** Whether a word among nodes is a remote: an address, a path that begins as one, or a folder that is there. */
export function isAddress(word: string): boolean {
  return /:\/\/|^[./\\]|^[A-Za-z]:[\\/]/.test(word) ||
    statIfThere(word)?.isDirectory === true;
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
