/** Untrusted names and texts: which may become a path, and how they are printed safely. */
import { join } from "@std/path";
import { inputError } from "./input_error.ts";

/** Of a name, and of a path, in characters and in bytes; no file system keeps longer ones. */
export const NAME_LENGTH = 256, PATH_LENGTH = 1024;
const NAME_BYTES = 255;

/**
 * Control characters steer a terminal, and marks of direction hide what is there; separators of lines begin new ones.
 * Joiners do neither, and some languages cannot be written without them.
 */
const UNPRINTABLE = /(?![\u200c\u200d])[\p{C}\u2028\u2029]/gu;

/** Whether a name can be printed as it is. */
export function isName(name: string, longest = NAME_LENGTH): boolean {
  return name !== "" && name.length <= longest && isPrintable(name);
}

/** Whether a text, which may be empty or long, can be printed as it is. */
export function isPrintable(text: string): boolean {
  return text.search(UNPRINTABLE) < 0;
}

/** Names of devices, and what a system cuts off the end of a name. */
const OF_WINDOWS = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)|[. ]$/i;

/** Whether a name may become that of one file or folder on any system. */
export function isPathName(name: string): boolean {
  return isName(name) && !/[\\/:]/.test(name) && !OF_WINDOWS.test(name) &&
    bytesIn(name) <= NAME_BYTES;
}

/** Whether a path leads to something below the folder that it begins in, on any system. */
export function isPathInside(path: string): boolean {
  return bytesIn(path) <= PATH_LENGTH && path.split("/").every(isPathName);
}

/** The place of a path below a folder: the only way from a name that others chose to a path. */
export function pathIn(folder: string, path: string): string {
  if (isPathInside(path)) return join(folder, path);
  throw inputError(
    `Cannot use the name "${
      printable(path.slice(0, 100))
    }" as a path: expected one that stays inside a folder; get what names it anew.`,
  );
}

/**
 * A text, or a value with texts in it, with unprintable characters escaped: `\u001b`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { printable } from "./names.ts";
 *
 * assertEquals(printable("red \u001b[31m"), "red \\u001b[31m");
 * ```
 */
export function printable<T>(value: T): T;
export function printable(value: unknown): unknown {
  if (typeof value === "string") return value.replace(UNPRINTABLE, escaped);
  if (Array.isArray(value)) return value.map((item) => printable(item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      printable(name),
      printable(item),
    ]),
  );
}

/** A text of several lines of which each can be printed; JSON says the same. */
export function printableLines(text: string): string {
  return text.split("\n").map((line) => printable(line)).join("\n");
}

/** The JSON of a value in one line, which says the same and can be printed. */
export function printableJson(value: unknown): string {
  return printable(JSON.stringify(value));
}

function escaped(character: string): string {
  return Array.from(
    { length: character.length },
    (_, i) => "\\u" + character.charCodeAt(i).toString(16).padStart(4, "0"),
  ).join("");
}

function bytesIn(text: string): number {
  return new TextEncoder().encode(text).length;
}
