/** Translates a stream of lines as they arrive. */
import type {
  TranslateOptions,
  Translator,
} from "../../nmt/decoding/beam_search.ts";
import { decodeLines, encodeLines } from "../../nmt/decoding/translate.ts";
import { lacking } from "../../nmt/text/subwords/placeholders.ts";
import type { Subwords } from "../../nmt/text/subwords/subwords.ts";

/** Lines that are translated together at most: enough to sort them into batches of one length. */
const CHUNK_LINES = 1000;
/** How long a line waits for others that come with it, in milliseconds. */
const GATHER_MS = 20;

/** A translation, and its log p divided by length^lengthPenalty, by which translations are ranked. */
export interface Scored {
  readonly text: string;
  readonly score: number;
  /** Placeholders of the sentence that it lacks, where the model masks them. */
  readonly lost: readonly string[];
}

export interface StreamOptions
  extends Pick<TranslateOptions, "beam" | "lengthPenalty" | "count"> {
  readonly translator: Translator;
  readonly subwords: Subwords;
  readonly lines: AsyncIterable<string>;
  /** The sentences of a line, which are translated one by one; by default a line is one. */
  split?(line: string): readonly string[];
  /** Puts the token of its language before a sentence. */
  mark?(sentence: string): string;
  /** Takes the best translations of each sentence of a line, best first, `count` at most. */
  write(sentences: readonly (readonly Scored[])[]): Promise<void> | void;
}

/**
 * What has arrived is translated together, so that a file goes in large batches and a single line is answered at once. All
 * lines before one that cannot be translated are written.
 */
export async function translateStream(
  { translator, subwords, lines, split, mark, write, ...search }: StreamOptions,
): Promise<void> {
  let firstLine = 1;
  for await (const chunk of chunksOf(lines)) {
    const sentences = chunk.map((line) =>
      (split?.(line) ?? [line]).map((sentence) => mark?.(sentence) ?? sentence)
    );
    const { translatable, refused } = await encodeLines(
      subwords,
      sentences,
      firstLine,
    );
    const sources = sentences.slice(0, translatable.length).flat();
    const found = await translator.translate(translatable.flat(), search);
    const all = found.map((best) => best.alternatives ?? [best]);
    const of = all.flatMap((best, i) => best.map(() => sources[i]));
    const texts = (await decodeLines(subwords, all.flat(), of)).values();
    const scored = all.map((best, i) =>
      best.map(({ normalised }): Scored => {
        const text = texts.next().value ?? "";
        const lost = subwords.placeholders === undefined
          ? []
          : lacking(sources[i], text);
        return { text, score: normalised, lost };
      })
    );
    for (const { length } of translatable) {
      await write(scored.splice(0, length));
    }
    if (refused !== undefined) throw refused;
    firstLine += chunk.length;
  }
}

/** What comes next of some lines. */
type Read =
  | { readonly kind: "line"; readonly line: string }
  | { readonly kind: "end" }
  | { readonly kind: "error"; readonly error: unknown };

/**
 * The lines in groups: those that arrived while the group before was in use, and those that come soon after. An error
 * comes after all lines that were before it.
 */
async function* chunksOf(
  lines: AsyncIterable<string>,
): AsyncGenerator<string[]> {
  const iterator = lines[Symbol.asyncIterator]();
  const advance = (): Promise<Read> =>
    iterator.next().then(
      ({ done, value }) =>
        done ? { kind: "end" } : { kind: "line", line: value },
      (error) => ({ kind: "error", error }),
    );
  let next: Promise<Read> | undefined;
  try {
    while (true) {
      next ??= advance();
      let read: Read | undefined = await next;
      const chunk: string[] = [];
      const pause = Promise.withResolvers<undefined>();
      const timer = setTimeout(() => pause.resolve(undefined), GATHER_MS);
      while (read?.kind === "line") {
        chunk.push(read.line);
        next = undefined;
        if (chunk.length === CHUNK_LINES) break;
        next = advance();
        read = await Promise.race([next, pause.promise]);
      }
      clearTimeout(timer);
      if (chunk.length > 0) yield chunk;
      if (read?.kind === "end") return;
      if (read?.kind === "error") throw read.error;
    }
  } finally {
    // Not awaited: a read that is under way on a terminal may never end.
    void iterator.return?.();
  }
}
