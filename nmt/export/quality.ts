/** How well and how fast an exported graph translates the test set, as its users run it. */
import { translateLines } from "../decoding/translate.ts";
import { scoreLines } from "../metrics/score.ts";
import type { Evaluation } from "../../schemas/experiment/evaluation.ts";
import type { Pair } from "../text/corpus/cleaning.ts";
import type { Subwords } from "../text/subwords/subwords.ts";
import { openTranslation } from "./translator.ts";

export interface Quality {
  readonly bleu: number;
  readonly chrf: number;
  /** sacreBLEU's account of BLEU. */
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
  const { bleu, chrf } = scoreLines({
    ...evaluation,
    metrics: ["bleu", "chrf"],
    hypotheses,
    references: [pairs.map(({ target }) => target)],
  });
  if (bleu === undefined || chrf === undefined) {
    throw new Error("Cannot measure an exported model: a score is missing");
  }
  return {
    bleu: round(bleu.score),
    chrf: round(chrf.score),
    signature: bleu.signature,
    sentencesPerSecond: round(pairs.length / seconds),
  };
}

const round = (score: number) => Number(score.toFixed(4));
