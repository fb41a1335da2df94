/** Keeps translations of the typed text up to date: only changed sentences are translated, the newest text first. */

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
 * Translates one sentence after another. `changed` is called after each, and `failed` once for a sentence that cannot be
 * translated; that one is asked for again when it is wanted anew.
 */
export function createTranslations<Translation>(
  translate: (sentence: string) => Promise<Translation>,
  changed: () => void,
  failed: (error: Error) => void,
): Translations<Translation> {
  const known = new Map<string, Translation>();
  let wanted: readonly string[] = [];
  let refused = new Set<string>();
  let isRunning = false;

  const next = () =>
    wanted.find((sentence) => !known.has(sentence) && !refused.has(sentence));
  const forget = () => {
    for (const sentence of known.keys()) {
      if (known.size <= KEPT) return;
      if (!wanted.includes(sentence)) known.delete(sentence);
    }
  };
  const run = async () => {
    if (isRunning) return;
    isRunning = true;
    for (let sentence = next(); sentence !== undefined; sentence = next()) {
      try {
        known.set(sentence, await translate(sentence));
        forget();
      } catch (error) {
        refused.add(sentence);
        failed(error instanceof Error ? error : new Error(String(error)));
      }
      changed();
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
      return next() !== undefined;
    },
  };
}
