/** Groups evaluated nodes into systems: each over its seeds, with the difference to the baselines of its language pair. */
import {
  BASELINES,
  type Difference,
  type Figure,
  type Int8,
  type Placeholders,
  type System,
  type SystemRun,
} from "../../schemas/results.ts";
import { type ScoreName, TESTS } from "../../schemas/experiment/evaluation.ts";
import { mean, rounded } from "./metric.ts";
import { counterpart, isCompared, systemOf } from "./significance/baselines.ts";
import { standardDeviation } from "./significance/distribution.ts";

type Figures = Readonly<Record<string, number | string>>;

/** What is known of a node; the summary of a run knows less than recorded results. */
export interface EvaluatedNode {
  readonly name: string;
  readonly metrics: Figures;
  readonly measurements: Figures;
  /** What it took to make. */
  readonly seconds?: number;
  readonly seed?: number;
  /** The node behind each input. */
  readonly inputs?: Readonly<Record<string, string>>;
  readonly outputs?: Readonly<Record<string, { readonly sha256: string }>>;
}

/** PAIR/STAGE:NAME; the pair where there are several, no name where the stage has one node. */
const NODE = /^(?:([^/]+)\/)?([^:]+)(?::(.+))?$/;

/** An evaluated model: all but what relates it to others. */
type Evaluated =
  & Omit<SystemRun, ScoreName>
  & Readonly<Record<ScoreName, number>>
  & { readonly parameters: number; readonly bytes?: number };

/**
 * The systems of the nodes `evaluate:NAME`, in their order, those of a language pair together and its teacher first; what
 * `compare` and the models' own nodes say is added where they are there.
 */
export function systemsOf(nodes: readonly EvaluatedNode[]): System[] {
  const pairs = Map.groupBy(nodes, ({ name }) => NODE.exec(name)?.[1]);
  return [...pairs].flatMap(([pair, nodes]) => {
    const runs = evaluatedOf(pair, nodes);
    const compare = nodes.find(({ name }) =>
      NODE.exec(name)?.[2] === "compare"
    );
    const bySystem = Map.groupBy(runs, ({ name }) => systemOf(name).system);
    return [...bySystem.keys()]
      .sort((a, b) => Number(b === "teacher") - Number(a === "teacher"))
      .map((system) => rowOf(pair, system, bySystem, compare?.metrics ?? {}));
  });
}

function evaluatedOf(
  pair: string | undefined,
  nodes: readonly EvaluatedNode[],
): Evaluated[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  return nodes.flatMap((node): Evaluated[] => {
    const [, , stage, name] = NODE.exec(node.name) ?? [];
    const { metrics, measurements, inputs, outputs } = node;
    const bleu = numeric(metrics, "bleu");
    const chrf = numeric(metrics, "chrf");
    const parameters = numeric(metrics, "parameters");
    if (stage !== "evaluate" || name === undefined) return [];
    if (bleu === undefined || chrf === undefined || parameters === undefined) {
      return [];
    }
    const prefix = pair === undefined ? "" : `${pair}/`;
    const model = inputs?.model ??
      prefix + (name === "teacher" ? name : `student:${name}`);
    const made = byName.get(model);
    // The time of a model that is interpolated is that of its tuning.
    const trained = byName.get(made?.inputs?.tuned ?? "") ?? made;
    return [{
      name,
      model,
      seed: trained?.seed,
      bleu,
      chrf,
      parameters,
      bytes: numeric(metrics, "bytes"),
      signature: String(metrics.signature ?? ""),
      hypotheses: outputs?.hypotheses?.sha256,
      perplexity: made && numeric(made.metrics, "perplexity"),
      trainingSeconds: trained?.seconds,
      sentencesPerSecond: numeric(measurements, "sentencesPerSecond"),
      int8: int8Of(byName.get(`${prefix}export:${name}`)),
      placeholders: placeholdersOf(metrics),
    }];
  });
}

function int8Of(exported: EvaluatedNode | undefined): Int8 | undefined {
  const { metrics = {} } = exported ?? {};
  const bleu = numeric(metrics, "int8.bleu");
  const bytes = numeric(metrics, "int8.bytes");
  return bleu === undefined || bytes === undefined
    ? undefined
    : { bleu, bytes };
}

/** Undefined where none were counted. */
function placeholdersOf(metrics: Figures): Placeholders | undefined {
  const all = numeric(metrics, "placeholders") ?? 0;
  const lost = numeric(metrics, "placeholdersLost");
  const invented = numeric(metrics, "placeholdersInvented");
  return all === 0 || lost === undefined || invented === undefined
    ? undefined
    : { all, lost, invented };
}

