/** Prints the results of an experiment, committed or of the last run, as tables or JSON. */
import { comparedIn, plannedIn } from "../../apps/results/planned_family.ts";
import type { Console } from "../console/console.ts";
import { EXIT } from "../exit.ts";
import { artifactFolder, EXPERIMENTS, nameOf } from "../experiment.ts";
import { join } from "@std/path";
import { statIfThere } from "../../base/stat.ts";
import { readExperiment } from "../../engine/graph/experiment.ts";
import { canonical } from "../../engine/files/hash.ts";
import { readManifest } from "../../engine/store/manifest.ts";
import { fewNames, stacked } from "../console/table.ts";
import type { ProjectPipeline } from "../project_pipeline.ts";
import { checkPublishable } from "../sharing/publication_check.ts";
import { sharedWithGroup } from "../../engine/files/group_folder.ts";
import type { Store } from "../../engine/store/object_store.ts";
import { inProgressOf } from "../../engine/store/run_log.ts";
import { openWorkspace, type Workspace } from "../../engine/store/workspace.ts";
import { type Format, FORMATS, tableOf } from "../../nmt/metrics/table.ts";
import { commandToRun } from "../../engine/store/command_to_run.ts";
import { inputError } from "../../base/input_error.ts";
import type { ScoreName } from "../../schemas/experiment/evaluation.ts";
import type { Json } from "../../schemas/manifest.ts";
import type { Difference, Figure, System } from "../../schemas/results.ts";
import {
  committedFolder,
  readResults,
  saveResults,
} from "../../apps/results/committed.ts";
import {
  curvesJson,
  curvesTables,
  learningCurves,
} from "../../apps/results/curves.ts";
import {
  gather,
  type Gathered,
  type Saved,
} from "../../apps/results/gather.ts";
import { joinedWithCommitted } from "../../apps/results/joined.ts";
import { pack, packedIn } from "../../apps/results/packed.ts";
import { recomputed } from "../../apps/results/recomputed.ts";
import {
  OWN,
  scoredOf,
  testSetsJson,
  testSetTables,
} from "../../apps/results/test_sets.ts";
import {
  tunedOf,
  tuningJson,
  tuningTables,
} from "../../apps/results/tuning.ts";
import { kindIn, kindOf } from "../../nmt/metrics/significance/baselines.ts";
import {
  type Compared,
  comparedTables,
  plannedOf,
  plannedTables,
} from "../../nmt/metrics/significance/planned.ts";
import {
  detectable,
  powerIfEqual,
} from "../../nmt/metrics/significance/power.ts";
import type { Graph } from "../../engine/graph/graph.ts";
import { lackingText } from "../../engine/provenance/recompute.ts";

/** The tables of results, as text and as JSON. */
export const TABLES = {
  systems: {
    text: ({ results: { systems } }, format) => tableOf(systems, format),
    json: ({ results: { systems } }) =>
      systems.map((system) => systemJson(system, systems)),
  },
  comparisons: {
    text: (saved, format) => FORMATS[format](comparedTables(comparedIn(saved))),
    json: (saved) => comparedIn(saved).map(comparedJson),
  },
  planned: {
    text: (saved, format) => FORMATS[format](plannedTables(comparedIn(saved))),
    json: (saved) => plannedOf(comparedIn(saved)).map(comparedJson),
  },
  curves: {
    text: ({ results }, format) =>
      FORMATS[format](curvesTables(learningCurves(results))),
    json: ({ results }) => curvesJson(learningCurves(results)),
  },
  tuning: {
    text: (saved, format) => FORMATS[format](tuningTables(tunedOf(saved))),
    json: (saved) => tuningJson(tunedOf(saved)),
  },
  sets: {
    text: (saved, format) => FORMATS[format](testSetTables(scoredOf(saved))),
    json: (saved) => testSetsJson(scoredOf(saved)),
  },
} as const satisfies Readonly<
  Record<string, {
    text(saved: Saved, format: Format): string;
    json(saved: Saved): Json;
  }>
>;
export type TableName = keyof typeof TABLES;

export interface ResultsOptions {
  readonly experiment: string;
  readonly artifacts?: string;
  /** By default, that of the systems. */
  readonly table?: TableName;
  readonly json: boolean;
  readonly latex: boolean;
  /** Whether the last run is shown although results are committed. */
  readonly last: boolean;
  /** Whether those of the last run become the committed ones. */
  readonly save: boolean;
  /**
   * Whether the figures of committed results are computed anew from the statistics beside them; with `save`, comparisons by the
   * method of this version take the place of what an earlier one compared.
   */
  readonly recompute: boolean;
}

