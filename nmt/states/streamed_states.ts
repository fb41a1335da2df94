/** Streamed states: the teacher's signals of a batch are computed when a student's step needs them, and take no disk. */
import {
  type Distillation,
  signalsOf,
} from "../../schemas/experiment/distillation.ts";
import type { Runtime } from "../tensor/program.ts";
import type { Tokens } from "../text/subwords/tokens.ts";
import type { SavedModel } from "../transformer/checkpoint.ts";
import { teacherInputs } from "./teacher_inputs.ts";
import { forwardPass } from "./forward_pass.ts";
import { constantsOf, type TeacherSignals } from "./states.ts";

export interface StreamingJob {
  readonly runtime: Runtime;
  readonly threads?: number;
  readonly teacher: SavedModel;
  readonly tokens: Tokens;
  readonly distillation: Distillation;
}

/**
 * The teacher's signals, as `openTeacherSignals` reads them of a recording: equal shapes and types, and values that are
 * equal up to the rounding of a forward pass in other company. Every step takes the time of the teacher's forward pass.
 */
export async function streamTeacherSignals(
  { distillation, ...job }: StreamingJob,
): Promise<TeacherSignals> {
  const pass = await forwardPass({ ...job, signals: signalsOf(distillation) });
  const inputsOf = teacherInputs(pass.signals);
  return {
    constants: constantsOf(job.teacher, distillation),
    read: async (batch) => {
      const { tensors, fill } = inputsOf(batch);
      await pass.run(batch.pairs, (signal, row, matrix) => {
        const { buffer, byteOffset, byteLength } = matrix;
        const bytes = new Uint8Array(buffer, byteOffset, byteLength);
        fill(signal, row, (into) => into.set(bytes));
      });
      return tensors;
    },
    close: pass.dispose,
  };
}
