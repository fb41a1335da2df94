/** Teacher targets: translates a corpus with the teacher, for sequence-level distillation (Kim and Rush 2016). */
import { isFile } from "../../base/stat.ts";
import {
  packer,
  packSide,
  readTokens,
  sentence,
  type Tokens,
  writeTokens,
} from "../text/subwords/tokens.ts";
import type { TranslateOptions, Translator } from "./beam_search.ts";

/** Pairs of a piece; an interrupted translation resumes after its last complete piece. */
const PIECE_PAIRS = 2048;

export interface TranslationJob {
  readonly translator: Translator;
  readonly tokens: Tokens;
  readonly options: TranslateOptions;
  /** Folder for the pieces; those that are there are kept. */
  readonly folder: string;
  report(pairs: number): void;
}

/** The same sources with the best hypothesis of each as its target. */
export async function translateTokens(job: TranslationJob): Promise<Tokens> {
  const { translator, tokens: { source, pairs }, options, folder } = job;
  const target = packer();
  for (let first = 0; first < pairs; first += PIECE_PAIRS) {
    const end = Math.min(first + PIECE_PAIRS, pairs);
    const path = `${folder}/${first}.safetensors`;
    if (!isFile(path)) {
      const sources = Array.from(
        { length: end - first },
        (_, i) => sentence(source, first + i),
      );
      const hypotheses = await translator.translate(sources, {
        ...options,
        report: (done) => job.report(first + done),
      });
      writeTokens(path, {
        source: packSide(sources),
        target: packSide(hypotheses.map(({ ids }) => ids)),
        pairs: sources.length,
      });
    }
    const piece = readTokens(path);
    for (let pair = 0; pair < piece.pairs; pair++) {
      target.add(sentence(piece.target, pair));
    }
    job.report(end);
  }
  return { source, target: target.side(), pairs };
}
