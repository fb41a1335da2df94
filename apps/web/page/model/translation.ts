/** Types of the messages with which a worker sends translations to the page. */
import type { Word } from "../view/words.ts";

export interface Translation {
  /** What `deno task translate` writes for the sentence: the words with what is before each. */
  readonly words: readonly {
    readonly before: string;
    readonly text: string;
  }[];
  /** Words of the sentence itself. */
  readonly sourceWords: readonly Word[];
  /** Shares of each word's attention that each word of the source has: [word][source word]. */
  readonly attention: readonly (readonly number[])[];
  /** Whether the sentence is unlike the model's training text. */
  readonly isUnfamiliar: boolean;
  /** Placeholders of the sentence that its translation lacks. */
  readonly lost: readonly string[];
  /** An equal share of the time of the batch. */
  readonly milliseconds: number;
}

/** What became of a sentence; an error says it to the reader of the page. */
export type Outcome<Result> =
  | { readonly result: Result; readonly error?: undefined }
  | { readonly error: string };

export interface Alternative {
  readonly text: string;
  /** What ranks it: log p / length^lengthPenalty, where the length counts the end. */
  readonly score: number;
}

/** What a worker is told to do; each is answered once, with its id. */
export type Question =
  | { readonly id: number; readonly open: Opening }
  | {
    readonly id: number;
    /** Sentences that wait: the first is translated, with those that are nearest to it in length. */
    readonly translate: readonly string[];
    /** Sentences that are translated together at most. */
    readonly most: number;
    readonly beam: number;
  }
  | {
    readonly id: number;
    readonly alternatives: string;
    readonly beam: number;
  };

/** What a worker needs of a model. */
export interface Opening {
  readonly graph: CheckedFile;
  readonly tokenizer: CheckedFile;
  readonly languages: { readonly source: string; readonly target: string };
  readonly maximumLength: number;
  readonly end: number;
  readonly padding: number;
  readonly unknown: number | null;
  readonly vocabulary: number;
  readonly lengthPenalty: number;
  /** The beam that it will mostly search with. */
  readonly beam: number;
  /** ONNX Runtime's own code, and the address of the module that starts it. */
  readonly runtime: CheckedFile;
  readonly script: string;
  readonly threads: number;
}

/** A file that is used only if its bytes have this hash. */
export interface CheckedFile {
  readonly url: string;
  readonly sha256: string;
  /** Where the service worker looks for it; undefined where the browser has none. */
  readonly kept:
    | { readonly cache: string; readonly address: string }
    | undefined;
}

export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string };
