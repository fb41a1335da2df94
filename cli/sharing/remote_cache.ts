/** The remote cache that a command line names, whose modules are loaded where there is one. */
import type { RemoteCache } from "../../engine/run/runner.ts";
import { load } from "../load.ts";
import type { ProjectPipeline } from "../project_pipeline.ts";
import type { TrustOptions } from "./trust.ts";

export async function remoteCacheOf(
  pipeline: ProjectPipeline,
  { remote, ...trust }: TrustOptions & { readonly remote: readonly string[] },
  signal: AbortSignal,
): Promise<RemoteCache | undefined> {
  if (remote.length === 0) return undefined;
  const { remoteCacheAt } = await load<typeof import("./remotes.ts")>(
    import.meta.resolve("./remotes.ts"),
  );
  return remoteCacheAt(pipeline, remote, trust, signal);
}
