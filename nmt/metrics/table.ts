/** The table of systems: scores, sizes, speeds and the difference to the teacher. */
import { BASELINES, type Figure, type System } from "../../schemas/results.ts";
import {
  interval,
  latex,
  markdown,
  number,
  pValue,
  signed,
  type Table,
} from "./layout.ts";
import { kindIn } from "./significance/baselines.ts";
import { type EvaluatedNode, systemsOf } from "./systems.ts";

/** How a table is written. */
export const FORMATS = { markdown, latex } as const;
export type Format = keyof typeof FORMATS;

/** The table of the evaluated nodes of a run, in Markdown. Empty without nodes `evaluate:NAME`. */
export function systemsTable(nodes: readonly EvaluatedNode[]): string {
  return tableOf(systemsOf(nodes), "markdown");
}

/**
 * A table for each language pair under its name, one row a system; scores of several seeds as mean ± sample standard
 * deviation. A column that no pair has figures for is left out.
 */
export function tableOf(systems: readonly System[], format: Format): string {
  const columns = columnsOf(systems).filter(({ isShown }) =>
    isShown === undefined || systems.some(isShown)
  );
  const pairs = Map.groupBy(systems, ({ pair }) => pair);
  const tables = [...pairs].map(([title, systems]): Table => {
    const teacher = systems.find(({ system }) => system === "teacher");
    return {
      title,
      columns: columns.map(({ title }) => title),
      rows: systems.map((system) =>
        columns.map(({ cell }) => cell(system, teacher))
      ),
    };
  });
  return FORMATS[format](tables);
}

interface Column {
  readonly title: string;
  cell(system: System, teacher: System | undefined): string;
  /** Whether a system has something to show here; without, the column is always there. */
  isShown?(system: System): boolean;
}

const columnsOf = (systems: readonly System[]): readonly Column[] => [
  { title: "system", cell: ({ system }) => system },
  {
    title: "seeds",
    cell: ({ runs }) => String(runs.length),
    isShown: ({ runs }) => runs.length > 1,
  },
  { title: "parameters", cell: ({ parameters }) => number(parameters, 0) },
  {
    title: "of teacher",
    cell: ({ parameters }, teacher) =>
      teacher === undefined
        ? ""
        : `${number(100 * parameters / teacher.parameters, 1)} %`,
  },
  { title: "BLEU", cell: ({ bleu }) => score(bleu) },
  { title: "chrF", cell: ({ chrf }) => score(chrf) },
  { title: "to teacher", cell: ({ bleu }) => difference(bleu) },
  ...BASELINES.map((baseline): Column => ({
    ...significance(systems, baseline),
    isShown: ({ bleu }) => bleu.to[baseline]?.p !== undefined,
  })),
  {
    title: "BLEU int8",
    cell: ({ int8 }) => number(int8?.bleu, 1),
    isShown: ({ int8 }) => int8 !== undefined,
  },
  {
    title: "int8 (MB)",
    cell: ({ int8 }) => int8 === undefined ? "" : number(int8.bytes / 1e6, 1),
    isShown: ({ int8 }) => int8 !== undefined,
  },
  ...(["lost", "invented"] as const).map((what): Column => ({
    title: `placeholders ${what}`,
    cell: ({ placeholders: counted }) =>
      counted === undefined
        ? ""
        : `${number(100 * counted[what] / counted.all, 1)} %`,
    isShown: ({ placeholders }) => placeholders !== undefined,
  })),
  {
    title: "training (min)",
    cell: ({ trainingSeconds }) =>
      trainingSeconds === undefined ? "" : number(trainingSeconds / 60, 1),
    isShown: ({ trainingSeconds }) => trainingSeconds !== undefined,
  },
  {
    title: "sentences/s",
    cell: ({ sentencesPerSecond }) => number(sentencesPerSecond, 0),
  },
];

/** The p-values of differences in BLEU to a baseline, with how they are to be read: in the title where all are alike. */
function significance(
  systems: readonly System[],
  baseline: string,
): { readonly title: string; cell(system: System): string } {
  const of = (row: System) => {
    const found = row.bleu.to[baseline];
    return found?.p === undefined
      ? undefined
      : { p: found.p, kind: kindIn(systems, row, baseline) };
  };
  const [kind, ...others] = new Set(
    systems.flatMap((system) => of(system)?.kind ?? []),
  );
  const isSame = kind !== undefined && others.length === 0;
  return {
    title: isSame ? `${kind} p (${baseline})` : `p (${baseline})`,
    cell: (system) => {
      const found = of(system);
      if (found === undefined) return "";
      const p = pValue(found.p);
      return isSame ? p : `${p} ${found.kind}`;
    },
  };
}

/** `37.5`, or `37.5 ± 0.4`. */
function score({ score, deviation }: Figure): string {
  return deviation === undefined
    ? number(score, 1)
    : `${number(score, 1)} ± ${number(deviation, 1)}`;
}

/** `-0.5`, or with its interval `-0.5 (-1.2 to +0.3)`. */
function difference({ to: { teacher } }: Figure): string {
  if (teacher === undefined) return "";
  const within = interval(teacher, 1);
  return signed(teacher.difference, 1) + (within === "" ? "" : ` (${within})`);
}
