/** Checks the output paths that a stage declares. */
import { inputError } from "../../base/input_error.ts";
import { isPathInside, printable } from "../../base/names.ts";
import type { Stage } from "./stage.ts";

/** @throws an input error unless each output has a path of its own inside the output folder */
export function checkOutputs({ name, outputs }: Stage): void {
  const paths = Object.values(outputs).map(({ path }) => path);
  for (const path of paths) {
    if (!isPathInside(path)) {
      throw inputError(
        `Cannot use stage "${name}": its output path "${
          printable(path)
        }" is no path inside of a folder; name a file or folder with letters, digits, dots and dashes.`,
      );
    }
    const others = paths.filter((other) =>
      other === path || other.startsWith(`${path}/`)
    );
    if (others.length > 1) {
      throw inputError(
        `Cannot use stage "${name}": two of its outputs are at "${path}"; give each a path of its own.`,
      );
    }
  }
}
