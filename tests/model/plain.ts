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
  combine: "concatenation" | "attention" = "concatenation",
): number {
  return sum(layerMap.map((layers, j) =>
    sum(weights.map((weight, r) => {
      const said = mapped(student[j][r], ofStudent[j]);
      const states = layers.map((layer) => teacher[layer - 1][r]);
      const combined = combine === "attention"
        ? attended(said, states)
        : states.flat();
      const target = unit(mapped(combined, ofTeacher[j]));
      const own = unit(said);
      return weight * sum(target.map((value, i) => (value - own[i]) ** 2));
    }))
  ));
}

/** sum_i exp(<q, h_i> / sqrt(d)) h_i / sum_i exp(<q, h_i> / sqrt(d)). */
function attended(query: readonly number[], states: Matrix): number[] {
  const shares = softmax(
    states.map((state) => dot(query, state)),
    Math.sqrt(query.length),
  );
  return query.map((_, column) =>
    sum(states.map((state, i) => shares[i] * state[column]))
  );
}

/** sum_bq w_bq sum_k (mean over heads of student_bhqk - teacher_bqk)^2. */
export function attentionMap(
  student: readonly (readonly Matrix[])[],
  teacher: readonly Matrix[],
  weights: Matrix,
): number {
  let loss = 0;
  student.forEach((heads, b) => {
    for (const [q, looks] of teacher[b].entries()) {
      for (const [k, look] of looks.entries()) {
        const mean = sum(heads.map((head) => head[q][k])) / heads.length;
        loss += weights[b][q] * (mean - look) ** 2;
      }
    }
  });
  return loss;
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
