/** What is configured of a distillation; the only home of its defaults and limits. */
import { z } from "zod";
import { StudentModel, Training } from "./model.ts";

const count = z.int().min(1);

/** M: for each student layer, the teacher layers (counted from 1) that are combined for it; empty: no layer loss. */
export const LayerMap = z.array(
  z.array(count).min(
    1,
    "expected at least one teacher layer for each student layer",
  ),
);
export type LayerMap = z.infer<typeof LayerMap>;

/** The distillation loss: alpha * L_KD + (1 - alpha - beta) * L_NLL + beta * (L_encoder + L_decoder). */
export const Distillation = z.strictObject({
  /** Weight of the teacher's soft targets. */
  alpha: z.number().min(0).max(1).default(0),
  /** Weight of the combined layers. */
  beta: z.number().min(0).max(1).default(0),
  /** tau of the soft targets. */
  temperature: z.number().positive().default(1),
  encoder: LayerMap.default([]),
  decoder: LayerMap.default([]),
  /** Which end carries the linear map: the student is lifted to |M(j)| * d, the teacher fused down to d, or neither. */
  project: z.enum(["student", "teacher", "none"]).default("student"),
});
export type Distillation = z.infer<typeof Distillation>;

/** What a distillation needs of its teacher: false for a student that is trained without one. */
export function usesTeacher(distillation: Distillation): boolean {
  return distillation.alpha > 0 || distillation.beta > 0;
}

/** A student as its stage gets it: nothing left to be looked up. */
export const Student = z.strictObject({
  model: StudentModel,
  training: Training,
  distillation: Distillation,
});
export type Student = z.infer<typeof Student>;
