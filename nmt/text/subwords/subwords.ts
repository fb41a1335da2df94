/** Subwords: byte-level byte-pair encoding that is learnt here and can encode any text, or those of an imported model. */
import {
  BPE,
  byteLevelAlphabet,
  byteLevelPreTokenizer,
  nfcNormalizer,
  Tokenizer,
} from "tokenizers";
import { z } from "zod";
import { inputError } from "../../../base/input_error.ts";
import { checkInput } from "../../../base/input_file.ts";
import { EOS } from "../../../schemas/experiment/vocabulary.ts";
import { takeNormalizer } from "../normalization/stored_normalizer.ts";
import { TOKEN } from "./language_tokens.ts";
import {
  NOTHING,
  type Reserved,
  reservedIn,
  reservedSubwords,
} from "./reserved.ts";
import { withReserved } from "./reserved_subwords.ts";

/** Encodes text as ids and decodes ids, without padding, begin and end of sentence. */
export interface Subwords {
  /** Ids in all, the special ones included. */
  readonly size: number;
  /** The id of what is unknown; none where no text is. */
  readonly unknown?: number;
  /** The source languages that are told by a token, with which each source line begins; undefined where there is one language. */
  readonly languages?: readonly string[];
  /** How many placeholders of a line have a reserved subword; undefined where they are cut as any text is. */
  readonly placeholders?: number;
  /** Whether words are of lower case after a mark of theirs. */
  readonly casing?: boolean;
  /**
   * The ids of each line, which is of the source unless said otherwise: an imported model may cut its sides differently.
   * Placeholders of a target are numbered as in the sources that are given with it.
   */
  encode(
    lines: readonly string[],
    side?: "source" | "target",
    sources?: readonly string[],
  ): Promise<Int32Array<ArrayBuffer>[]>;
  /**
   * The text of each list of ids, of which the special ones are left out. The placeholders in it are those of its source;
   * without the sources, their symbols stay.
   */
  decode(
    ids: readonly (readonly number[] | Int32Array)[],
    sources?: readonly string[],
  ): Promise<string[]>;
}

/** Ids 0, 1, 2 as in `schemas/experiment/vocabulary.ts`. No text encodes to them: "</s>" in a text is four characters. */
const SPECIALS = ["<pad>", "<s>", "</s>"];

const Merge = z.union([
  z.tuple([z.string(), z.string()]),
  z.string().transform((pair): [string, string] => {
    const [left, right] = pair.split(" ");
    return [left, right];
  }),
]);

const Trained = z.looseObject({
  model: z.looseObject({
    type: z.literal("BPE"),
    vocab: z.record(z.string(), z.int().min(0)),
    merges: z.array(Merge),
  }),
});

/** What an export registers for other libraries; here no text becomes a special subword. */
const Registered = z.looseObject({
  added_tokens: z.array(
    z.union([
      z.looseObject({ id: z.int().max(EOS), special: z.literal(true) }),
      // The token of a language.
      z.looseObject({
        content: z.string().regex(TOKEN),
        special: z.literal(false),
      }),
    ]),
  ),
}).transform((json) => ({ ...json, added_tokens: [], post_processor: null }));

/** How `trainSubwords` normalizes and splits text. */
const ByteLevel = z.looseObject({
  added_tokens: z.tuple([]),
  normalizer: z.looseObject({ type: z.literal("NFC") }),
  pre_tokenizer: z.looseObject({
    type: z.literal("ByteLevel"),
    add_prefix_space: z.literal(false),
    use_regex: z.literal(true),
  }),
});

/**
 * What tells the subwords of an imported model: those of the target are there where its side is cut otherwise, and ids from
 * `known` on are of pieces that the model's vocabulary lacks.
 */
const Imported = z.looseObject({
  pre_tokenizer: z.looseObject({ type: z.literal("Metaspace") }),
  model: z.union([
    z.looseObject({ type: z.literal("Unigram"), unk_id: z.int().min(0) }),
    z.looseObject({
      type: z.literal("BPE"),
      unk_token: z.string(),
      vocab: z.record(z.string(), z.int().min(0)),
    }),
  ]),
  target: z.unknown().optional(),
  known: z.int().min(0).optional(),
});

/** The trainer's own limit, which its interface for Node has no option for. */
const TRAINING_LIMIT = 30_000;

