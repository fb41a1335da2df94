/** The command `results`: the table of an experiment's systems, from its committed results or the last run. */
import { basename, join } from "@std/path";
import { artifactFolder, type Console, EXIT } from "../engine/commands.ts";
import { readExperiment } from "../engine/experiment.ts";
import type { Pipeline } from "../engine/graph.ts";
import { ROOT } from "../engine/project.ts";
import { openWorkspace } from "../engine/workspace.ts";
import { type Format, tableOf } from "../metrics/table.ts";
import { inputError } from "../schemas/errors.ts";
import type { Json } from "../schemas/manifest.ts";
import type { Figure, Results, System } from "../schemas/results.ts";
import { committedFolder, readResults, saveResults } from "./committed.ts";
import { gather, type Gathered } from "./gather.ts";

export interface ResultsOptions {
  readonly experiment: string;
  readonly artifacts?: string;
  readonly json: boolean;
  readonly latex: boolean;
  /** Whether the last run is told, though results are committed. */
  readonly last: boolean;
  /** Whether those of the last run become the committed ones. */
  readonly save: boolean;
}

/** Prints the table, and on standard error where its figures are from. */
export function resultsCommand(
  pipeline: Pipeline,
  console: Console,
  options: ResultsOptions,
): number {
  if (options.json && options.latex) {
    throw inputError("Cannot print --json and --latex at once; name one.");
  }
  const artifacts = artifactFolder(options.artifacts);
  const name = basename(options.experiment).replace(/\.jsonc?$/, "");
  const folder = committedFolder(artifacts, name);
  // A name of dots would lead out of the folder of results.
  const committed = options.last || options.save || /^\.*$/.test(name)
    ? undefined
    : readResults(artifacts, name);
  if (committed !== undefined) {
    console.err(`The committed results of "${name}", ${folder}.\n`);
    console.out(resultsText(committed, options) + "\n");
    return EXIT.done;
  }
  const found = lastRun(pipeline, artifacts, options.experiment);
  if (found.leftOut.length > 0) {
    console.err(
      `Left out, as they were made of others than the last run has: ${
        found.leftOut.join(", ")
      }.\n`,
    );
  }
  if (options.save) saveResults(artifacts, found);
  console.err(
    options.save
      ? `Saved to ${folder}.\n`
      : `The last run of "${name}" in ${artifacts}, which is not committed.\n`,
  );
  console.out(resultsText(found.results, options) + "\n");
  return EXIT.done;
}

/** What the command prints of results. */
export function resultsText(
  { experiment, systems }: Pick<Results, "experiment" | "systems">,
  options: Pick<ResultsOptions, "json" | "latex">,
): string {
  if (options.json) {
    return JSON.stringify({ experiment, systems: systems.map(systemJson) });
  }
  const format: Format = options.latex ? "latex" : "markdown";
  return tableOf(systems, format);
}

/** `toTeacher` and `p` are of BLEU and against the teacher; null where there is nothing to say. */
function systemJson(system: System): Json {
  const { bleu, chrf, parameters, runs } = system;
  return {
    ...system.pair === undefined ? {} : { pair: system.pair },
    system: system.system,
    parameters,
    bytes: system.bytes ?? null,
    bleu: bleu.score,
    chrf: chrf.score,
    toTeacher: bleu.to.teacher?.difference ?? null,
    p: bleu.to.teacher?.p ?? null,
    toRkd: bleu.to.rkd?.difference ?? null,
    pRkd: bleu.to.rkd?.p ?? null,
    seeds: runs.length,
    trainingSeconds: system.trainingSeconds ?? null,
    sentencesPerSecond: system.sentencesPerSecond ?? null,
    int8: system.int8 ?? null,
    figures: { bleu: figureJson(bleu), chrf: figureJson(chrf) },
    runs: runs.map((run) => ({
      ...run,
      bleu: figureJson(run.bleu),
      chrf: figureJson(run.chrf),
    })),
  };
}

function figureJson({ to, ...figure }: Figure): Json {
  return { ...figure, to: { ...to } };
}

function lastRun(
  pipeline: Pipeline,
  artifacts: string,
  given: string,
): Gathered {
  const { name, value, what } = readExperiment(
    join(ROOT, "experiments"),
    given,
    [],
  );
  const workspace = openWorkspace(artifacts);
  const { manifest } = workspace;
  const remedy = `run "deno task pipeline --experiment ${given}"`;
  if (manifest === undefined || manifest.experiment.name !== name) {
    throw inputError(
      `Cannot show results of "${name}": none are committed in "${
        committedFolder(artifacts, name)
      }", and ${
        manifest === undefined
          ? `nothing was run in "${artifacts}"`
          : `the last run in "${artifacts}" was of "${manifest.experiment.name}"`
      }; ${remedy}.`,
    );
  }
  // The file may have changed since the run, and its order is the one that a reader expects.
  const graph = pipeline.graph(manifest.experiment.value, what);
  const order = [...pipeline.graph(value, what).keys()];
  const gathered = gather(workspace, manifest, graph, order);
  if (gathered.results.systems.length === 0) {
    throw inputError(
      `Cannot show results of "${name}": the last run in "${artifacts}" evaluated nothing; ${remedy}.`,
    );
  }
  return gathered;
}
