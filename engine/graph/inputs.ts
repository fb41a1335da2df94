/** Which outputs a stage reads of its inputs. */
import type { Stage } from "./stage.ts";

/** The outputs that a stage reads of an input; undefined if it has no such input. */
export function outputsRead(
  { inputs }: Pick<Stage, "inputs">,
  input: string,
): readonly string[] | undefined {
  const declared = Object.keys(inputs).find((name) =>
    name.endsWith("*")
      ? input.startsWith(name.slice(0, -1)) && input.length >= name.length
      : name === input
  );
  return declared === undefined ? undefined : inputs[declared];
}
