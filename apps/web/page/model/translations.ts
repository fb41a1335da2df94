/** Keeps translations of the typed text up to date: only changed sentences are translated, the newest text first. */
import { nextMost, WINDOW } from "./batch.ts";
import type { Outcome } from "./translation.ts";

export interface Translations<Translation> {
  /** Says which sentences are wanted now; others that wait are given up. */
  want(sentences: readonly string[]): void;
  /** The translation of a sentence, or undefined while there is none. */
  get(sentence: string): Translation | undefined;
  /** Whether something that is wanted is not there yet. */
  readonly isBusy: boolean;
}

/** Translations that are kept for when their sentence comes back. */
const KEPT = 500;

/**
 * Translates batch after batch; after a new sentence is wanted, the first that waits is translated alone, so that it comes
 * soon. `translate` gets what waits, the first first, `WINDOW` sentences at most, and how many may be translated together;
 * it gives what became of some, of the first at least. Where it fails with several sentences, for want of memory perhaps, it
 * gets the first alone; where it fails with one, that one cannot be translated. `changed` is called after each batch, and
 * `failed` for each sentence that cannot be translated; that one is asked for again when it is wanted anew.
 */
export function createTranslations<Translation>(
  translate: (
    waiting: readonly string[],
    most: number,
  ) => Promise<ReadonlyMap<string, Outcome<Translation>>>,
  changed: () => void,
  failed: (error: Error) => void,
): Translations<Translation> {
  const known = new Map<string, Translation>();
  let wanted: ReadonlySet<string> = new Set();
  let refused = new Set<string>();
  let isRunning = false;
  /** Sentences of the next batch at most. */
  let most = 1;

  const waiting = () =>
    [...wanted].filter((sentence) =>
      !known.has(sentence) && !refused.has(sentence)
    );
  const forget = () => {
    for (const sentence of known.keys()) {
      if (known.size <= KEPT) return;
      if (!wanted.has(sentence)) known.delete(sentence);
    }
  };
  const refuse = (sentence: string, error: Error) => {
    refused.add(sentence);
    failed(error);
  };
  const run = async () => {
    if (isRunning) return;
    isRunning = true;
    for (let all = waiting(); all.length > 0; all = waiting()) {
      const asked = Math.min(most, all.length);
      // Before the batch, as `want` may be called during it.
      most = nextMost(most);
      try {
        const outcomes = await translate(all.slice(0, WINDOW), asked);
        for (const [sentence, outcome] of outcomes) {
          if (outcome.error === undefined) known.set(sentence, outcome.result);
          else refuse(sentence, new Error(outcome.error));
        }
        forget();
      } catch (error) {
        most = 1;
        if (asked === 1) {
          refuse(
            all[0],
            error instanceof Error ? error : new Error(String(error)),
          );
        }
      }
      changed();
    }
    isRunning = false;
  };
  return {
    want: (sentences) => {
      if (sentences.some((sentence) => !wanted.has(sentence))) most = 1;
      wanted = new Set(sentences);
      refused = new Set();
      void run();
    },
    get: (sentence) => known.get(sentence),
    get isBusy() {
      return waiting().length > 0;
    },
  };
}
