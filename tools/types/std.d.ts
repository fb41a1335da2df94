/** Types of the Deno standard library modules, which the import map takes from a plain JavaScript package. */

declare module "@std/assert" {
  export function assert(
    expression: unknown,
    message?: string,
  ): asserts expression;
  export function assertEquals<T>(
    actual: T,
    expected: T,
    message?: string,
  ): void;
  export function assertNotEquals<T>(
    actual: T,
    expected: T,
    message?: string,
  ): void;
  export function assertAlmostEquals(
    actual: number,
    expected: number,
    tolerance?: number,
    message?: string,
  ): void;
  export function assertMatch(
    actual: string,
    expected: RegExp,
    message?: string,
  ): void;
  export function assertStringIncludes(
    actual: string,
    expected: string,
    message?: string,
  ): void;
  export function assertThrows<E extends Error = Error>(
    fn: () => unknown,
    errorClass?: abstract new (...args: never[]) => E,
    messageIncludes?: string,
  ): E;
  export function assertRejects<E extends Error = Error>(
    fn: () => PromiseLike<unknown>,
    errorClass?: abstract new (...args: never[]) => E,
    messageIncludes?: string,
  ): Promise<E>;
}

declare module "@std/bytes/concat" {
  /** The bytes of all, one after the other, in memory of their own. */
  export function concat(
    buffers: readonly Uint8Array[],
  ): Uint8Array<ArrayBuffer>;
}

declare module "@std/cli/parse-args" {
  export function parseArgs(
    args: readonly string[],
    options?: {
      readonly boolean?: readonly string[];
      readonly string?: readonly string[];
      readonly default?: Readonly<Record<string, unknown>>;
      /** Called with each argument that was not named. */
      readonly unknown?: (name: string) => unknown;
    },
  ): Record<string, unknown> & { readonly _: readonly (string | number)[] };
}

declare module "@std/fmt/bytes" {
  export function format(bytes: number, options?: { binary?: boolean }): string;
}

declare module "@std/http/etag" {
  /** Whether what a client names in `If-None-Match` is another version. */
  export function ifNoneMatch(value: string | null, etag: string): boolean;
}

declare module "@std/jsonc" {
  export function parse(text: string): unknown;
}

declare module "@std/media-types" {
  /** The media type of a file's extension, with its charset where it is text. */
  export function contentType(extension: string): string | undefined;
}

declare module "@std/path" {
  export function basename(path: string): string;
  export function dirname(path: string): string;
  export function extname(path: string): string;
  export function fromFileUrl(url: string | URL): string;
  export function globToRegExp(glob: string): RegExp;
  export function isAbsolute(path: string): boolean;
  export function join(...paths: string[]): string;
  export function relative(from: string, to: string): string;
  export function resolve(...paths: string[]): string;
  export function toFileUrl(path: string): URL;
}

declare module "@std/text/levenshtein-distance" {
  export function levenshteinDistance(a: string, b: string): number;
}

declare module "@std/yaml" {
  export function stringify(data: unknown): string;
  export function parse(text: string): unknown;
}
