/** Package URLs (purl) and hexadecimal tarball hashes of npm packages. */

export interface Package {
  readonly name: string;
  /** Package URL. */
  readonly uri: string;
  /** In hexadecimal digits, by the algorithm. */
  readonly digest: Readonly<Record<string, string>>;
}

/** `id` is name and version as deno.lock has them, such as `@scope/name@1.0.0_peer@2.0.0`. */
export function parsePackage(id: string, integrity: string): Package {
  const [, name = id, version = ""] = /^(@?[^@]+)@([^_]+)/.exec(id) ?? [];
  return {
    name: `${name} ${version}`,
    uri: packageUrl(name, version),
    digest: digestOf(integrity),
  };
}

export function packageUrl(name: string, version: string): string {
  return `pkg:npm/${name.replace("@", "%40")}@${encodeURIComponent(version)}`;
}

/** Of an integrity such as `sha512-…`, which has the hash in base64. */
export function digestOf(integrity: string): Record<string, string> {
  const [, algorithm, base64] = /^(\w+)-(.+)$/.exec(integrity) ?? [];
  return algorithm === undefined
    ? {}
    : { [algorithm]: Uint8Array.fromBase64(base64).toHex() };
}
