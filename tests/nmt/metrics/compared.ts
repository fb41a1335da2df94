/** Systems of several qualities on real text, compared, for the tests of comparisons. */
import { compareSystems } from "../../../nmt/metrics/significance/comparison.ts";
import {
  type Statistics,
  statisticsOf,
} from "../../../nmt/metrics/statistics.ts";
import { cases, texts } from "./sacrebleu.ts";

export const plain = { tokenize: "13a", lowercase: false } as const;

/** 300 real messages, and translations of them of several qualities. */
export const lines = (await texts()[0].lines()).slice(0, 300);
const all = cases(lines);
export const { hypotheses: fair, against: other = [] } = all["against other"];
export const [, good, poor] = all["three references"].references;
const empty = all["empty hypotheses"].hypotheses;

export const systems = {
  teacher: good,
  "no-kd@1": poor,
  "no-kd@2": empty,
  "rkd@2": fair,
  "rkd@3": other,
  ckd: other.map((line, i) => i % 11 === 0 ? good[i] : line),
};

/** The statistics of some systems by their names, against the first messages, as many as there are translations. */
export function statisticsBy(
  systems: Readonly<Record<string, readonly string[]>>,
): Map<string, Statistics> {
  return new Map(
    Object.entries(systems).map(([name, translations]) => [
      name,
      statisticsOf(plain, translations, lines.slice(0, translations.length)),
    ]),
  );
}

export const comparison = compareSystems({
  ...plain,
  statistics: statisticsBy(systems),
});
