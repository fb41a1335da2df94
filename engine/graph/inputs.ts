/** Which outputs a stage reads of its inputs. */
import type { Stage } from "./stage.ts";

/** The outputs that a stage reads of an input; undefined if it has no such input. */
export function outputsRead(
  { inputs }: Pick<Stage, "inputs">,
  input: string,
): readonly string[] | undefined {
  const declared = Object.keys(inputs).find((name) => isNamed(name, input));
  return declared === undefined ? undefined : inputs[declared];
}

/** Whether an input has a declared name: itself or, if it ends in `*`, one that begins so. */
export function isNamed(declared: string, input: string): boolean {
  return declared.endsWith("*")
    ? input.startsWith(declared.slice(0, -1)) && input.length >= declared.length
    : declared === input;
}
