/** Types of libraries for file formats, which have none. */

declare module "yauzl" {
  import type { Readable } from "node:stream";

  interface Entry {
    readonly fileName: string;
    readonly uncompressedSize: number;
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
  interface Message {
    readonly msgid: string;
    readonly msgid_plural?: string;
    readonly msgstr: readonly string[];
    readonly comments?: { readonly flag?: string };
  }
  const gettext: {
    readonly po: {
      /** Messages by context and then by `msgid`; a fault is an error with its `lineNumber`. */
      parse(text: string): {
        readonly headers?: Readonly<Record<string, string | undefined>>;
        readonly translations: Readonly<
          Record<string, Readonly<Record<string, Message>>>
        >;
      };
    };
  };
  export default gettext;
}
