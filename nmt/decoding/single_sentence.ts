/** Translates a sentence that comes alone: its whole search is one run, where each run's own cost would count. */
import { compileLoop, type RepeatedExecutable } from "../tensor/onnx/loop.ts";
import type { CompileOptions, HostTensors } from "../tensor/program.ts";
import { searchInputs, searchLoop } from "./single_sentence_program.ts";
import type { Decoder } from "./decoder_parts.ts";
import {
  type Hypothesis,
  type SearchOptions,
  searchSentence,
} from "./hypotheses.ts";

export interface Alone {
  /**
   * The best hypothesis for what the encoder gave of one sentence, with its padding; undefined should the loop have
   * stopped early, as its floats are coarser than the host's.
   */
  search(
    given: HostTensors,
    options: SearchOptions,
  ): Promise<Hypothesis | undefined>;
  dispose(): Promise<void>;
}

/** Makes a model ready to translate single sentences with any beam. */
export function createAlone(decoder: Decoder, options: CompileOptions): Alone {
  const loops = new Map<number, Promise<RepeatedExecutable>>();
  return {
    search: async (given, search) => {
      const { beam, maximumLength, lengthPenalty } = search;
      const made = loops.get(beam) ??
        compileLoop(searchLoop(decoder, beam), options);
      loops.set(beam, made);
      const inputs = {
        ...given,
        ...searchInputs(decoder.model, beam, maximumLength, lengthPenalty),
      };
      return follow(await (await made).run(inputs, maximumLength + 1), search);
    },
    dispose: async () => {
      for (const loop of loops.values()) await (await loop).dispose();
    },
  };
}

/** The search that these steps are of; undefined if they do not end it. */
function follow(
  { tokens, scores, parents, ended }: HostTensors,
  options: SearchOptions,
): Hypothesis | undefined {
  const { beam } = options;
  const search = searchSentence(options);
  for (let start = 0; start < tokens.data.length; start += beam) {
    const [own, sums, from, ends] = [tokens, scores, parents, ended].map((
      { data },
    ) => data.subarray(start, start + beam));
    const over = search.advance({
      tokens: own,
      scores: sums,
      parents: from,
      ended: ends,
    });
    if (over) return search.best();
  }
}
