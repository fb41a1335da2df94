/** On which machine a recorded node was made: told by the results beside its manifest, or by the runs of its folder. */
import { dirname, join } from "@std/path";
import { z } from "zod";
import type { Json, NodeRecord } from "../../schemas/manifest.ts";
import { jsonIfWhole, readIfThere } from "../files/atomic.ts";
import { readRuns } from "../store/run_log.ts";
import { readCached } from "../store/manifest.ts";

/** Of the committed results, what is looked for here. */
const Measured = z.object({
  measured: z.record(z.string(), z.object({ machine: z.int().optional() })),
  machines: z.array(z.custom<Json>(() => true)),
});

/** `manifest` is the path of the manifest that the record is in; undefined where nothing tells. */
export function recordedMachine(
  manifest: string,
  node: string,
  { key }: NodeRecord,
): Json | undefined {
  const folder = dirname(manifest);
  const results = Measured.safeParse(
    jsonIfWhole(readIfThere(join(folder, "results.json")) ?? ""),
  ).data;
  const told = results?.machines[results.measured[node]?.machine ?? -1];
  if (told !== undefined) return told;
  const made = readCached(folder, key)?.run;
  return readRuns(folder).find(({ run }) => run === made)?.machine;
}
