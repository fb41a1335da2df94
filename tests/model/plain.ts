/** Losses in plain numbers and loops, written from the equations and not from the code: what the tensors must agree with. */

export type Matrix = readonly (readonly number[])[];

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

export const dot = (a: readonly number[], b: readonly number[]) =>
  sum(a.map((value, i) => value * b[i]));

/** softmax(E x / temperature), E holds one row a word. */
export function softmax(logits: readonly number[], temperature = 1): number[] {
  const powers = logits.map((logit) => Math.exp(logit / temperature));
  return powers.map((power) => power / sum(powers));
}

const logitsOf = (x: readonly number[], embedding: Matrix) =>
  embedding.map((row) => dot(row, x));

/** sum_r w_r sum_v -q_v log p_v with q = (1 - s) one-hot + s / V. */
export function crossEntropy(
  x: Matrix,
  embedding: Matrix,
  labels: readonly number[],
  weights: readonly number[],
  smoothing: number,
): number {
  return sum(x.map((row, r) => {
    const p = softmax(logitsOf(row, embedding));
    return weights[r] * sum(p.map((probability, v) => {
      const target = (v === labels[r] ? 1 - smoothing : 0) +
        smoothing / p.length;
      return -target * Math.log(probability);
    }));
  }));
}

/** sum_r w_r tau^2 sum_v t_v log(t_v / p_v). */
export function softTargets(
  x: Matrix,
  embedding: Matrix,
  teacherLogits: Matrix,
  weights: readonly number[],
  temperature: number,
): number {
  return temperature ** 2 * sum(x.map((row, r) => {
    const student = softmax(logitsOf(row, embedding), temperature);
    const teacher = softmax(teacherLogits[r], temperature);
    return weights[r] *
      sum(teacher.map((t, v) => t * (Math.log(t) - Math.log(student[v]))));
  }));
}

const unit = (x: readonly number[]) => {
  const length = Math.sqrt(dot(x, x));
  return x.map((value) => value / length);
};

/** W [in][out] and b [out]. */
export interface LinearMap {
  readonly weight: Matrix;
  readonly bias: readonly number[];
}

const mapped = (x: readonly number[], map: LinearMap | undefined) =>
  map === undefined
    ? x
    : map.bias.map((bias, column) =>
      bias + sum(x.map((value, row) => value * map.weight[row][column]))
    );

/** sum_j sum_r w_r || norm(A_j C_j) - norm(B_j h_j) ||^2, with the identity where a map is not given. */
export function combinedLayers(
  layerMap: readonly (readonly number[])[],
  student: readonly Matrix[],
  teacher: readonly Matrix[],
  weights: readonly number[],
  ofStudent: readonly (LinearMap | undefined)[],
  ofTeacher: readonly (LinearMap | undefined)[],
): number {
  return sum(layerMap.map((layers, j) =>
    sum(weights.map((weight, r) => {
      const joined = layers.flatMap((layer) => teacher[layer - 1][r]);
      const target = unit(mapped(joined, ofTeacher[j]));
      const own = unit(mapped(student[j][r], ofStudent[j]));
      return weight * sum(target.map((value, i) => (value - own[i]) ** 2));
    }))
  ));
}

/** sum_r,i c_ri (gain_i (x_ri - mean_r) / sqrt(variance_r + epsilon) + bias_i). */
export function layerNorm(
  x: Matrix,
  gain: readonly number[],
  bias: readonly number[],
  epsilon: number,
): number[][] {
  return x.map((row) => {
    const mean = sum(row) / row.length;
    const variance = sum(row.map((value) => (value - mean) ** 2)) / row.length;
    return row.map((value, i) =>
      gain[i] * (value - mean) / Math.sqrt(variance + epsilon) + bias[i]
    );
  });
}
