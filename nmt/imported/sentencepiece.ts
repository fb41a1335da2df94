/** Reads a SentencePiece model, an `.spm` file: pieces, their scores, and how text is normalized. */
import { inputError } from "../../base/input_error.ts";
import type { Refuse } from "../../base/input_file.ts";
import { readCharsmap } from "../text/normalization/charsmap.ts";
import type { Normalization } from "../text/normalization/normalizer.ts";
import { type Field, fields } from "./protocol_buffer.ts";

export interface Piece {
  readonly text: string;
  readonly score: number;
  readonly kind: PieceKind;
}

export type PieceKind = "normal" | "unknown" | "control" | "unused" | "byte";

export interface SentencePieceModel {
  readonly algorithm: "unigram" | "bpe";
  /** By the model's own ids. */
  readonly pieces: readonly Piece[];
  /** Id of the piece for what no piece covers. */
  readonly unknown: number;
  /** Id of the end of a sentence. */
  readonly end: number;
  /** Whether a character without a piece becomes its bytes. */
  readonly bytes: boolean;
  readonly normalization: Normalization;
}

const ALGORITHMS = ["unigram", "bpe", "word", "char"];
const KINDS = [
  "normal",
  "unknown",
  "control",
  "user-defined",
  "unused",
  "byte",
];

/** No model is larger: those of hundreds of languages take a few megabytes, with pieces of a few letters. */
const MOST = { bytes: 64 << 20, pieces: 1_000_000, letters: 1000 };

/**
 * The model in the bytes of a file; `what` is its name for the user, such as `the vocabulary "vocab.spm"`.
 *
 * @throws An input error where the bytes are no such model, or where it does what is not supported.
 */
export function readSentencePiece(
  bytes: Uint8Array<ArrayBuffer>,
  what: string,
): SentencePieceModel {
  const damaged: Refuse = (reason) =>
    inputError(
      `Cannot read ${what}: ${reason}; the file is damaged or no SentencePiece model.`,
    );
  const unsupported = (expected: string, found: string) =>
    inputError(
      `Cannot use ${what}: expected ${expected}, found ${found}; use a model with another vocabulary.`,
    );
  if (bytes.length > MOST.bytes) {
    throw damaged(
      `expected at most ${MOST.bytes} bytes, found ${bytes.length}`,
    );
  }
  const parts = fields(bytes, damaged);
  const count = parts.filter(({ number }) => number === 1).length;
  if (count > MOST.pieces) {
    throw damaged(`expected at most ${MOST.pieces} pieces, found ${count}`);
  }
  const model = messageOf(parts, damaged);
  const trainer = model.message(2), normalizer = model.message(3);
  const pieces = model.messages(1).map((piece): Piece => {
    const kind = KINDS[piece.number(3, 1) - 1];
    const text = piece.text(1, "");
    if (!isKind(kind)) {
      throw unsupported(
        "pieces that are learned from text",
        `"${text}", a piece that is ${kind ?? "of no known kind"}`,
      );
    }
    const score = piece.float(2);
    if (!Number.isFinite(score)) {
      throw damaged(`expected a score for "${text}", found ${score}`);
    }
    return { text, score, kind };
  });
  const algorithm = ALGORITHMS[trainer.number(3, 1) - 1];
  if (algorithm !== "unigram" && algorithm !== "bpe") {
    throw unsupported("unigram or bpe pieces", `${algorithm ?? "others"}`);
  }
  if (algorithm === "bpe" && pieces.some(({ kind }) => kind === "unused")) {
    throw unsupported("bpe pieces that are all in use", "unused ones");
  }
  if (trainer.number(24, 0) !== 0) {
    throw unsupported("white space before a word", "it as a suffix");
  }
  if (normalizer.number(5, 1) !== 1) {
    throw unsupported("white space as ▁", "it as it is");
  }
  if (model.message(5).bytes(2).length > 0) {
    throw unsupported("text as it is decoded", "a normalizer of it");
  }
  checkPieces(pieces, damaged);
  const charsmap = normalizer.bytes(2);
  if (charsmap.length > 0) {
    readCharsmap(
      charsmap,
      (reason) => damaged(`of its map of characters, ${reason}`),
    );
  }
  return {
    algorithm,
    pieces,
    unknown: onlyOne(
      pieces,
      "<unk>",
      ({ kind }) => kind === "unknown",
      damaged,
    ),
    end: onlyOne(
      pieces,
      "end of sentence",
      ({ text, kind }) =>
        kind === "control" && text === trainer.text(47, "</s>"),
      damaged,
    ),
    bytes: trainer.number(35, 0) !== 0,
    normalization: {
      charsmap,
      addsPrefix: normalizer.number(3, 1) !== 0,
      removesSpaces: normalizer.number(4, 1) !== 0,
    },
  };
}

function checkPieces(pieces: readonly Piece[], damaged: Refuse): void {
  const seen = new Set<string>();
  for (const { text } of pieces) {
    if (text === "") {
      throw damaged("expected pieces of text, found an empty one");
    }
    if (text.length > MOST.letters) {
      throw damaged(
        `expected pieces of at most ${MOST.letters} characters, found one of ${text.length}`,
      );
    }
    if (seen.has(text)) {
      throw damaged(`expected each piece once, found "${text}" twice`);
    }
    seen.add(text);
  }
}

function onlyOne(
  pieces: readonly Piece[],
  name: string,
  is: (piece: Piece) => boolean,
  damaged: Refuse,
): number {
  const found = pieces.flatMap((piece, id) => is(piece) ? [id] : []);
  if (found.length !== 1) {
    throw damaged(`expected one piece for ${name}, found ${found.length}`);
  }
  return found[0];
}

function isKind(name: string | undefined): name is PieceKind {
  return name !== undefined && name !== "user-defined";
}

/** The fields of a message by number; of a field that is there more than once, the last counts. */
interface Message {
  message(number: number): Message;
  messages(number: number): Message[];
  bytes(number: number): Uint8Array<ArrayBuffer>;
  text(number: number, otherwise: string): string;
  number(number: number, otherwise: number): number;
  float(number: number): number;
}

function messageOf(all: readonly Field[], damaged: Refuse): Message {
  const values = (number: number) =>
    all.filter((field) => field.number === number).map(({ value }) => value);
  const lengths = (number: number) =>
    values(number).map((value) => {
      if (typeof value !== "number") return value;
      throw damaged(`expected bytes in field ${number}, found ${value}`);
    });
  const message = (bytes: Uint8Array<ArrayBuffer>) =>
    messageOf(fields(bytes, damaged), damaged);
  const bytes = (number: number) => lengths(number).at(-1) ?? new Uint8Array();
  return {
    bytes,
    message: (number) => message(bytes(number)),
    messages: (number) => lengths(number).map(message),
    text: (number, otherwise) => {
      const found = lengths(number).at(-1);
      if (found === undefined) return otherwise;
      try {
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
          .decode(found);
      } catch {
        throw damaged(`expected text in field ${number}, found other bytes`);
      }
    },
    number: (number, otherwise) => {
      const found = values(number).at(-1) ?? otherwise;
      if (typeof found === "number") return found;
      throw damaged(`expected a number in field ${number}, found bytes`);
    },
    float: (number) => {
      const found = lengths(number).at(-1);
      if (found === undefined) return 0;
      if (found.length !== 4) {
        throw damaged(`expected 4 bytes in field ${number}`);
      }
      return new DataView(found.buffer, found.byteOffset).getFloat32(0, true);
    },
  };
}
