/** Checks a distillation against the student and teacher models that it joins. */
import {
  type Distillation,
  hasStart,
  type LayerChoice,
} from "./distillation.ts";
import type { Model } from "./model.ts";

/** A value that does not fit, and what was expected. */
export interface Mismatch {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/**
 * Where a distillation does not fit the two models that it joins.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { mismatches } from "./agreement.ts";
 * import { Distillation } from "./distillation.ts";
 * import { Model, StudentModel } from "./model.ts";
 *
 * const ckd = Distillation.parse({ beta: 0.7, encoder: [[1, 3], [4, 7]] });
 * const [{ path }] = mismatches(ckd, StudentModel.parse({}), Model.parse({}));
 * assertEquals(path, ["encoder", 1]);
 * ```
 */
export function mismatches(
  distillation: Distillation,
  student: Model,
  teacher: Model,
): Mismatch[] {
  const stacks = (["encoder", "decoder"] as const).map((side): Stack => ({
    side,
    own: student[`${side}Layers`],
    theirs: teacher[`${side}Layers`],
  }));
  const { attention, start } = distillation;
  const choices = (name: string, choice: LayerChoice) =>
    stacks.flatMap((stack) =>
      layerMismatches(
        [name, stack.side],
        choice[stack.side].map((layer) => [layer]),
        stack,
      )
    );
  return [
    ...weightMismatches(distillation),
    ...stacks.flatMap((stack) =>
      layerMismatches([stack.side], distillation[stack.side], stack)
    ),
    ...widthMismatches(distillation, student, teacher),
    ...choices("attention", attention),
    ...attentionMismatches(attention, student, teacher),
    ...choices("start", start),
    ...initializationMismatches(distillation, student, teacher),
  ];
}

/** One stack of both models: how many layers each has of it. */
interface Stack {
  readonly side: "encoder" | "decoder";
  readonly own: number;
  readonly theirs: number;
}

function weightMismatches(
  { alpha, beta, encoder, decoder, attention }: Distillation,
): Mismatch[] {
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
  const maps = [encoder, decoder, attention.encoder, attention.decoder];
  if (beta > 0 && maps.every(({ length }) => length === 0)) {
    found.push({
      path: ["beta"],
      message:
        `beta ${beta} weighs layers, expected an "encoder", "decoder" or "attention" map of them, found none`,
    });
  }
  return found;
}

/** Where layers or attention maps are mapped that none of a system's distillations weighs: they would not be learned from. */
export function unweighedMap(
  distillations: readonly Distillation[],
): readonly string[] | undefined {
  if (distillations.some(({ beta }) => beta > 0)) return undefined;
  const stacks = ["encoder", "decoder"] as const;
  const [{ attention, ...maps }] = distillations;
  const stack = stacks.find((stack) => maps[stack].length > 0);
  if (stack !== undefined) return [stack];
  const attended = stacks.find((stack) => attention[stack].length > 0);
  return attended && ["attention", attended];
}

/** A map must have an entry for each student layer, of layers that the teacher has. */
function layerMismatches(
  path: readonly string[],
  map: readonly (readonly number[])[],
  { side, own, theirs }: Stack,
): Mismatch[] {
  if (map.length === 0) return [];
  if (map.length !== own) {
    return [{
      path,
      message:
        `expected one entry for each of the student's ${own} ${side} layers, found ${map.length}`,
    }];
  }
  return map.flatMap((layers, j) =>
    layers.filter((layer) => layer > theirs).map((layer) => ({
      path: [...path, j],
      message:
        `expected layers of the teacher's ${theirs} ${side} layers, found layer ${layer}`,
    }))
  );
}

/** Without a projection the student must be as wide as what is combined for it; attention needs no fusion. */
function widthMismatches(
  { combine, project, ...maps }: Distillation,
  student: Model,
  teacher: Model,
): Mismatch[] {
  const used = (["encoder", "decoder"] as const).flatMap((side) =>
    maps[side].map((layers, j) => ({ path: [side, j], layers: layers.length }))
  );
  if (used.length === 0) return [];
  if (combine === "attention" && project === "teacher") {
    return [{
      path: ["project"],
      message:
        'expected "student" or "none" where layers are combined by attention, which compares them with the student\'s, found "teacher"',
    }];
  }
  if (project !== "none") return [];
  return used.flatMap(({ path, layers }) => {
    const count = combine === "attention" ? 1 : layers;
    if (count * teacher.width === student.width) return [];
    return [{
      path,
      message:
        `without a projection, expected combined teacher width ${student.width} (the student's), found ` +
        (combine === "attention"
          ? `${teacher.width}`
          : `${layers} layers of ${teacher.width}`),
    }];
  });
}

/**
 * What a copied layer has to have in common with the one that it is copied from. Its feed-forward block may be narrower,
 * if it has two maps.
 */
const COPIED = [
  "width",
  "heads",
  "norm",
  "activation",
  "feedForwardDepth",
  "autoregression",
  "tiedEmbeddings",
  "scaleEmbedding",
  "positions",
  "normEpsilon",
  "outputBias",
] as const satisfies readonly (keyof Model)[];

function initializationMismatches(
  distillation: Distillation,
  student: Model,
  teacher: Model,
): Mismatch[] {
  if (!hasStart(distillation)) return [];
  const neurons = student.feedForward - teacher.feedForward;
  const canBePruned = teacher.feedForwardDepth === 2;
  if (neurons > 0 || neurons < 0 && !canBePruned) {
    const least = canBePruned
      ? "at most the"
      : "as its blocks have more than two maps the";
    return [{
      path: ["start"],
      message:
        `layers are copied, expected ${least} teacher's feedForward ${teacher.feedForward} in the student, found feedForward ${student.feedForward}`,
    }];
  }
  const differing = COPIED.filter((key) => student[key] !== teacher[key]);
  if (differing.length === 0) return [];
  const values = (model: Model) =>
    differing.map((key) => `${key} ${model[key]}`).join(", ");
  return [{
    path: ["start"],
    message: `layers are copied, expected the teacher's ${
      values(teacher)
    } in the student, found ${values(student)}`,
  }];
}

/** Recurrent units have no attention maps. */
function attentionMismatches(
  { decoder }: LayerChoice,
  student: Model,
  teacher: Model,
): Mismatch[] {
  const models = { student, teacher };
  return (["student", "teacher"] as const)
    .filter((role) =>
      decoder.length > 0 && models[role].autoregression === "ssru"
    )
    .map((role) => ({
      path: ["attention", "decoder"],
      message:
        `expected a decoder with self-attention, found recurrent units in the ${role}'s`,
    }));
}
