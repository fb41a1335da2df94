/** The final figures of a trained model: scores with their intervals, int8, sizes, and seconds of its nodes. */
import { prefixOf } from "../../../schemas/subwords.ts";
import type { Described } from "../record.ts";
import type { Training } from "./values.ts";

/** A model's nodes beside the one that trained it, and what their seconds are called. */
const SECONDS = {
  "time/evaluation_seconds": "evaluate",
  "time/export_seconds": "export",
} as const;

/**
 * By the names under which trackers show them, those that are known: BLEU and chrF from 0 to 100 with the bounds of their 95 %
 * confidence intervals, `_int8` those of the model in 8-bit integers; parameters; bytes of the models; seconds. The manifest
 * has only nodes that belong together: what is outdated has no figures.
 */
export function finalFigures(
  { manifest, results }: Pick<Described["source"], "manifest" | "results">,
  { node, run, parameters }: Training,
): Record<string, number> {
  const prefix = prefixOf(node.name);
  const exported = manifest.nodes[`${prefix}export:${run.name}`]?.metrics;
  const evaluated = manifest.nodes[`${prefix}evaluate:${run.name}`]?.metrics;
  const figures: Record<string, string | number | undefined> = {
    "test/bleu": run.bleu.score,
    "test/bleu_low": run.bleu.low,
    "test/bleu_high": run.bleu.high,
    "test/bleu_int8": exported?.["int8.bleu"],
    "time/training_seconds": run.trainingSeconds,
    "test/chrf": run.chrf.score,
    "test/chrf_low": run.chrf.low,
    "test/chrf_high": run.chrf.high,
    "test/chrf_int8": exported?.["int8.chrf"],
    parameters,
    "size/bytes": evaluated?.bytes,
    "size/bytes_int8": exported?.["int8.bytes"],
    ...Object.fromEntries(
      Object.entries(SECONDS).map(([name, stage]) => [
        name,
        results.measured[`${prefix}${stage}:${run.name}`]?.seconds,
      ]),
    ),
    "time/sentences_per_second": run.sentencesPerSecond,
  };
  return Object.fromEntries(
    Object.entries(figures).flatMap(([name, figure]) =>
      typeof figure === "number" ? [[name, figure]] : []
    ),
  );
}
