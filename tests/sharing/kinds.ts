/** The kinds of remotes that tests go through: each for real, and how it is written to and read. */
import { join } from "@std/path";
import type { Remote } from "../../sharing/remote.ts";
import { openRemote } from "../../sharing/remotes.ts";
import type { Patience } from "../../sharing/request.ts";
import { MISSING_MOTO, serveFolder, startStore } from "./servers.ts";
import { temporary } from "./made.ts";

/** Gives up at once, as tests must. */
export const HASTY: Patience = {
  attempts: 2,
  wait: 1,
  silence: 5000,
  least: 1,
};

/** A place that is written to by one address and read by another, which may be the same. */
export interface Shared extends AsyncDisposable {
  readonly write: string;
  readonly read: string;
  readonly environment: Readonly<Record<string, string>>;
  open(address: string): Remote;
}

export interface Kind {
  readonly name: string;
  /** What is missing here, in the words of a test's title. */
  readonly missing?: string;
  start(): Promise<Shared>;
}

export const KINDS: readonly Kind[] = [
  {
    name: "a folder",
    start: () => {
      const folder = temporary();
      const path = join(folder.path, "remote");
      return Promise.resolve({
        ...sharedAt(path, path),
        [Symbol.asyncDispose]: () => Promise.resolve(folder[Symbol.dispose]()),
      });
    },
  },
  {
    name: "a static web server",
    start: () => {
      const folder = temporary();
      const server = serveFolder(folder.path);
      return Promise.resolve({
        ...sharedAt(folder.path, server.url),
        [Symbol.asyncDispose]: async () => {
          await server[Symbol.asyncDispose]();
          folder[Symbol.dispose]();
        },
      });
    },
  },
  {
    name: "an S3 store",
    missing: MISSING_MOTO,
    start: async () => {
      const store = await startStore();
      const address = "s3://models/of/ours";
      return {
        ...sharedAt(address, address, store.environment()),
        [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
      };
    },
  },
];

function sharedAt(
  write: string,
  read: string,
  environment: Readonly<Record<string, string>> = {},
): Omit<Shared, typeof Symbol.asyncDispose> {
  const options = { environment, patience: HASTY, made: true };
  return {
    write,
    read,
    environment,
    open: (address) => openRemote(address, options),
  };
}
