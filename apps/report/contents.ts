/** Collects the contents of a report before any of it is drawn. */
import { withPair } from "../../schemas/subwords.ts";
import { type Against, compareWith } from "./against.ts";
import { type Examination, examine } from "./examination.ts";
import { nodesOf, type ReportNode } from "./nodes.ts";
import { learnedOf } from "./sections/curves.ts";
import { type Sentences, sentencesOf } from "./sections/sentences.ts";
import type { Source } from "./source.ts";
import { type Trained, trainedOf } from "./trained.ts";
import type { Learned } from "./view_data.ts";

export interface Contents {
  readonly source: Source;
  readonly nodes: readonly ReportNode[];
  readonly pairs: readonly PairContents[];
  readonly against?: Against;
}

/** Of a language pair; an experiment of one has no name for it. */
export interface PairContents {
  readonly pair?: string;
  readonly trained: readonly Trained[];
  readonly learned: readonly Learned[];
  readonly examination: Examination;
  readonly sentences: Sentences;
}

/** `report` is called with a line before each model that is run for the report. */
export async function contentsOf(
  source: Source,
  against: string | undefined,
  report: (line: string) => void,
): Promise<Contents> {
  // First, as a manifest that cannot be read should not take a minute to be refused.
  const compared = against === undefined
    ? undefined
    : compareWith(source, against);
  const trained = trainedOf(source);
  let examined = 0;
  const pairs: PairContents[] = [];
  for (const [pair, own] of Map.groupBy(trained, ({ pair }) => pair)) {
    pairs.push({
      pair,
      trained: own,
      learned: learnedOf(source, own),
      examination: await examine(source, own, (system) => {
        examined++;
        report(
          `Layers and attention of ${
            withPair(pair, system)
          }, ${examined} of ${trained.length} models.`,
        );
      }),
      sentences: await sentencesOf(source, own),
    });
  }
  return { source, nodes: nodesOf(source), pairs, against: compared };
}
