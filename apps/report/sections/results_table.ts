/** The table of systems: size, scores, distance to the teacher, time. */
import { format as formatBytes } from "@std/fmt/bytes";
import { significance } from "../../../nmt/metrics/planned.ts";
import {
  BASELINES,
  type Figure,
  type System,
} from "../../../schemas/results.ts";
import type { Markup } from "../html/markup.ts";
import { differenceText, figure, parameterText } from "../html/numbers.ts";
import { type Cell, sortableTable } from "../html/table.ts";

interface Column {
  readonly title: string;
  /** Undefined where the system has nothing to show. */
  cell(system: System, teacher: System | undefined): Cell | undefined;
}

const columnsOf = (systems: readonly System[]): readonly Column[] => [
  { title: "system", cell: ({ system }) => ({ text: system, value: system }) },
  {
    title: "seeds",
    cell: ({ runs: { length } }) =>
      length === 1 ? undefined : { text: String(length), value: length },
  },
  {
    title: "parameters",
    cell: ({ parameters }) => ({
      text: parameterText(parameters),
      value: parameters,
    }),
  },
  {
    title: "of teacher",
    cell: ({ parameters }, teacher) =>
      teacher &&
      percent(parameters / teacher.parameters),
  },
  {
    title: "size",
    cell: ({ bytes }) =>
      bytes === undefined
        ? undefined
        : { text: formatBytes(bytes), value: bytes },
  },
  { title: "BLEU", cell: ({ bleu }) => score(bleu) },
  { title: "95 % interval", cell: ({ bleu }) => interval(bleu) },
  { title: "chrF", cell: ({ chrf }) => score(chrf) },
  {
    title: "to teacher",
    cell: ({ bleu }) => {
      const { teacher } = bleu.to;
      return teacher &&
        { text: differenceText(teacher, 1), value: teacher.difference };
    },
  },
  ...BASELINES.map((baseline): Column => {
    const { title, cell } = significance(systems, baseline);
    return {
      title,
      cell: (system) => {
        const { p } = system.bleu.to[baseline] ?? {};
        return p === undefined ? undefined : { text: cell(system), value: p };
      },
    };
  }),
  {
    title: "training (min)",
    cell: ({ trainingSeconds: seconds }) =>
      seconds === undefined
        ? undefined
        : { text: figure(seconds / 60, 1), value: seconds },
  },
  {
    title: "sentences/s",
    cell: ({ sentencesPerSecond: speed }) =>
      speed === undefined ? undefined : { text: figure(speed), value: speed },
  },
];

/** A column that no system has anything to show in is left out. */
export function resultsTable(
  systems: readonly System[],
  caption: string,
): Markup {
  const teacher = systems.find(({ system }) => system === "teacher");
  const columns = columnsOf(systems).filter(({ cell }) =>
    systems.some((system) => cell(system, teacher) !== undefined)
  );
  return sortableTable(
    caption,
    columns.map(({ title }) => title),
    systems.map((system) => columns.map(({ cell }) => cell(system, teacher))),
  );
}

function percent(share: number) {
  return { text: `${figure(100 * share, 1)} %`, value: share };
}

/** `37.5`, or `37.5 ± 0.4` over seeds. */
function score({ score, deviation }: Figure) {
  const text = figure(score, 1);
  return {
    text: deviation === undefined ? text : `${text} ± ${figure(deviation, 1)}`,
    value: score,
  };
}

function interval({ low, high }: Figure) {
  return low === undefined || high === undefined
    ? undefined
    : { text: `${figure(low, 1)} to ${figure(high, 1)}`, value: low };
}
