/** What a failing disk does: a bit of a read-only object is another. */

export function flipBit(path: string): void {
  const bytes = Deno.readFileSync(path);
  bytes[0] ^= 1;
  Deno.chmodSync(path, 0o644);
  Deno.writeFileSync(path, bytes);
  Deno.chmodSync(path, 0o444);
}
