/** Leaves out of the vocabulary of a model what some text does not use, for a smaller model of that text. */
import { inputError } from "../../base/input_error.ts";
import type { Side, Tokens } from "../text/subwords/tokens.ts";
import type { SavedModel } from "../transformer/checkpoint.ts";
import { withVocabulary } from "./rows.ts";
import { changeableSubwords } from "./subwords.ts";

export interface TrimmingJob {
  readonly saved: SavedModel;
  /** The text of its `tokenizer.json`. */
  readonly tokenizer: string;
  readonly train: Tokens;
  readonly validation: Tokens;
  /** Subwords to keep: those that are used or needed, then the first of the others. */
  readonly size: number;
}

export interface Trimmed {
  readonly saved: SavedModel;
  readonly tokenizer: string;
  readonly train: Tokens;
  readonly validation: Tokens;
  /** Subwords that have to be kept, of so many before. */
  readonly used: number;
  readonly before: number;
}

/**
 * The model, its subwords and the tokens with fewer subwords. The text of the tokens is cut as before, and the model's
 * states of it are the same numbers; other text is cut into what is left.
 *
 * @throws An input error where the text uses more subwords than `size`, or the model has fewer.
 */
export function trimmed(job: TrimmingJob): Trimmed {
  const { saved, train, validation, size } = job;
  const refuse = (expected: string) =>
    inputError(
      `Cannot make a student vocabulary of ${size} subwords: ${expected}; set "vocabulary.students" to such a number.`,
    );
  const { vocabulary: before } = saved;
  if (size > before) throw refuse(`the teacher has ${before}`);
  const vocabulary = changeableSubwords(
    job.tokenizer,
    "the subwords of the teacher",
  );
  const sides = [train, validation].flatMap(({ source, target }) => [
    source,
    target,
  ]);
  const needed = vocabulary.closure(new Set(sides.flatMap(idsOf)));
  if (needed.size > size) throw refuse(`the text uses ${needed.size}`);
  const kept = new Set(needed);
  for (let id = 0; kept.size < size; id++) kept.add(id);
  const rows = [...kept].sort((a, b) => a - b);
  const idOf = new Int32Array(before);
  rows.forEach((row, id) => idOf[row] = id);
  const renumbered = (side: Side): Side => ({
    ...side,
    ids: side.ids.map((id) => idOf[id]),
  });
  const renumber = (tokens: Tokens): Tokens => ({
    ...tokens,
    source: renumbered(tokens.source),
    target: renumbered(tokens.target),
  });
  return {
    saved: withVocabulary(saved, rows, vocabulary.unknown),
    tokenizer: vocabulary.changed(rows.map((id) => ({ id }))),
    train: renumber(train),
    validation: renumber(validation),
    used: needed.size,
    before,
  };
}

function idsOf({ ids }: Side): number[] {
  return [...new Set(ids)];
}