/** Lines that are encoded at once: a batch is spread over the cores and held in memory. */
const LINES = 2000;

/** Characters of a word that the trainer learns from as a whole, as many as Moses takes in a corpus. */
const LONGEST_WORD = 1000;

/**
 * So much of a longer word, or of longer white space: the trainer's time grows with the square of a word's length. What
 * is white space either here or to the trainer counts as both.
 */
const PART = /[\S\ufeff]{1000}(?=[\S\ufeff])|[\s\u0085]{1000}(?=[\s\u0085])/gu;

/**
 * Learns exactly `size` subwords from some lines and writes them as a `tokenizer.json`. Equal lines give equal bytes.
 * A size that the lines cannot give is an input error which says how many they can. A word of more than 1,000
 * characters counts as several. What is `reserved` is among the subwords, and the lines have none of it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { loadSubwords, trainSubwords } from "./subwords.ts";
 *
 * const path = Deno.makeTempFileSync();
 * await trainSubwords(["low lower lowest", "new newer newest"], 262, path);
 * const subwords = await loadSubwords(path);
 * const ids = await subwords.encode(["lower"]);
 * assertEquals(await subwords.decode(ids), ["lower"]);
 * Deno.removeSync(path);
 * ```
 */
export async function trainSubwords(
  lines: Iterable<string> | AsyncIterable<string>,
  size: number,
  path: string,
  reserved: Partial<Reserved> = {},
): Promise<void> {
  const tokenizer = new Tokenizer(BPE.empty());
  tokenizer.setNormalizer(nfcNormalizer());
  tokenizer.setPreTokenizer(byteLevelPreTokenizer(false));
  const text = `${path}.lines.tmp`, trained = `${path}.trained.tmp`;
  try {
    await Deno.writeTextFile(text, ReadableStream.from(pieces(lines)));
    tokenizer.train([text]);
    tokenizer.save(trained);
    const json = Trained.parse(JSON.parse(await Deno.readTextFile(trained)));
    await Deno.writeTextFile(
      trained,
      JSON.stringify(resized(json, size, reserved)),
    );
    await Deno.rename(trained, path);
  } finally {
    await removeIfThere(text);
    await removeIfThere(trained);
  }
}

/** Reads a `tokenizer.json` that `trainSubwords` or the import of a model wrote; any other is an input error. */
export async function loadSubwords(path: string): Promise<Subwords> {
  const broken = (why: string) =>
    inputError(
      `Cannot use the subwords "${path}": ${why}; make them again with the tokenize stage.`,
    );
  checkInput(path, broken);
  const text = await Deno.readTextFile(path);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw broken("the file is no JSON, it may be cut short");
  }
  json = Registered.safeParse(json).data ?? json;
  const imported = Imported.safeParse(json);
  if (imported.success) {
    return importedSubwords(imported.data, `the subwords "${path}"`);
  }
  const parsed = Trained.safeParse(json);
  if (!parsed.success) throw broken("it holds no byte-pair encoding");
  if (!ByteLevel.safeParse(json).success) {
    throw broken("expected words as trainSubwords splits text into them");
  }
  const { vocab } = parsed.data.model;
  const size = Object.keys(vocab).length;
  const ids = new Set(Object.values(vocab));
  if (ids.size !== size || Math.max(...ids) !== size - 1) {
    throw broken(`expected the ids 0 to ${size - 1}, each once`);
  }
  if (SPECIALS.some((special, id) => vocab[special] !== id)) {
    throw broken(`expected ${SPECIALS.join(", ")} as the first ids`);
  }
  if (byteLevelAlphabet().some((byte) => vocab[byte] === undefined)) {
    throw broken("expected a subword for each of the 256 bytes");
  }
  try {
    const learned = subwords({
      tokenizer: Tokenizer.fromString(JSON.stringify(json)),
      // The runtime's Unicode may be newer than the normalizer's: normalized first, a text means the same to both.
      normalize: (line) => line.normalize("NFC"),
    }, size);
    const words = Object.keys(vocab).sort((a, b) => vocab[a] - vocab[b]);
    return withReserved(learned, reservedIn((id) => words[id]));
  } catch (error) {
    throw broken(error instanceof Error ? error.message : String(error));
  }
}

