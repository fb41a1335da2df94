/** Types of npm's libraries for its settings and for downloading packages, which have none. */

declare module "pacote" {
  const pacote: {
    /** The bytes of a package's tarball, verified against `integrity`. */
    tarball(
      spec: string,
      options: Readonly<Record<string, unknown>>,
    ): Promise<Uint8Array>;
  };
  export default pacote;
}

declare module "cacache" {
  const cacache: {
    put(cache: string, key: string, data: Uint8Array): Promise<unknown>;
    get: {
      /** The bytes of that integrity in a cache folder, verified; rejects where they are not there. */
      byDigest(cache: string, integrity: string): Promise<Uint8Array>;
    };
  };
  export default cacache;
}

declare module "@npmcli/config" {
  export default class Config {
    constructor(options: Readonly<Record<string, unknown>>);
    load(): Promise<void>;
    /** The settings as npm's libraries take them. */
    readonly flat: Readonly<Record<string, unknown>>;
  }
}

declare module "@npmcli/config/definitions" {
  const npm: {
    /** By the name of the setting. */
    readonly definitions: Readonly<Record<string, unknown>>;
    readonly shorthands: unknown;
    readonly flatten: unknown;
    readonly nerfDarts: unknown;
  };
  export default npm;
}
