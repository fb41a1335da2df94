/** Finds the machine that made a recorded node, from the committed results or the run logs. */
import { dirname, join } from "@std/path";
import { z } from "zod";
import type { Json, NodeRecord } from "../../schemas/manifest.ts";
import { jsonIfValid, readIfThere } from "../files/atomic.ts";
import { readRuns } from "../store/run_log.ts";
import { readCached } from "../store/manifest.ts";

/** The part of committed results that is read here. */
const Measured = z.object({
  measured: z.record(z.string(), z.object({ machine: z.int().optional() })),
  machines: z.array(z.custom<Json>(() => true)),
});

/** The machine of a record; `manifest` is the path of its manifest. Undefined if it is not known. */
export function recordedMachine(
  manifest: string,
  node: string,
  { key }: NodeRecord,
): Json | undefined {
  const folder = dirname(manifest);
  const results = Measured.safeParse(
    jsonIfValid(readIfThere(join(folder, "results.json")) ?? ""),
  ).data;
  const machine = results?.machines[results.measured[node]?.machine ?? -1];
  if (machine !== undefined) return machine;
  const made = readCached(folder, key)?.run;
  return readRuns(folder).find(({ run }) => run === made)?.machine;
}
