/** What stages read of the nodes that they are given. */
import type { Stage } from "./stage.ts";

/** Which outputs a stage reads of the node at an input; undefined where it has no such input. */
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
