/** Opens a remote by its address: a folder, https:// or s3://. */
import { inputError } from "../../base/input_error.ts";
import { parseS3Address } from "../s3/address.ts";
import { openFolder } from "./folder_remote.ts";
import { openHttp } from "./http_remote.ts";
import type { NetworkPolicy, Remote, Writer } from "./remote.ts";

export interface OpenOptions {
  readonly network: NetworkPolicy;
  /** Creates a folder that is missing. */
  readonly create?: boolean;
  /** Other hosts that web servers may redirect to, separated by commas: the value of `CKD_REDIRECTS`. */
  readonly redirects?: string;
}

/** @throws {Error} An input error without the address's secrets, if no remote can have it. */
export function openRemote(
  address: string,
  { network, create = false, redirects }: OpenOptions,
): Remote {
  const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(address) ?? [];
  switch (scheme?.toLowerCase()) {
    case undefined:
      return openFolder(address, network, { create });
    case "http":
    case "https":
      return openHttp(address, network, redirects);
    case "s3":
      return openS3(address, network);
    default:
      throw inputError(
        `Cannot use a remote of the kind "${scheme}://": expected a folder, https:// or s3://.`,
      );
  }
}

/** Deno would load a literal specifier at once, and with it the AWS SDK, which takes 0.1 s. */
const S3 = "../s3/s3_remote.ts";

function openS3(address: string, network: NetworkPolicy): Remote {
  const place = parseS3Address(address);
  let opened: Promise<Remote & { readonly writer: Writer }> | undefined;
  const remote = () =>
    opened ??= import(S3).then(({ openS3 }) => openS3(place, network));
  return {
    name: place.name,
    network,
    check: async () => await (await remote()).check?.(),
    read: async (...args) => (await remote()).read(...args),
    writer: {
      size: async (...args) => (await remote()).writer.size(...args),
      putFile: async (...args) => (await remote()).writer.putFile(...args),
      putText: async (...args) => (await remote()).writer.putText(...args),
    },
  };
}
