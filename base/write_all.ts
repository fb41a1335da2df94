/** Writes all bytes or a whole text. Imports nothing, so that a fast start can load it. */

/** Writes until all is written: one write may take less than it is given. */
export function writeAll(
  to: { writeSync(bytes: Uint8Array): number },
  content: string | Uint8Array,
): void {
  const bytes = typeof content === "string"
    ? new TextEncoder().encode(content)
    : content;
  for (let at = 0; at < bytes.length;) at += to.writeSync(bytes.subarray(at));
}
