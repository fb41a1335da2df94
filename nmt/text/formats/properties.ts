/** Reads Java `.properties` files: keys, continued lines and escapes as `java.util.Properties` has them. */

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  f: "\f",
};

/**
 * The texts by key, in the order of the file; a key that comes again has its last text.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseProperties } from "./properties.ts";
 *
 * assertEquals(parseProperties("# a comment\ngreeting = Ol\\u00e1").get("greeting"), "Olá");
 * ```
 */
export function parseProperties(text: string): Map<string, string> {
  const texts = new Map<string, string>();
  for (const line of logicalLines(text)) {
    const key = /^(?:[^=:\\\s]|\\.)*/s.exec(line)?.[0] ?? "";
    const rest = line.slice(key.length).replace(/^\s*[=:]?\s*/, "");
    texts.set(unescape(key), unescape(rest));
  }
  return texts;
}

/** Lines that end in an odd number of backslashes go on in the next one, whose indentation does not count. */
function* logicalLines(text: string): Generator<string> {
  let pending: string | undefined;
  for (const natural of text.split(/\r\n|\r|\n/)) {
    const line = natural.replace(/^[ \t\f]+/, "");
    if (pending === undefined && (line === "" || /^[#!]/.test(line))) continue;
    const whole = (pending ?? "") + line;
    const backslashes = /(?<!\\)\\*$/.exec(line)?.[0].length ?? 0;
    if (backslashes % 2 === 1) {
      pending = whole.slice(0, -1);
    } else {
      pending = undefined;
      yield whole;
    }
  }
  if (pending !== undefined) yield pending;
}

function unescape(text: string): string {
  return text.replace(
    /\\(?:u([0-9a-fA-F]{4})|(.?))/gs,
    (_, code: string | undefined, character: string) =>
      code !== undefined
        ? String.fromCharCode(parseInt(code, 16))
        : ESCAPES[character] ?? character,
  );
}
