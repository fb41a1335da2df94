/** Opens a shard of states: it must be sound, of this teacher, and of the very sentences that are to be read. */
import { inputError } from "../../base/input_error.ts";
import { readSafetensorsHeader } from "../tensor/safetensors.ts";
import { firstDifference, ID_NUMBERS } from "../text/subwords/sentence_ids.ts";
import { sentenceIdsOf, type Tokens } from "../text/subwords/tokens.ts";
import { openFiles } from "./open_files.ts";
import { type Blocks, matricesOf, SENTENCES } from "./pair_blocks.ts";

/** Pairs of a shard; an interrupted recording resumes after its last complete shard. */
export const SHARD_PAIRS = 2048;

export const shardPath = (folder: string, shard: number) =>
  `${folder}/${String(shard).padStart(5, "0")}.safetensors`;

export interface CheckedShard {
  readonly path: string;
  /** Position of the first byte of each tensor in the file. */
  readonly positions: Readonly<Record<string, number>>;
  /** Its first pair. */
  readonly first: number;
}

/**
 * Where a shard has the tensors that are wanted of it. The ids of its sentences are read and compared; its values are
 * not.
 *
 * @throws An input error, which ends with `remedy`, for a shard that is missing, damaged, or of other tensors or
 * sentences.
 */
export function checkedShard(
  path: string,
  shard: number,
  wanted: readonly Blocks[],
  tokens: Tokens,
  remedy: string,
): CheckedShard {
  const what = `states shard ${shard}`;
  const { ranges } = readSafetensorsHeader(path, what);
  const first = shard * SHARD_PAIRS;
  const end = Math.min(first + SHARD_PAIRS, tokens.pairs);
  const matrices = matricesOf(wanted, first, end);
  for (const [name, { dtype, rows, width }] of Object.entries(matrices)) {
    const found = ranges[name];
    if (found?.shape.join() !== `${rows},${width}` || found.dtype !== dtype) {
      throw inputError(
        `Cannot use ${what}: expected tensor "${name}" of ${dtype} [${rows},${width}], found ${
          found === undefined
            ? `only ${Object.keys(ranges).join(", ")}`
            : `${found.dtype} [${found.shape}]`
        }; ${remedy}.`,
      );
    }
  }
  const positions = Object.fromEntries(
    Object.keys(matrices).map((name) => [name, ranges[name].position]),
  );
  const files = openFiles();
  try {
    for (const { name, side } of SENTENCES) {
      const ids = new Int32Array(ID_NUMBERS * (end - first));
      const bytes = new Uint8Array(ids.buffer);
      files.read(path, positions[name], bytes, `the sentence ids of ${what}`);
      const other = firstDifference(
        ids,
        sentenceIdsOf(tokens[side], first, end),
      );
      if (other === undefined) continue;
      throw inputError(
        `Cannot use ${what}: it has the states of another sentence at pair ${
          first + other
        }, whose ${side} differs; ${remedy}.`,
      );
    }
  } finally {
    files.close();
  }
  return { path, positions, first };
}
