/** Reads the binary lexical short-list of Marian and Bergamot, such as `lex.50.50.pten.s2t.bin`. */
import { join } from "@std/path";
import { inputError } from "../../base/input_error.ts";
import type { ImportedModel } from "../imported/import.ts";
import { bytesOf } from "../imported/files.ts";
import { faultOf, type Shortlist, shortlistOf } from "./shortlist.ts";

const MAGIC = 0xf11a48d5013417f5n;
/** Magic number, checksum, `firstNum`, `bestNum`, number of offsets, number of ids; little endian, as all that follows. */
const HEADER_WORDS = 6;
const WORD = 8, ID = 4;

/**
 * The path of the short-list in the folder of a release; undefined where there is none.
 *
 * @throws An input error where there are several.
 */
export function findMarianShortlist(folder: string): string | undefined {
  const found = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => /^lex.*\.bin$/.test(name)).sort();
  if (found.length <= 1) return found.map((name) => join(folder, name))[0];
  throw inputError(
    `Cannot choose a short-list in "${folder}": expected one, found ${
      found.map((name) => `"${name}"`).join(" and ")
    }; leave one of them there, or give --no-shortlist.`,
  );
}

/** What renumbers the ids of a model's file. */
export type Renumbered = Pick<
  ImportedModel,
  "ids" | "vocabulary" | "unknown" | "known"
>;

/**
 * The short-list in a file, for a model that was imported from the same release. Its `firstNum` first ids are candidates of
 * every sentence. A piece that the model's vocabulary lacks has the list of what is unknown.
 *
 * @throws An input error where the file is damaged, no short-list, or that of another vocabulary.
 */
export function readMarianShortlist(
  path: string,
  model: Renumbered,
): Shortlist {
  const bytes = bytesOf(path, {});
  const refuse = (
    reason: string,
    what = "get the file again",
  ) => inputError(`Cannot use the short-list "${path}": ${reason}; ${what}.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const word = (index: number) => view.getBigUint64(WORD * index, true);
  const header = HEADER_WORDS * WORD;
  if (bytes.length < WORD || word(0) !== MAGIC) {
    throw refuse(
      "expected a binary lexical short-list of Marian, found another file",
      "leave it out with --no-shortlist",
    );
  }
  if (bytes.length < header) {
    throw refuse(`expected a header of ${header} bytes, found ${bytes.length}`);
  }
  const [checksum, first, , offsetCount, idCount] = [1, 2, 3, 4, 5].map(word);
  const expected = BigInt(header) + BigInt(WORD) * offsetCount +
    BigInt(ID) * idCount;
  if (expected !== BigInt(bytes.length)) {
    throw refuse(
      `expected the ${expected} bytes of its header, found ${bytes.length}`,
    );
  }
  const found = hashOf(view);
  if (found !== checksum) {
    throw refuse(
      `expected the checksum ${checksum.toString(16)}, found ${
        found.toString(16)
      }`,
    );
  }
  const start = header + WORD * Number(offsetCount);
  const listed = Int32Array.from(
    { length: Number(idCount) },
    (_, i) => view.getInt32(start + ID * i, true),
  );
  const offsets = Int32Array.from(
    { length: Number(offsetCount) },
    (_, i) => Number(BigInt.asIntN(32, word(HEADER_WORDS + i))),
  );
  const subwords = model.ids.length;
  const frequent = Array.from(
    { length: Math.min(Number(first), subwords) },
    (_, id) => id,
  );
  const fault = faultOf({ frequent, offsets, ids: listed }, subwords);
  if (fault !== undefined) {
    throw refuse(fault, "take model and short-list from the same release");
  }
  return renumbered({ frequent, offsets, ids: listed }, model);
}

/** Marian's hash of all words after the checksum; bytes that make up no whole word are left out. */
function hashOf(view: DataView): bigint {
  let hash = 0n;
  for (let at = 2 * WORD; at + WORD <= view.byteLength; at += WORD) {
    const mixed = view.getBigUint64(at, true) + 0x9e3779b9n + (hash << 6n) +
      (hash >> 2n);
    hash = BigInt.asUintN(64, hash ^ mixed);
  }
  return hash;
}

/** The same with the ids that the model has here. */
function renumbered(
  { frequent, offsets, ids }: {
    readonly frequent: readonly number[];
    readonly offsets: Int32Array;
    readonly ids: Int32Array;
  },
  model: Renumbered,
): Shortlist {
  const lists = new Array<Int32Array>(model.vocabulary)
    .fill(Int32Array.of());
  model.ids.forEach((id, inFile) => {
    lists[id] = ids.subarray(offsets[inFile], offsets[inFile + 1])
      .map((target) => model.ids[target]);
  });
  lists.fill(lists[model.unknown], model.known);
  return shortlistOf(frequent.map((id) => model.ids[id]), lists);
}
