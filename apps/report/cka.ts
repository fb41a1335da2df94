/** Similarity of two layers on the same positions: debiased linear centered kernel alignment (Kornblith et al. 2019). */

/** Products of each two of n rows; nothing on the diagonal, as a row says nothing about itself. */
export interface Gram {
  readonly rows: number;
  /** [n, n]. */
  readonly products: Float64Array;
  /** Of each row of the products, and of all. */
  readonly sums: Float64Array;
  readonly total: number;
}

/** The Gram matrix of rows [n, d], whose means are taken off first: they are large beside what differs. */
export function gram(
  values: Float32Array,
  width: number,
): Gram {
  const rows = values.length / width;
  const centered = withoutMeans(values, rows, width);
  const products = new Float64Array(rows * rows);
  const sums = new Float64Array(rows);
  let total = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < i; j++) {
      let product = 0;
      for (let k = 0; k < width; k++) {
        product += centered[i * width + k] * centered[j * width + k];
      }
      products[i * rows + j] = products[j * rows + i] = product;
      sums[i] += product;
      sums[j] += product;
      total += 2 * product;
    }
  }
  return { rows, products, sums, total };
}

/**
 * From 0 for layers that have nothing in common to 1 for those that are the same up to rotation and scale, whatever their
 * widths: HSIC(X, Y) / sqrt(HSIC(X, X) HSIC(Y, Y)). HSIC is estimated without bias (Song et al. 2012, equation 5), so that
 * few positions of many features do not look alike by chance; what falls below 0 by chance is 0. At least 4 rows, of the
 * same positions.
 */
export function cka(x: Gram, y: Gram): number {
  const scale = Math.sqrt(hsic(x, x) * hsic(y, y));
  return scale > 0 ? Math.min(1, Math.max(0, hsic(x, y) / scale)) : 0;
}

function hsic(x: Gram, y: Gram): number {
  const n = x.rows;
  let product = 0;
  for (let i = 0; i < x.products.length; i++) {
    product += x.products[i] * y.products[i];
  }
  let between = 0;
  for (let i = 0; i < n; i++) between += x.sums[i] * y.sums[i];
  return (product + x.total * y.total / ((n - 1) * (n - 2)) -
    2 * between / (n - 2)) / (n * (n - 3));
}

function withoutMeans(
  values: Float32Array,
  rows: number,
  width: number,
): Float32Array {
  const means = new Float64Array(width);
  values.forEach((value, i) => means[i % width] += value / rows);
  return values.map((value, i) => value - means[i % width]);
}