/** Prints a table, and on standard error where its figures come from. */
export async function printResults(
  pipeline: ProjectPipeline,
  console: Console,
  options: ResultsOptions,
): Promise<number> {
  checkFormat(options);
  const artifacts = artifactFolder(options.artifacts);
  const name = nameOf(options.experiment);
  const folder = committedFolder(artifacts, name);
  const { recompute } = options;
  const committed = options.last || options.save && !recompute
    ? undefined
    : readResults(artifacts, name);
  if (committed !== undefined) {
    let shown = committed;
    if (options.recompute) {
      const { store } = openWorkspace(artifacts);
      shown = await recomputedAloud(console, committed, folder, store, {
        anew: options.save,
      });
      if (options.save) saveComparedAnew(console, artifacts, shown);
    } else console.err(`The committed results of "${name}", ${folder}.\n`);
    console.err(otherValuesText(committed, artifacts, options.experiment));
    return printTable(console, shown, options);
  }
  if (options.recompute) {
    throw inputError(
      `Cannot recompute results of "${name}" that are not committed: expected them in "${folder}", without --last.`,
    );
  }
  const found = lastRun(pipeline, artifacts, options);
  if (found.leftOut.length > 0) {
    console.err(
      `Left out, because an earlier run made them from other data or models: ${
        fewNames(found.leftOut)
      }.\n`,
    );
  }
  if (options.save) {
    const saved = await save(pipeline, console, artifacts, found);
    console.err(`Saved to ${folder}.\n`);
    return printTable(console, saved, options);
  }
  console.err(
    `The last run of "${name}" in ${artifacts}, which is not committed.\n`,
  );
  return printTable(console, found, options);
}

/** Saves results whose comparisons were made anew; translations and statistics stay. */
function saveComparedAnew(
  console: Console,
  artifacts: string,
  shown: Saved,
): void {
  const folder = committedFolder(artifacts, shown.results.experiment);
  const files = new Map(
    packedIn(folder)
      .map((file) => [file, Deno.readFileSync(join(folder, file))]),
  );
  sharedWithGroup(artifacts, () => saveResults(artifacts, shown, { files }));
  console.err(`Saved to ${folder}.\n`);
}

/** A line on the experiment that is given as a file, and on its last run, where they have other values than committed results; or nothing. */
function otherValuesText(
  { manifest: { experiment: { name, value } } }: Saved,
  artifacts: string,
  given: string,
): string {
  const isOther = (other: Json) => canonical(other) !== canonical(value);
  const isFile = [given, join(given, "experiment.jsonc")]
    .some((path) => statIfThere(path)?.isFile);
  const last = readManifest(artifacts)?.experiment;
  const isRun = last?.name === name;
  const others = [
    ...isFile && isOther(readExperiment(EXPERIMENTS, given, []).value)
      ? [`"${given}"`]
      : [],
    ...isRun && isOther(last.value) ? ["the last run"] : [],
  ];
  if (others.length === 0) return "";
  return `These results are of other values than ${others.join(" and ")}; ${
    isRun ? "--last shows those of the last run" : "run it, and add --last"
  }.\n`;
}

/** Makes the results of a run the committed ones, which keep what they have of pairs and test sets that it has no results of. */
async function save(
  pipeline: ProjectPipeline,
  console: Console,
  artifacts: string,
  found: LastRun,
): Promise<Saved> {
  const { workspace: { store }, manifest, graph, order } = found;
  const { experiment: name } = found.results;
  const packed = pack(store, manifest);
  const all = joinedWithCommitted(artifacts, found, packed, graph, order);
  const action = { verb: "save", what: `the results of "${name}"` };
  await checkPublishable(console, pipeline, manifest, store, action, {
    // Standard output is for the table.
    json: true,
    graph,
  });
  sharedWithGroup(artifacts, () => saveResults(artifacts, all, all));
  if (all.lacking.length > 0) {
    console.err(
      `Saved without translations or statistics of ${
        all.lacking.join(", ")
      }, as they are not here: their p-values cannot be recomputed.\n`,
    );
  }
  if (all.kept.size > 0) {
    const names = [...all.kept].map((prefix) => prefix.slice(0, -1) || OWN);
    console.err(
      `Kept as they were saved: ${
        names.join(", ")
      }, of which the last run has no results.\n`,
    );
  }
  if (all.gone.length > 0) {
    console.err(
      `Not kept, as the last run made others or none: ${fewNames(all.gone)}.\n`,
    );
  }
  return all;
}

/** @throws an input error where two formats are asked for */
export function checkFormat(
  { json, latex }: Pick<ResultsOptions, "json" | "latex">,
): void {
  if (!json || !latex) return;
  throw inputError("Cannot print --json and --latex at once; name one.");
}

/** Committed results with each figure computed anew, of which standard error is told. */
export async function recomputedAloud(
  console: Console,
  saved: Saved,
  folder: string,
  store: Store,
  how: { readonly anew?: boolean } = {},
): Promise<Saved> {
  const found = await recomputed(saved, folder, store, how);
  console.err(
    `The committed results of "${saved.results.experiment}", ${folder}: ${found.figures} figures of ${found.nodes} nodes are recomputed ` +
      `from their statistics, and those that are recorded equal them${
        how.anew ? "; comparisons are made anew" : ""
      }.\n${lackingText(found.lacking)}`,
  );
  return found;
}

