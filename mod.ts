/**
 * The library: translates with exported models, scores and compares, reads results, and runs pipelines.
 *
 * Within a clone it is imported as "@ckd/ckd"; elsewhere with `deno run --config CLONE/deno.json`.
 *
 * @module
 */
export {
  type ExportedModel,
  loadModel,
  translate,
} from "./apps/exported_model.ts";
export { readResults } from "./apps/results/committed.ts";
export { comparedIn } from "./apps/results/planned_family.ts";
export { type Pipeline, pipeline } from "./engine/graph/graph.ts";
export {
  type PipelineRun,
  type RanNode,
  runPipeline,
} from "./engine/run/run_pipeline.ts";
export type { Compared } from "./nmt/metrics/significance/planned.ts";
export { scoreLines, type ScoreReport } from "./nmt/metrics/score.ts";
export { type Stage, stage } from "./engine/graph/stage.ts";
