/** Writes a shard of states while it is computed: a safetensors file whose rows come in any order. */
import { writeAll } from "../../base/write_all.ts";
import { layOut, systemErrorsAs } from "../tensor/safetensors.ts";

/** A matrix of a shard: row-major, a row a token. */
export interface Matrix {
  readonly dtype: "F16" | "F32" | "I32";
  readonly rows: number;
  readonly width: number;
}

export interface ShardWriter {
  /** Writes the rows from `row` on of a matrix. */
  write(
    name: string,
    row: number,
    values: Float16Array | Float32Array | Int32Array,
  ): void;
  /** Waits until the rows are on the disk, and only then gives the file its name. */
  finish(): Promise<void>;
}

const BYTES = { F16: 2, F32: 4, I32: 4 } as const;

/** Bytes of a matrix in its shard. */
export const matrixBytes = ({ dtype, rows, width }: Matrix): number =>
  BYTES[dtype] * rows * width;

/**
 * Begins a file that is not there until it is complete. Its rows go to the file as they come, so that memory holds
 * none of them; every row of every matrix is to be written. A disk that is full is an input error.
 */
export function createShard(
  path: string,
  matrices: Readonly<Record<string, Matrix>>,
): ShardWriter {
  const cannot = `Cannot write "${path}"`;
  const temporary = `${path}.tmp`;
  const { header, positions } = layOut(
    Object.fromEntries(
      Object.entries(matrices).map((
        [name, { dtype, rows, width }],
      ) => [name, { dtype, shape: [rows, width] }]),
    ),
  );
  const file = systemErrorsAs(
    cannot,
    () =>
      Deno.openSync(temporary, { write: true, create: true, truncate: true }),
  );
  const writeAt = (position: number, bytes: Uint8Array) =>
    systemErrorsAs(cannot, () => {
      file.seekSync(position, Deno.SeekMode.Start);
      writeAll(file, bytes);
    });
  writeAt(0, header);
  return {
    write: (name, row, values) => {
      const { dtype, width } = matrices[name];
      writeAt(
        positions[name] + row * width * BYTES[dtype],
        new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
      );
    },
    finish: async () => {
      // On a disk of the network a lack of room may be told no earlier.
      const failed = await file.syncData()
        .then(() => undefined, (error: unknown) => error);
      file.close();
      systemErrorsAs(cannot, () => {
        if (failed !== undefined) throw failed;
        Deno.renameSync(temporary, path);
      });
    },
  };
}
