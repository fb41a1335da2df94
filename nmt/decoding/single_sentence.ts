/** Beam search of a single sentence in one run of the runtime, where the cost of a run a step would dominate. */
import { compileLoop, type RepeatedExecutable } from "../tensor/onnx/loop.ts";
import type { CompileOptions, HostTensors } from "../tensor/program.ts";
import { searchInputs, searchLoop } from "./single_sentence_program.ts";
import type { Decoder } from "./decoder_parts.ts";
import {
  type Hypothesis,
  type SearchOptions,
  searchSentence,
} from "./hypotheses.ts";

export interface SingleSentenceSearch {
  /**
   * The best hypothesis of a sentence, from the encoder's outputs and its padding; undefined if the loop stopped early, as
   * its floats are coarser than the host's.
   */
  search(
    given: HostTensors,
    options: SearchOptions,
  ): Promise<Hypothesis | undefined>;
  dispose(): Promise<void>;
}

/** Compiles the search of single sentences, a loop for each beam on first use. */
export function createSingleSentenceSearch(
  decoder: Decoder,
  options: CompileOptions,
): SingleSentenceSearch {
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

/** Replays the steps of the loop in a search; undefined if they do not end it. */
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
    const living = search.advance({
      tokens: own,
      scores: sums,
      parents: from,
      ended: ends,
    });
    if (living === 0) return search.best();
  }
}
