/** The systems of the paper and beyond it as data, at sizes that take milliseconds; each is trained by some test. */
import { Distillation } from "../../schemas/distillation.ts";
import { Model } from "../../schemas/model.ts";

export interface System {
  readonly name: string;
  readonly student: Model;
  readonly teacher: Model;
  readonly distillation: Distillation;
}

/** Encoder and decoder layers, and whatever else is not as usual. */
interface Shape {
  readonly layers: readonly [encoder: number, decoder: number];
  readonly width?: number;
  readonly heads?: number;
}

const model = ({ layers, ...shape }: Shape, dropout: number): Model =>
  Model.parse({
    encoderLayers: layers[0],
    decoderLayers: layers[1],
    width: 12,
    feedForward: 10,
    heads: 2,
    dropout,
    ...shape,
  });

const SIX: Shape = { layers: [6, 6] };
const TWO: Shape = { layers: [2, 2] };

const system = (
  name: string,
  distillation: Readonly<Record<string, unknown>>,
  student = TWO,
  teacher = SIX,
): System => ({
  name,
  student: model(student, 0.1),
  teacher: model(teacher, 0),
  distillation: Distillation.parse(distillation),
});

const shares = { alpha: 0.2, beta: 0.7 };
const regular = [[1, 2, 3], [4, 5, 6]];
const skipped = [[3], [6]];
const all = [1, 2, 3, 4, 5, 6];
const pkd = { ...shares, encoder: skipped, project: "none" };
const last = { encoder: [5, 6], decoder: [5, 6] };
const each = { encoder: [3, 6], decoder: [3, 6] };

export const SYSTEMS: readonly System[] = [
  system("no-kd", {}),
  system("rkd", { alpha: 0.7, temperature: 2 }),
  system("soft targets alone", { alpha: 1, temperature: 0.5 }),
  system("pkd", pkd),
  system("pkd-attention", { ...pkd, attention: each }),
  system("ckd-regular", { ...shares, encoder: regular }),
  system("ckd-overlap", { ...shares, encoder: [[1, 2, 3, 4], [3, 4, 5, 6]] }),
  system("ckd-skip-middle", { ...shares, encoder: [[1, 2], [5, 6]] }),
  system("ckd-cross", { ...shares, encoder: [[1, 3], [4, 6]] }),
  system("ckd-interleave", { ...shares, encoder: [[1, 3, 5], [2, 4, 6]] }),
  system("ckd-both", { ...shares, encoder: regular, decoder: regular }),
  system("ckd fused on the teacher's side", {
    ...shares,
    encoder: regular,
    decoder: [[1, 2], [6]],
    project: "teacher",
  }),
  system("ckd without soft targets, on the decoder alone", {
    beta: 0.4,
    decoder: regular,
  }),
  system("alp-kd", { ...shares, encoder: [all, all], combine: "attention" }),
  system("alp-kd of both stacks, unprojected", {
    alpha: 0.3,
    beta: 0.7,
    encoder: [all, all],
    decoder: [[1, 2, 3], [6]],
    combine: "attention",
    project: "none",
  }),
  system("last-layer-init", { start: last }),
  system("last-layer-init with soft targets", { alpha: 0.5, start: last }),
  system(
    "attention maps alone, from more heads",
    {
      beta: 0.5,
      attention: { encoder: [6, 6], decoder: [] },
    },
    TWO,
    { ...SIX, heads: 3 },
  ),
  system(
    "deep-shallow: three encoder layers, one decoder layer",
    { ...shares, encoder: [[1, 2], [3, 4], [5, 6]] },
    { layers: [3, 1] },
  ),
  system("a narrower student", { ...shares, encoder: regular }, {
    ...TWO,
    width: 8,
  }),
  system(
    "a wider student, fused, its attention matched",
    {
      ...shares,
      encoder: regular,
      decoder: skipped,
      project: "teacher",
      attention: { encoder: [], decoder: [5, 6] },
    },
    { ...TWO, width: 16, heads: 4 },
  ),
  system("alp-kd of a narrower student", {
    ...shares,
    encoder: [all, all],
    combine: "attention",
  }, { ...TWO, width: 8 }),
  system(
    "depths 4 to 2",
    { ...shares, encoder: [[1, 2], [3, 4]], decoder: [[2], [4]] },
    TWO,
    { layers: [4, 4] },
  ),
  system(
    "depths 6 to 3",
    { ...shares, encoder: [[1, 2], [3, 4], [5, 6]], decoder: [[2], [4], [6]] },
    { layers: [3, 3] },
  ),
  system(
    "depths 6 to 1",
    { ...shares, encoder: [all], decoder: [[3, 6]] },
    { layers: [1, 1] },
  ),
  system(
    "depths 8 to 2",
    {
      ...shares,
      encoder: [[1, 2, 3, 4], [5, 6, 7, 8]],
      attention: { encoder: [4, 8], decoder: [4, 8] },
    },
    TWO,
    { layers: [8, 8] },
  ),
  system(
    "depths 5 and 3 to 1 and 2",
    { ...shares, encoder: [[1, 5]], decoder: [[1], [2, 3]] },
    { layers: [1, 2] },
    { layers: [5, 3] },
  ),
];
