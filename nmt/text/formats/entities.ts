/** The entities of XML, the only ones in the markup of the data sets. */

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

/**
 * A text with its entities undone.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { unescapeXml } from "./entities.ts";
 *
 * assertEquals(unescapeXml("a &lt; b &amp; c"), "a < b & c");
 * ```
 */
export function unescapeXml(text: string): string {
  return text.replace(
    /&(amp|lt|gt|quot|apos);/g,
    (_, name: string) => ENTITIES[name],
  );
}
