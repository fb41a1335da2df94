/** Limits on what a JSON text may hold. */
export const EXTENT = {
  /** Of values in each other. */
  depth: 64,
  values: 4_000_000,
} as const;

/**
 * Checks depth and number of values of a JSON text before it is parsed: what is read after that can be walked by recursion.
 * Returns what is wrong, or undefined.
 */
export function extentRefusal(text: string): string | undefined {
  let [depth, values] = [0, 1];
  for (let i = 0; i < text.length; i++) {
    switch (text[i]) {
      case '"':
        do i = text.indexOf('"', i + 1); while (i > 0 && isEscaped(text, i));
        if (i < 0) return "it is no JSON";
        break;
      case "[":
      case "{":
        if (++depth > EXTENT.depth) {
          return `its values lie deeper in each other than ${EXTENT.depth}`;
        }
        break;
      case "]":
      case "}":
        depth--;
        break;
      case ",":
        if (++values > EXTENT.values) {
          return `it holds more values than ${EXTENT.values}`;
        }
    }
  }
  return undefined;
}

/** Whether an odd number of backslashes stands before a place. */
function isEscaped(text: string, at: number): boolean {
  let start = at;
  while (text[start - 1] === "\\") start--;
  return (at - start) % 2 === 1;
}