function rowOf(
  pair: string | undefined,
  system: string,
  bySystem: ReadonlyMap<string, readonly Evaluated[]>,
  compared: Figures,
): System {
  const all = (name: string) => bySystem.get(name) ?? [];
  const own = all(system);
  const average = (name: "trainingSeconds" | "sentencesPerSecond") => {
    const known = own.flatMap((run) => run[name] ?? []);
    return known.length === 0 ? undefined : rounded(mean(known));
  };
  return {
    pair,
    system,
    parameters: own[0].parameters,
    bytes: own[0].bytes,
    ...figuresOf(system, own, all, compared),
    trainingSeconds: average("trainingSeconds"),
    sentencesPerSecond: average("sentencesPerSecond"),
    int8: averageInt8(own),
    placeholders: averagePlaceholders(own),
    runs: own.map((run) => {
      const { parameters: _, bytes: __, ...rest } = run;
      // The only run of a system is the system itself, and the baselines' means are what it is compared with.
      const other = run.name === system
        ? all
        : (baseline: string) => counterpart(run.name, all(baseline)) ?? [];
      return { ...rest, ...figuresOf(run.name, [run], other, compared) };
    }),
  };
}

/** Of the runs that are exported. */
function averageInt8(runs: readonly Evaluated[]): Int8 | undefined {
  const known = runs.flatMap(({ int8 }) => int8 ?? []);
  if (known.length === 0) return undefined;
  return {
    bleu: rounded(mean(known.map(({ bleu }) => bleu))),
    bytes: Math.round(mean(known.map(({ bytes }) => bytes))),
  };
}

/** Of the runs whose placeholders are counted. */
function averagePlaceholders(
  runs: readonly Evaluated[],
): Placeholders | undefined {
  const known = runs.flatMap(({ placeholders }) => placeholders ?? []);
  if (known.length === 0) return undefined;
  return {
    all: rounded(mean(known.map(({ all }) => all))),
    lost: rounded(mean(known.map(({ lost }) => lost))),
    invented: rounded(mean(known.map(({ invented }) => invented))),
  };
}

/** The scores of some runs, under the name that `compare` has for them, beside those of each baseline. */
function figuresOf(
  name: string,
  runs: readonly Evaluated[],
  others: (baseline: string) => Evaluated | readonly Evaluated[],
  compared: Figures,
): Record<ScoreName, Figure> {
  const { system } = systemOf(name);
  const figure = (score: ScoreName): Figure => {
    const scores = runs.map((run) => run[score]);
    const to: Figure["to"] = {};
    const own = `${name}.${score}`;
    const baselines = BASELINES.filter((each) => isCompared(system, each));
    for (
      const baseline of new Set([...baselines, ...comparedWith(own, compared)])
    ) {
      const theirs = [others(baseline)].flat().map((run) => run[score]);
      if (theirs.length === 0) continue;
      to[baseline] = {
        difference: rounded(mean(scores) - mean(theirs)),
        ...tested(own, baseline, compared),
      };
    }
    return {
      score: rounded(mean(scores)),
      deviation: scores.length > 1
        ? rounded(standardDeviation(scores))
        : undefined,
      low: numeric(compared, `${name}.${score}.low`),
      high: numeric(compared, `${name}.${score}.high`),
      to,
    };
  };
  return { bleu: figure("bleu"), chrf: figure("chrf") };
}

/** The baselines that a system was compared with by a score, such as `ckd.bleu`. */
function comparedWith(own: string, compared: Figures): string[] {
  const prefix = `${own}.to.`;
  return Object.keys(compared).flatMap((metric) =>
    metric.startsWith(prefix) && metric.endsWith(".p")
      ? metric.slice(prefix.length, -".p".length)
      : []
  );
}

/** What `compare` says of a difference; an earlier version had other names, and p-values of one tail. */
function tested(
  own: string,
  baseline: string,
  compared: Figures,
): Omit<Difference, "difference"> {
  const name = (what: string) => `${own}.to.${baseline}.${what}`;
  const number = (what: string) =>
    numeric(compared, name(what)) ??
      numeric(compared, `${own}.${what}.${baseline}`);
  return {
    low: number("low"),
    high: number("high"),
    p: number("p"),
    tails: compared[name("p")] === undefined ? undefined : 2,
    planned: TESTS.find((test) => test === compared[name("planned")]),
    margin: numeric(compared, name("margin")),
    pMargin: numeric(compared, name("pMargin")),
    sentenceError: numeric(compared, name("sentenceError")),
    seedError: numeric(compared, name("seedError")),
    degrees: numeric(compared, name("degrees")),
  };
}

function numeric(figures: Figures, name: string): number | undefined {
  const value = figures[name];
  return typeof value === "number" ? value : undefined;
}
