/** A shard of recorded states, written while it is computed: a safetensors file whose rows come in any order. */
import { inputError } from "../schemas/errors.ts";

/** A matrix of a shard: row-major, a row a token. */
export interface Matrix {
  readonly dtype: "F16" | "F32";
  readonly rows: number;
  readonly width: number;
}

export interface ShardWriter {
  /** Writes the rows from `row` on of a matrix. */
  write(
    name: string,
    row: number,
    values: Float16Array<ArrayBuffer> | Float32Array<ArrayBuffer>,
  ): void;
  /** Waits until the rows are on the disk, and only then gives the file its name. */
  finish(): Promise<void>;
}

const BYTES = { F16: 2, F32: 4 } as const;

/**
 * Begins a file that is not there until it is complete. Its rows go to the file as they come, so that memory holds
 * none of them; every row of every matrix is to be written. A disk that is full is an input error.
 */
export function createShard(
  path: string,
  matrices: Readonly<Record<string, Matrix>>,
): ShardWriter {
  const temporary = `${path}.tmp`;
  const { bytes, positions } = headerOf(matrices);
  const file = naming(
    path,
    () =>
      Deno.openSync(temporary, { write: true, create: true, truncate: true }),
  );
  const writeAt = (position: number, bytes: Uint8Array) =>
    naming(path, () => {
      file.seekSync(position, Deno.SeekMode.Start);
      for (let done = 0; done < bytes.length;) {
        done += file.writeSync(bytes.subarray(done));
      }
    });
  writeAt(0, bytes);
  return {
    write: (name, row, values) => {
      const { dtype, width } = matrices[name];
      writeAt(
        positions[name] + row * width * BYTES[dtype],
        new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
      );
    },
    finish: async () => {
      await file.syncData();
      file.close();
      naming(path, () => Deno.renameSync(temporary, path));
    },
  };
}

/** The header of the file, and where each matrix begins. */
function headerOf(matrices: Readonly<Record<string, Matrix>>) {
  const entries: Record<string, unknown> = {};
  const offsets: Record<string, number> = {};
  let end = 0;
  for (const [name, { dtype, rows, width }] of Object.entries(matrices)) {
    offsets[name] = end;
    end += rows * width * BYTES[dtype];
    entries[name] = {
      dtype,
      shape: [rows, width],
      data_offsets: [offsets[name], end],
    };
  }
  const json = new TextEncoder().encode(JSON.stringify(entries));
  const start = 8 + Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(start).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.set(json, 8);
  const positions = Object.fromEntries(
    Object.entries(offsets).map(([name, offset]) => [name, start + offset]),
  );
  return { bytes, positions };
}

/** Turns what the operating system refuses into an input error. */
function naming<Result>(path: string, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    const reason = error.message.replace(/ \(os error \d+\).*$/s, "");
    throw inputError(`Cannot write "${path}": ${reason}.`);
  }
}
