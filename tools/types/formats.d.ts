/** Types of libraries for file formats, which have none. */

declare module "yauzl" {
  import type { Readable } from "node:stream";

  interface Entry {
    readonly fileName: string;
    readonly uncompressedSize: number;
    /** With the mode on Unix in its upper half. */
    readonly externalFileAttributes: number;
  }
  interface ZipFile {
    eachEntry(): AsyncIterableIterator<Entry>;
    openReadStreamPromise(entry: Entry): Promise<Readable>;
    close(): void;
  }
  const yauzl: {
    openPromise(
      path: string,
      options: { readonly autoClose: boolean; readonly lazyEntries: boolean },
    ): Promise<ZipFile>;
  };
  export default yauzl;
}

declare module "gettext-parser" {
  export interface Message {
    readonly msgid: string;
    readonly msgid_plural?: string;
    readonly msgctxt?: string;
    readonly msgstr: readonly string[];
    readonly comments?: { readonly flag?: string };
  }
  export interface Catalogue {
    readonly headers?: Readonly<Record<string, string | undefined>>;
    /** Messages by context and then by `msgid`. */
    readonly translations: Readonly<
      Record<string, Readonly<Record<string, Message>>>
    >;
  }
  const gettext: {
    readonly po: {
      /** A fault is an error with its `lineNumber`. */
      parse(text: string): Catalogue;
    };
    readonly mo: {
      /** False where the bytes do not begin as a compiled catalogue. */
      parse(bytes: Uint8Array, charset: string): Catalogue | false;
      compile(catalogue: Catalogue): Uint8Array;
    };
  };
  export default gettext;
}
