/** What the page requires of a browser, and the message if it lacks that. */

/** A module that is valid only where there is SIMD: it puts a number into all lanes and counts their bits. */
const SIMD = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0], // magic number, version
  ...[1, 5, 1, 96, 0, 1, 123], // a type: nothing to v128
  ...[3, 2, 1, 0], // a function of that type
  ...[10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11], // i32.const 0, i8x16.splat, i8x16.popcnt
);

/** The first thing that is missing, in one sentence; undefined where nothing is. */
export function missing(): string | undefined {
  if (globalThis.crypto?.subtle === undefined) {
    return `Cannot translate here: browsers let a page check its files at https:// addresses and at localhost only; open it at one of these.`;
  }
  if (typeof WebAssembly !== "object" || !WebAssembly.validate(SIMD)) {
    return "Cannot translate in this browser: it has no WebAssembly SIMD; use Chrome or Edge 91, Firefox 89, Safari 16.4, or a newer one.";
  }
  if (
    Intl.Segmenter === undefined || Promise.withResolvers === undefined
  ) {
    return "Cannot translate in this browser: it is too old; use Chrome or Edge 123, Firefox 125, Safari 17.5, or a newer one.";
  }
  return undefined;
}
