/** The pipeline that this command line runs, and what is said of it: summary, data and licences, estimate, next steps. */
import { nextSteps } from "../apps/init/next_steps.ts";
import { systemsTable } from "../nmt/metrics/table.ts";
import { dataOrigins } from "../nmt/text/descriptors/origins.ts";
import pipeline from "../pipeline.ts";
import { load } from "./load.ts";
import type { ProjectPipeline } from "./project_pipeline.ts";

/** The stage that brings in data from outside. */
const FETCH = "fetch";

const project: ProjectPipeline = {
  ...pipeline,
  summary: systemsTable,
  remade: ["states"],
  origins: (stage, config) => stage === FETCH ? dataOrigins(config) : [],
  estimate: async (outlook) => {
    const { estimate } = await load<
      typeof import("../apps/estimate/estimate.ts")
    >(import.meta.resolve("../apps/estimate/estimate.ts"));
    return estimate(outlook);
  },
  notice: async (stage, config) => {
    if (stage !== FETCH) return [];
    const { downloads } = await load<
      typeof import("../apps/init/downloads.ts")
    >(import.meta.resolve("../apps/init/downloads.ts"));
    return downloads(config);
  },
  recompute: async (node) => {
    const { recompute } = await load<
      typeof import("../apps/results/recompute.ts")
    >(import.meta.resolve("../apps/results/recompute.ts"));
    return recompute(node);
  },
  next: nextSteps,
};

export default project;
