/** The teacher's translations of a corpus, which a student is trained on in place of the references (Kim and Rush 2016). */
import {
  packer,
  packSide,
  readTokens,
  sentence,
  type Tokens,
  writeTokens,
} from "../text/subwords/tokens.ts";
import { isThere } from "../transformer/checkpoint.ts";
import type { TranslateOptions, Translator } from "./beam_search.ts";

/** Pairs a piece holds; a translation that stopped goes on after its last whole piece. */
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
    if (!isThere(path)) {
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
      target.add(Int32Array.from(sentence(piece.target, pair)));
    }
    job.report(end);
  }
  return { source, target: target.side(), pairs };
}
