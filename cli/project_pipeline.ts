/** A pipeline and what the command line says of it: the type of what `project.ts` registers. */
import type { GivenWords, NextStep } from "../apps/init/next_steps.ts";
import type { Estimate, Outlook } from "../engine/graph/estimate.ts";
import type { Pipeline } from "../engine/graph/graph.ts";
import type { Json, Metrics } from "../schemas/manifest.ts";

/** A node that is up to date. */
export interface NodeSummary {
  readonly name: string;
  readonly metrics: Metrics;
  readonly measurements: Metrics;
}

export interface ProjectPipeline extends Pipeline {
  /** Text that is printed at the end of a run, such as a table of results. */
  summary?(nodes: readonly NodeSummary[]): string;
  /** The time and disk space that some nodes will take. */
  estimate?(outlook: Outlook): Promise<Estimate>;
  /** Sentences on what a node of this stage and config downloads or copies, printed before it runs. */
  notice?(stage: string, config: Json): Promise<readonly string[]>;
  /** Stages whose outputs are remade sooner than they are sent. */
  readonly remade?: readonly string[];
  /** Commands that use the nodes that are up to date after a run. */
  next?(nodes: readonly NodeSummary[], given: GivenWords): readonly NextStep[];
}