function printTable(
  console: Console,
  saved: Saved,
  options: ResultsOptions,
): number {
  const text = resultsText(saved, options);
  if (text === "") {
    console.err(`It has nothing for "${options.table ?? "systems"}".\n`);
  } else console.out(stacked(text, console.size("out")?.columns) + "\n");
  const planned = plannedIn(saved.manifest) ?? 0;
  const open = planned && planned - plannedOf(comparedIn(saved)).length;
  if (open > 0) {
    console.err(
      `Planned comparisons without a result yet: ${open} of ${planned}.\n`,
    );
  }
  return EXIT.done;
}

/** What the command prints of results. */
export function resultsText(
  saved: Saved,
  { table = "systems", json, latex }: Pick<
    ResultsOptions,
    "table" | "json" | "latex"
  >,
): string {
  const { experiment } = saved.results;
  const { json: toJson, text: toText } = TABLES[table];
  return json
    ? JSON.stringify({ experiment, [table]: toJson(saved) })
    : toText(saved, latex ? "latex" : "markdown");
}

/** Of planned comparisons also what was tested, with which result; `p` is then of that. */
function comparedJson(
  compared: Compared,
): Json {
  const { pair, system, baseline, score, found, seeds, tested } = compared;
  return {
    ...pair === undefined ? {} : { pair },
    ...{ system, baseline, score, seeds },
    difference: found.difference,
    low: found.low ?? null,
    high: found.high ?? null,
    detectable: detectable(compared) ?? null,
    powerIfEqual: powerIfEqual(compared) ?? null,
    p: tested?.p ?? found.p ?? null,
    kind: tested === undefined ? kindOf(found) : "planned",
    test: found.planned ?? null,
    margin: found.margin ?? null,
    pHolm: tested?.corrected ?? null,
    result: tested?.verdict ?? null,
  };
}

/**
 * `toTeacher` and `p` are of BLEU and against the teacher, `pKind` how it is to be read; null if it is not known.
 */
function systemJson(system: System, systems: readonly System[]): Json {
  const { bleu, chrf, parameters, runs } = system;
  const kind = (baseline: string, score?: ScoreName) =>
    kindIn(systems, system, baseline, score) ?? null;
  return {
    ...system.pair === undefined ? {} : { pair: system.pair },
    system: system.system,
    parameters,
    bytes: system.bytes ?? null,
    bleu: bleu.score,
    chrf: chrf.score,
    toTeacher: bleu.to.teacher?.difference ?? null,
    p: bleu.to.teacher?.p ?? null,
    pKind: kind("teacher"),
    toRkd: bleu.to.rkd?.difference ?? null,
    pRkd: bleu.to.rkd?.p ?? null,
    pRkdKind: kind("rkd"),
    seeds: runs.length,
    trainingSeconds: system.trainingSeconds ?? null,
    sentencesPerSecond: system.sentencesPerSecond ?? null,
    int8: system.int8 ?? null,
    placeholders: system.placeholders ?? null,
    figures: {
      bleu: figureJson(bleu, (baseline) => kind(baseline, "bleu")),
      chrf: figureJson(chrf, (baseline) => kind(baseline, "chrf")),
    },
    runs: runs.map((run) => ({
      ...run,
      bleu: figureJson(run.bleu, runKind),
      chrf: figureJson(run.chrf, runKind),
    })),
  };
}

/** A figure whose differences say how their p-values are to be read. */
function figureJson(
  { to, ...figure }: Figure,
  kind: (baseline: string, found: Difference) => string | null,
): Json {
  return {
    ...figure,
    to: Object.fromEntries(
      Object.entries(to).flatMap(([baseline, found]) =>
        found === undefined
          ? []
          : [[baseline, { ...found, kind: kind(baseline, found) }]]
      ),
    ),
  };
}

/** Of a run, whose differences are not planned themselves. */
function runKind(_: string, found: Difference): string | null {
  return found.p === undefined ? null : kindOf(found);
}

interface LastRun extends Gathered {
  readonly workspace: Workspace;
  readonly graph: Graph;
  /** Names of nodes, as the file of the experiment has them now. */
  readonly order: readonly string[];
}

function lastRun(
  pipeline: ProjectPipeline,
  artifacts: string,
  { experiment: given, last, save }: ResultsOptions,
): LastRun {
  const { name, value, what } = readExperiment(
    EXPERIMENTS,
    given,
    [],
  );
  const workspace = openWorkspace(artifacts);
  const { manifest } = workspace;
  const remedy = `run "${commandToRun(workspace, [], given)}"`;
  if (manifest === undefined || manifest.experiment.name !== name) {
    throw inputError(
      `Cannot show results of "${name}": ${
        last || save
          ? ""
          : `none are committed in "${committedFolder(artifacts, name)}", and `
      }${
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
  // Trials are results too: of them alone there is one table.
  if (gathered.results.systems.length + tunedOf(gathered).length === 0) {
    if (inProgressOf(workspace.folder, name).length > 0) {
      throw inputError(
        `Cannot show results of "${name}" yet: its run goes on and has evaluated nothing so far; "status" says how far it is.`,
      );
    }
    throw inputError(
      `Cannot show results of "${name}": the last run in "${artifacts}" evaluated nothing; ${remedy}.`,
    );
  }
  return { ...gathered, workspace, graph, order };
}
