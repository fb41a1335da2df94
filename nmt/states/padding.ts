/** Removes and adds the padding of a pair's matrix in a batch. */

/** Sizes of a matrix within one that is padded; in elements or in bytes. */
export interface Padding {
  readonly rows: number;
  readonly columns: number;
  /** Columns of a padded row. */
  readonly width: number;
}

type Row = Uint8Array | Float16Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

/** Moves the rows of a padded matrix together, to the front of its memory. */
export function withoutPadding(
  matrix: Row,
  { rows, columns, width }: Padding,
): void {
  if (columns === width) return;
  for (let row = 1; row < rows; row++) {
    matrix.copyWithin(row * columns, row * width, row * width + columns);
  }
}

/** The inverse of `withoutPadding`: zeros come after each row, and after the last one to the end of the memory. */
export function withPadding(
  matrix: Row,
  { rows, columns, width }: Padding,
): void {
  matrix.fill(0, rows * columns);
  if (columns === width) return;
  for (let row = rows - 1; row >= 0; row--) {
    const start = row * width;
    matrix.copyWithin(start, row * columns, (row + 1) * columns);
    matrix.fill(0, start + columns, start + width);
  }
}
