/** Adds characters to the vocabulary of a model, as many public ones lack braces or capital letters with accents. */
import { inputError } from "../../base/input_error.ts";
import type { SavedModel } from "../transformer/checkpoint.ts";
import { withVocabulary } from "./rows.ts";
import {
  type ChangeableSubwords,
  changeableSubwords,
  type Entry,
} from "./subwords.ts";

export interface ExtensionJob {
  readonly saved: SavedModel;
  /** The text of the `tokenizer.json` that the import wrote. */
  readonly tokenizer: string;
  /** Text whose characters are to be known. */
  readonly lines: AsyncIterable<string>;
  /** How many of those that the vocabulary lacks are added, the most frequent first. */
  readonly characters: number;
}

export interface Extended {
  readonly saved: SavedModel;
  readonly tokenizer: string;
  readonly added: readonly string[];
}

/**
 * The model and its subwords with further characters, which begin as the unknown subword. Text without them is cut as
 * before.
 *
 * @throws An input error where the text lacks fewer characters.
 */
export async function extended(job: ExtensionJob): Promise<Extended> {
  const { saved, characters } = job;
  const vocabulary = changeableSubwords(
    job.tokenizer,
    "the subwords of the imported model",
  );
  const missing = await vocabulary.missingCharacters(job.lines);
  if (missing.length < characters) {
    throw inputError(
      `Cannot add ${characters} characters to the vocabulary of the imported model: the training text has ${missing.length} that it lacks; ` +
        `set "teacher.adaptation.characters" to at most ${missing.length}.`,
    );
  }
  return withCharacters(saved, vocabulary, missing.slice(0, characters));
}

/** The model and its subwords with these characters, which begin as the unknown subword. */
export function withCharacters(
  saved: SavedModel,
  vocabulary: ChangeableSubwords,
  added: readonly string[],
): Extended {
  const { known, unknown } = vocabulary;
  const entries: Entry[] = [
    ...ids(0, known),
    ...added.map((character) => ({ character })),
    ...ids(known, saved.vocabulary),
  ];
  return {
    saved: withVocabulary(
      saved,
      entries.map((entry) => "id" in entry ? entry.id : -1),
      unknown,
    ),
    tokenizer: vocabulary.changed(entries),
    added,
  };
}

function ids(from: number, to: number): Entry[] {
  return Array.from({ length: to - from }, (_, i) => ({ id: from + i }));
}
