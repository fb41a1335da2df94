/** Keeps translations of the typed text up to date: only changed sentences are translated, the newest text first. */
import { BATCH } from "./batch.ts";
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
 * Translates batch after batch, the first sentence alone, so that it comes soon. `translate` gets all that waits, the first
 * first, and how many may be translated together; it gives what became of some, of the first at least. `changed` is called
 * after each batch, and `failed` for each sentence that cannot be translated; that one is asked for again when it is wanted
 * anew.
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
  let wanted: readonly string[] = [];
  let refused = new Set<string>();
  let isRunning = false;

  const waiting = () =>
    [...new Set(wanted)].filter((sentence) =>
      !known.has(sentence) && !refused.has(sentence)
    );
  const forget = () => {
    for (const sentence of known.keys()) {
      if (known.size <= KEPT) return;
      if (!wanted.includes(sentence)) known.delete(sentence);
    }
  };
  const refuse = (sentence: string, error: Error) => {
    refused.add(sentence);
    failed(error);
  };
  const run = async () => {
    if (isRunning) return;
    isRunning = true;
    let most = 1;
    for (let all = waiting(); all.length > 0; all = waiting()) {
      try {
        for (const [sentence, outcome] of await translate(all, most)) {
          if (outcome.error === undefined) known.set(sentence, outcome.result);
          else refuse(sentence, new Error(outcome.error));
        }
        forget();
      } catch (error) {
        refuse(
          all[0],
          error instanceof Error ? error : new Error(String(error)),
        );
      }
      changed();
      most = Math.min(2 * most, BATCH);
    }
    isRunning = false;
  };
  return {
    want: (sentences) => {
      wanted = sentences;
      refused = new Set();
      void run();
    },
    get: (sentence) => known.get(sentence),
    get isBusy() {
      return waiting().length > 0;
    },
  };
}
