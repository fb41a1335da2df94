/** Quality and speed of an exported graph on the test set. */
import { translateLines } from "../decoding/translate.ts";
import { rounded } from "../metrics/metric.ts";
import { scoreTranslations } from "../metrics/score.ts";
import type { Evaluation } from "../../schemas/experiment/evaluation.ts";
import type { Pair } from "../text/corpus/cleaning.ts";
import type { Subwords } from "../text/subwords/subwords.ts";
import { openTranslation } from "./translator.ts";

export interface Quality {
  readonly bleu: number;
  readonly chrf: number;
  /** sacreBLEU's signature of BLEU. */
  readonly signature: string;
  readonly sentencesPerSecond: number;
}

/** Translates the sources of some pairs with a file `translate.onnx`, a sentence a run, and scores the translations. */
export async function qualityOf(
  path: string,
  subwords: Subwords,
  pairs: readonly Pair[],
  evaluation: Evaluation,
  report: (done: number) => void,
): Promise<Quality> {
  const translator = await openTranslation(path);
  const start = performance.now();
  const hypotheses = await translateLines(
    translator,
    subwords,
    pairs.map(({ source }) => source),
    { ...evaluation, report },
  );
  const seconds = (performance.now() - start) / 1000;
  await translator.dispose();
  const references = pairs.map(({ target }) => target);
  return {
    ...scoreTranslations(evaluation, hypotheses, references),
    sentencesPerSecond: rounded(pairs.length / seconds),
  };
}
