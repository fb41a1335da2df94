/** The remote cache that a command line names, whose modules are loaded where there is one. */
import type { RemoteCache } from "../engine/run/runner.ts";
import { load } from "./load.ts";
import type { ProjectPipeline } from "./project_pipeline.ts";
import type { TrustOptions } from "./sharing/trust.ts";

export async function remoteCacheOf(
  pipeline: ProjectPipeline,
  { remote, ...trust }: TrustOptions & { readonly remote: readonly string[] },
  signal: AbortSignal,
): Promise<RemoteCache | undefined> {
  if (remote.length === 0) return undefined;
  const { remoteCacheAt } = await load<typeof import("./sharing/remotes.ts")>(
    import.meta.resolve("./sharing/remotes.ts"),
  );
  return remoteCacheAt(pipeline, remote, trust, signal);
}
