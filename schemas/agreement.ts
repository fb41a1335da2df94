/** Whether a distillation fits the two models that it joins. */
import type { Distillation, LayerMap } from "./distillation.ts";
import type { Model } from "./model.ts";

/** Where a distillation does not fit the two models that it joins. */
export function mismatches(
  distillation: Distillation,
  student: Model,
  teacher: Model,
): Mismatch[] {
  const { alpha, beta, encoder, decoder, project } = distillation;
  const found: Mismatch[] = [];
  if (alpha + beta > 1) {
    found.push({
      path: ["alpha"],
      message: `expected alpha + beta of at most 1, found ${alpha} + ${beta}`,
    });
  }
  if (beta === 1) {
    found.push({
      path: ["beta"],
      message:
        "expected less than 1, found 1: nothing would train the student's output",
    });
  }
  if (beta > 0 && encoder.length + decoder.length === 0) {
    found.push({
      path: ["beta"],
      message:
        `beta ${beta} weighs combined layers, expected an "encoder" or "decoder" layer map, found none`,
    });
  }
  const sides = [
    {
      side: "encoder",
      map: encoder,
      own: student.encoderLayers,
      theirs: teacher.encoderLayers,
    },
    {
      side: "decoder",
      map: decoder,
      own: student.decoderLayers,
      theirs: teacher.decoderLayers,
    },
  ];
  for (const { side, map, own, theirs } of sides) {
    found.push(...mapMismatches(side, map, own, theirs));
  }
  if (project === "none") {
    for (const { side, map } of sides) {
      map.forEach((layers, j) => {
        if (layers.length * teacher.width !== student.width) {
          found.push({
            path: [side, j],
            message:
              `without a projection, expected combined teacher width ${student.width} (the student's), found ` +
              `${layers.length} layers of ${teacher.width}`,
          });
        }
      });
    }
  }
  return found;
}

function mapMismatches(
  side: string,
  map: LayerMap,
  own: number,
  theirs: number,
): Mismatch[] {
  if (map.length === 0) return [];
  if (map.length !== own) {
    return [{
      path: [side],
      message:
        `expected one entry for each of the student's ${own} ${side} layers, found ${map.length}`,
    }];
  }
  return map.flatMap((layers, j) =>
    layers.filter((layer) => layer > theirs).map((layer) => ({
      path: [side, j],
      message:
        `expected layers of the teacher's ${theirs} ${side} layers, found layer ${layer}`,
    }))
  );
}

/** A value that does not fit, and what was expected. */
export interface Mismatch {
  readonly path: readonly (string | number)[];
  readonly message: string;
}
