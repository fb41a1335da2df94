/** Opens a remote by what the user calls it: a folder, https:// or s3://. */
import { inputError } from "../../base/input_error.ts";
import type { S3Environment } from "../s3/bucket.ts";
import { openFolder } from "./folder_remote.ts";
import { openHttp, REDIRECTS } from "./http_remote.ts";
import type { Remote } from "./remote.ts";
import type { Patience } from "./request.ts";
import { openS3 } from "../s3/s3_remote.ts";

export interface OpenOptions {
  readonly environment: S3Environment & { readonly [REDIRECTS]?: string };
  readonly patience: Patience;
  /** Whether a folder is made where there is none. */
  readonly made?: boolean;
}

export function openRemote(
  address: string,
  { environment, patience, made = false }: OpenOptions,
): Remote {
  const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(address) ?? [];
  switch (scheme?.toLowerCase()) {
    case undefined:
      return openFolder(address, { made });
    case "http":
    case "https":
      return openHttp(address, patience, environment[REDIRECTS]);
    case "s3":
      return openS3(address, environment, patience);
    default:
      throw inputError(
        `Cannot use a remote of the kind "${scheme}://": expected a folder, https:// or s3://.`,
      );
  }
}
