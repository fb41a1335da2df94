/** The check of a beam that a user or a program asks for. */
import { inputError } from "../base/input_error.ts";
import { MAXIMUM_BEAM } from "../nmt/decoding/decoder_step.ts";

/** @throws an input error unless it is a whole number of hypotheses from 1 to the most that a search keeps */
export function checkBeam(beam: number, action = "translate"): void {
  if (Number.isInteger(beam) && beam >= 1 && beam <= MAXIMUM_BEAM) return;
  throw inputError(
    `Cannot ${action}: expected a beam of 1 to ${MAXIMUM_BEAM}, found ${beam}.`,
  );
}
