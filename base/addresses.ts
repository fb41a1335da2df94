/** Network addresses: hides their passwords, and tells private hosts from public ones. */

/** A text without the passwords and tokens that stand before the hosts of its addresses. */
export function withoutPassword(text: string): string {
  return text
    // A user's password, which is not a port, even with characters that an address cannot hold.
    .replace(
      /([a-z][a-z0-9+.-]{0,30}:\/\/[^\s/?#:]{0,256}:)(?!\d{0,5}([\s/?#"]|$))(?:[^\s/?#]{0,4096}|\S{0,4096})@/gi,
      "$1…@",
    )
    .replace(/([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/?#:@…]{1,4096}@/gi, "$1…@");
}

/** Hosts of this machine and of private networks. */
const PRIVATE = [
  /^localhost$|\.(localhost|local|internal|home\.arpa)$/,
  /^(0|10|127)\.\d/,
  /^169\.254\./,
  /^192\.168\./,
  /^172\.(1[6-9]|2\d|3[01])\./,
  /^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./,
  /^\[(::|::1|f[cd][0-9a-f]{2}:.*|fe[89ab][0-9a-f]:.*|64:ff9b:.*)\]$/,
] as const;

/**
 * Whether an address names a host outside the public network, without a DNS lookup.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { isPrivate } from "./addresses.ts";
 *
 * assertEquals(isPrivate(new URL("http://192.168.0.1/")), true);
 * assertEquals(isPrivate(new URL("https://example.org/")), false);
 * ```
 */
export function isPrivate({ hostname }: URL): boolean {
  const host = hostname.toLowerCase().replace(/\.$/, "");
  const [, high, low] =
    /^\[::(?:ffff:)?([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(host) ?? [];
  if (high !== undefined) {
    const number = parseInt(high, 16) * 65536 + parseInt(low, 16);
    const mapped = [24, 16, 8, 0].map((shift) => (number >>> shift) & 255);
    return isPrivate(new URL(`http://${mapped.join(".")}/`));
  }
  return PRIVATE.some((pattern) => pattern.test(host));
}