/** The subwords of an imported model, whose text is normalized here, as libraries do it otherwise than SentencePiece. */
function importedSubwords(
  { target, known, ...source }: z.infer<typeof Imported>,
  what: string,
): Subwords {
  const made = (json: unknown): Side => {
    const { normalize, tokenizer } = takeNormalizer(json, what);
    try {
      return {
        tokenizer: Tokenizer.fromString(JSON.stringify(tokenizer)),
        normalize,
      };
    } catch (error) {
      throw inputError(
        `Cannot use ${what}: ${
          error instanceof Error ? error.message : error
        }; import the model again.`,
      );
    }
  };
  const first = made(source);
  const { model } = source;
  const unknown = model.type === "Unigram"
    ? model.unk_id
    : model.vocab[model.unk_token];
  const cut = subwords(
    first,
    first.tokenizer.getVocabSize(),
    target === undefined ? first : made(target),
  );
  return {
    ...cut,
    unknown,
    encode: async (lines, side) => {
      const all = await cut.encode(lines, side);
      if (known === undefined) return all;
      return all.map((ids) => ids.map((id) => id < known ? id : unknown));
    },
  };
}

/** How the text of a side is cut. */
interface Side {
  readonly tokenizer: Tokenizer;
  readonly normalize: (line: string) => string;
}

function subwords(source: Side, size: number, target = source): Subwords {
  return {
    size,
    async encode(lines, side = "source") {
      const { tokenizer, normalize } = { source, target }[side];
      const encoded: Int32Array<ArrayBuffer>[] = [];
      for (let start = 0; start < lines.length; start += LINES) {
        const batch = lines.slice(start, start + LINES).map(normalize);
        const encodings = await tokenizer.encodeBatch(batch, {
          addSpecialTokens: false,
        });
        for (const one of encodings) {
          encoded.push(Int32Array.from(one.getIds()));
        }
      }
      return encoded;
    },
    decode(lists) {
      const plain = lists.map((ids) =>
        Array.from(ids).filter((id) => id >= SPECIALS.length)
      );
      return source.tokenizer.decodeBatch(plain, false);
    },
  };
}

/** What was trained, cut to a size: the special subwords, the reserved ones, the bytes, then the merges in the order of their use. */
function resized(
  trained: z.infer<typeof Trained>,
  size: number,
  wanted: Partial<Reserved>,
) {
  const bytes = byteLevelAlphabet().sort();
  const reserved = reservedSubwords({ ...NOTHING, ...wanted });
  const words = new Set([...SPECIALS, ...reserved.subwords, ...bytes]);
  const reached = new Set(bytes);
  const merges = reserved.merges.map((merge) => [...merge]);
  for (const [left, right] of trained.model.merges) {
    if (words.size === size) break;
    const whole = left + right;
    // No text may become a special subword.
    if (SPECIALS.includes(whole)) continue;
    // Nor a reserved one, which is merged with nothing.
    if (reserved.subwords.some((subword) => whole.includes(subword))) continue;
    if (!reached.has(left) || !reached.has(right)) continue;
    reached.add(whole);
    words.add(whole);
    merges.push([left, right]);
  }
  if (words.size !== size) {
    const limit = Object.keys(trained.model.vocab).length >= TRAINING_LIMIT
      ? "the trainer learns"
      : "this text gives";
    throw inputError(
      `Cannot make a vocabulary of ${size}: ${limit} ${words.size} subwords at most; ` +
        `lower "vocabulary.size"${
          limit === "this text gives" ? " or give more text" : ""
        }.`,
    );
  }
  return {
    ...trained,
    added_tokens: [],
    decoder: {
      type: "ByteLevel",
      add_prefix_space: false,
      trim_offsets: true,
      use_regex: true,
    },
    model: {
      ...trained.model,
      vocab: Object.fromEntries([...words].map((word, id) => [word, id])),
      merges,
    },
  };
}

/** The lines as a file's text, in pieces that need not all be held. */
async function* pieces(
  lines: Iterable<string> | AsyncIterable<string>,
): AsyncGenerator<string> {
  let pending: string[] = [];
  for await (const line of lines) {
    const isLong = line.length > LONGEST_WORD;
    pending.push(isLong ? line.replace(PART, "$&\n") : line, "\n");
    if (pending.length >= 2 * LINES) {
      yield pending.join("");
      pending = [];
    }
  }
  yield pending.join("");
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
