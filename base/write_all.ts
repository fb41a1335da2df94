/** Writes whole texts; imports nothing, so that whoever has to be fast can have it. */

/** Writes until all is written: one write may take less than it is given. */
export function writeAll(
  to: { writeSync(bytes: Uint8Array): number },
  text: string,
): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += to.writeSync(bytes.subarray(at));
}
