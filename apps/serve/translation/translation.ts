/** Translates sentences of token ids: waits for a turn in the queue and decodes the result. */
import type { Scored, Translation } from "../../../schemas/http_api.ts";
import { lacking } from "../../../nmt/text/subwords/placeholders.ts";
import type { Subwords } from "../../../nmt/text/subwords/subwords.ts";
import type { Queue } from "./queue.ts";
import type { Reader } from "./readers.ts";
import type { ReadRequest } from "./reading.ts";
import type { Found, Translators } from "./translators.ts";

export interface Service {
  readonly reader: Reader;
  readonly subwords: Subwords;
  readonly translators: Translators;
  readonly queue: Queue;
  /** Told how long each sentence took, its wait not counted. */
  report(seconds: number): void;
}

/** Begins to translate, or refuses at once where there is no room; gives each translation as it is done. */
export type Translations = (
  done: (index: number, translation: Translation) => void,
) => Promise<void>;

/** The translations of a request, not begun yet. */
export function translate(
  { subwords, translators, queue, report }: Service,
  { sentences, sources, beam, alternatives }: ReadRequest,
  signal: AbortSignal,
): Translations {
  const run = async (index: number): Promise<Translation> => {
    const source = sources[index];
    const start = performance.now();
    const found = await translators.translate({
      source,
      beam,
      count: alternatives ?? 1,
    });
    const scored = await asText(subwords, found, sentences[index]);
    report((performance.now() - start) / 1000);
    const lost = subwords.placeholders === undefined
      ? []
      : lacking(sentences[index], scored[0].text);
    return {
      ...scored[0],
      ...lost.length > 0 && { lost },
      ...alternatives && { alternatives: scored },
    };
  };
  return (done) => queue.add({ count: sources.length, signal, run, done });
}

async function asText(
  subwords: Subwords,
  found: readonly Found[],
  sentence: string,
): Promise<Scored[]> {
  const texts = await subwords.decode(
    found.map(({ ids }) => ids),
    found.map(() => sentence),
  );
  return found.map(({ score }, i) => ({
    text: texts[i].replace(/[\r\n]+/g, " ").trim(),
    score,
  }));
}
