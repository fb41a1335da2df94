/** The candidates of the sentences of a batch by a short-list: all of them, and which are a sentence's own. */
import { alwaysCandidates, type Shortlist } from "./shortlist.ts";
import { elements, type HostTensor } from "../tensor/program.ts";

/** The candidates of some sentences. */
export interface FoundCandidates {
  /** Those of all sentences, [candidates], ascending; the special ids are the first. */
  readonly ids: Int32Array<ArrayBuffer>;
  /** Places in `ids` of each sentence's own, int32 [batch, own], the special ids first; a row that has fewer ends in zeros. */
  readonly own: HostTensor;
  /** 0 for each sentence's own, -Infinity for what fills its row up, [batch, own]. */
  readonly hidden: HostTensor;
}

/**
 * Finds the candidates of sentences of source ids. Those of a sentence are the special ids, the frequent ones, and of each
 * source id itself and what translates it, so that names and numbers can be copied. `own` has `least` places or more.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { candidateFinder } from "./own_candidates.ts";
 *
 * const find = candidateFinder({
 *   frequent: Int32Array.of(4),
 *   offsets: Int32Array.of(0, 0, 0, 0, 0, 0, 0, 1),
 *   ids: Int32Array.of(3),
 * });
 * const { ids, own, hidden } = find([Int32Array.of(6), Int32Array.of()], 0);
 * assertEquals([...ids], [0, 1, 2, 3, 4, 6]);
 * assertEquals([...own.data], [0, 1, 2, 4, 5, 3, 0, 1, 2, 4, 0, 0]);
 * assertEquals([...hidden.data.subarray(6)], [0, 0, 0, 0, -Infinity, -Infinity]);
 * ```
 */
export function candidateFinder(
  shortlist: Shortlist,
): (sentences: readonly Int32Array[], least: number) => FoundCandidates {
  const { offsets, ids: translations } = shortlist;
  const vocabulary = offsets.length - 1;
  const always = Int32Array.from(alwaysCandidates(shortlist));
  // Made once: they are as long as the vocabulary. Of each id the last sentence, from 1, that it is a candidate of.
  const lastOf = new Int32Array(vocabulary);
  const places = new Int32Array(vocabulary);
  const ids = new Int32Array(vocabulary);

  /** The ids of some lists, each once. */
  function distinct(lists: readonly Int32Array[], sentence: number) {
    const most = lists.reduce((sum, { length }) => sum + length, 0);
    const found = new Int32Array(most);
    let count = 0;
    for (const list of lists) {
      for (let i = 0; i < list.length; i++) {
        const id = list[i];
        if (lastOf[id] === sentence) continue;
        lastOf[id] = sentence;
        found[count++] = id;
      }
    }
    return found.subarray(0, count);
  }

  return (sentences, least) => {
    lastOf.fill(0);
    const lists = sentences.map((source, row) => {
      const translated = [...new Set(source)].map((id) =>
        translations.subarray(offsets[id], offsets[id + 1])
      );
      return distinct([always, source, ...translated], row + 1);
    });
    let count = 0;
    for (let id = 0; id < vocabulary; id++) {
      if (lastOf[id] === 0) continue;
      places[id] = count;
      ids[count++] = id;
    }
    const width = Math.max(least, ...lists.map(({ length }) => length));
    const shape = [sentences.length, width];
    const own = new Int32Array(elements(shape));
    const hidden = new Float32Array(elements(shape));
    lists.forEach((list, row) => {
      const start = row * width;
      list.forEach((id, i) => own[start + i] = places[id]);
      hidden.fill(-Infinity, start + list.length, start + width);
    });
    return {
      ids: ids.slice(0, count),
      own: { shape, data: own },
      hidden: { shape, data: hidden },
    };
  };
}
