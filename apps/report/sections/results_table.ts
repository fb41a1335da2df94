/** The table of systems: size, scores, distance to the teacher, time. */
import { format as formatBytes } from "@std/fmt/bytes";
import {
  BASELINES,
  type Figure,
  type System,
} from "../../../schemas/results.ts";
import type { Saved } from "../../results/gather.ts";
import { scoredOf, testSetTables } from "../../results/test_sets.ts";
import type { Markup } from "../html/markup.ts";
import {
  differenceText,
  figure,
  parameterText,
  signed,
} from "../html/numbers.ts";
import { type Cell, sortableTable } from "../html/table.ts";

interface Column {
  readonly title: string;
  /** Undefined where the system has nothing to show. */
  cell(system: System, teacher: System | undefined): Cell | undefined;
}

const columnsOf = (best: string | undefined): readonly Column[] => [
  {
    title: "system",
    cell: ({ system }) => ({
      text: system === best ? `★ ${system}` : system,
      value: system,
    }),
  },
  {
    title: "seeds",
    cell: ({ runs: { length } }) =>
      length === 1 ? undefined : { text: String(length), value: length },
  },
  {
    title: "parameters (of teacher)",
    cell: ({ parameters }, teacher) => ({
      text: `${parameterText(parameters)}${
        teacher === undefined
          ? ""
          : ` (${figure(100 * parameters / teacher.parameters)} %)`
      }`,
      value: parameters,
    }),
  },
  {
    title: "fp32 size",
    cell: ({ bytes }) =>
      bytes === undefined
        ? undefined
        : { text: formatBytes(bytes), value: bytes },
  },
  { title: "BLEU", cell: ({ bleu }) => score(bleu) },
  { title: "95 % interval", cell: ({ bleu }) => interval(bleu) },
  { title: "chrF", cell: ({ chrf }) => score(chrf) },
  ...BASELINES.map((baseline): Column => ({
    title: `to ${baseline}`,
    cell: ({ bleu }) => {
      const found = bleu.to[baseline];
      return found &&
        { text: differenceText(found, 1), value: found.difference };
    },
  })),
  {
    title: "int8 BLEU (to fp32)",
    cell: ({ int8, bleu }) =>
      int8 && {
        text: `${figure(int8.bleu, 1)} (${signed(int8.bleu - bleu.score, 2)})`,
        value: int8.bleu,
      },
  },
  {
    title: "int8 size",
    cell: ({ int8 }) =>
      int8 && { text: formatBytes(int8.bytes), value: int8.bytes },
  },
  ...(["lost", "invented"] as const).map((what): Column => ({
    title: `placeholders ${what}`,
    cell: ({ placeholders: counted }) => {
      if (counted === undefined) return undefined;
      const value = 100 * counted[what] / counted.all;
      return { text: `${figure(value, 1)} %`, value };
    },
  })),
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

/** The highest BLEU first, `best` marked; a column that no system has anything to show in is left out. */
export function resultsTable(
  systems: readonly System[],
  caption: string,
  best: string | undefined,
): Markup {
  const teacher = systems.find(({ system }) => system === "teacher");
  const ranked = systems.toSorted((a, b) => b.bleu.score - a.bleu.score);
  const columns = columnsOf(best).filter(({ cell }) =>
    systems.some((system) => cell(system, teacher) !== undefined)
  );
  return sortableTable(
    caption,
    columns.map(({ title }) => title),
    ranked.map((system) => columns.map(({ cell }) => cell(system, teacher))),
    {
      column: "BLEU",
      marked: ranked.findIndex(({ system }) => system === best),
    },
  );
}

/** The scores on further test sets than those of the language pairs; undefined where there are none. */
export function testSetsTable(
  saved: Saved,
  pairs: readonly (string | undefined)[],
): Markup[] | undefined {
  return saved.results.systems.every(({ pair }) => pairs.includes(pair))
    ? undefined
    : testSetTables(scoredOf(saved)).map(({ columns, rows }) =>
      sortableTable(
        "BLEU and chrF on each test set",
        columns,
        rows.map((row) =>
          row.map((text) => {
            const value = Number.parseFloat(text.replaceAll(",", ""));
            return { text, value: Number.isNaN(value) ? text : value };
          })
        ),
      )
    );
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
