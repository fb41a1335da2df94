/** Writes the subwords of a SentencePiece model as a `tokenizer.json` with the ids of an imported model. */
import { EOS } from "../../schemas/experiment/vocabulary.ts";
import { inputError } from "../../base/input_error.ts";
import { SPACE } from "../text/normalization/normalizer.ts";
import { normalizerJson } from "../text/normalization/stored_normalizer.ts";
import type { Piece, SentencePieceModel } from "./sentencepiece.ts";
import type { ImportedVocabulary } from "./vocabulary.ts";

/** What SentencePiece makes of an unknown subword when it decodes. */
const UNKNOWN = " ⁇ ";

/** A piece that text can become, and its id. */
interface Numbered {
  readonly piece: Piece;
  readonly id: number;
}

/**
 * The text of a `tokenizer.json`. No text becomes one of its special ids, nor a subword that the SentencePiece model
 * lacks: their tokens begin with a space, of which normalized text has none, and which decoding takes away.
 *
 * Text may become pieces that the vocabulary lacks. `missing` lists such pieces: their ids follow the vocabulary's, and
 * the model has to take each for the unknown subword. What decodes translations is made for the pieces of `decoded`, the
 * target's, as one file of a pair stands for both.
 *
 * @throws An input error where a byte that the model falls back to is not in the vocabulary.
 */
export function tokenizerJson(
  model: SentencePieceModel,
  { subwords, unknown }: ImportedVocabulary,
  missing: readonly string[] = [],
  decoded: SentencePieceModel = model,
): string {
  const idOf = new Map<string, number>();
  [...subwords, ...missing].forEach((subword, id) => {
    if (!idOf.has(subword) || id > EOS) idOf.set(subword, id);
  });
  const tokens = [...subwords, ...missing].map((subword, id) =>
    id <= EOS ? ` ${subword} ` : ` ${subword}`
  );
  const numbered = model.pieces.flatMap((piece): Numbered[] => {
    const id = idOf.get(piece.text);
    if (piece.kind !== "normal" && piece.kind !== "byte") return [];
    if (id === undefined) {
      throw inputError(
        `Cannot use the subwords of the model: expected an id for "${piece.text}", found none; ` +
          `take vocabulary and SentencePiece model from the same release.`,
      );
    }
    return [{ piece, id }];
  });
  for (const { piece, id } of numbered) tokens[id] = piece.text;
  tokens[unknown] = ` ${UNKNOWN}`;
  return JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [],
    ...normalizerJson(model.normalization),
    post_processor: null,
    decoder: decoderJson(decoded),
    model: model.algorithm === "unigram"
      ? unigram(model, tokens, numbered, unknown)
      : bytePairs(model, tokens, numbered, unknown),
  });
}

/** Pieces that text can become and that a vocabulary lacks. */
export function missingPieces(
  { pieces }: SentencePieceModel,
  { subwords }: ImportedVocabulary,
): string[] {
  const known = new Set(subwords);
  return pieces.filter(({ kind, text }) =>
    kind === "normal" && !known.has(text)
  )
    .map(({ text }) => text);
}

/** What SentencePiece makes of pieces: without the spaces at the beginning that its normalization puts there or takes away. */
function decoderJson({ bytes, normalization }: SentencePieceModel) {
  const { addsPrefix, removesSpaces } = normalization;
  const replace = (Regex: string, content: string) => ({
    type: "Replace",
    pattern: { Regex },
    content,
  });
  return {
    type: "Sequence",
    decoders: [
      replace("^ ", ""),
      ...bytes ? [{ type: "ByteFallback" }] : [],
      { type: "Fuse" },
      ...removesSpaces
        ? [replace(`^${SPACE}+`, "")]
        : addsPrefix
        ? [replace(`^${SPACE}`, "")]
        : [],
      replace(SPACE, " "),
    ],
  };
}

function unigram(
  { bytes }: SentencePieceModel,
  tokens: readonly string[],
  numbered: readonly Numbered[],
  unknown: number,
) {
  const scores = new Array<number>(tokens.length).fill(0);
  for (const { piece, id } of numbered) scores[id] = piece.score;
  return {
    type: "Unigram",
    unk_id: unknown,
    vocab: tokens.map((token, id) => [token, scores[id]]),
    byte_fallback: bytes,
  };
}

/** Two pieces are joined where the whole is a piece; the one with the highest score first. */
function bytePairs(
  { bytes }: SentencePieceModel,
  tokens: readonly string[],
  numbered: readonly Numbered[],
  unknown: number,
) {
  const pieces = numbered.map(({ piece }) => piece);
  const known = new Set(pieces.map(({ text }) => text));
  const merges = pieces.toSorted((a, b) => b.score - a.score)
    .flatMap(({ text }) => {
      const characters = [...text];
      return characters.slice(1).flatMap((_, i) => {
        const left = characters.slice(0, i + 1).join("");
        const right = text.slice(left.length);
        return known.has(left) && known.has(right) ? [[left, right]] : [];
      });
    });
  return {
    type: "BPE",
    dropout: null,
    unk_token: tokens[unknown],
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: true,
    byte_fallback: bytes,
    ignore_merges: false,
    vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    merges,
  };
}
