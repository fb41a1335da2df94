/** The address of a remote in an S3-compatible store: s3://BUCKET or s3://BUCKET/FOLDER. */
import { withoutPassword } from "../../base/addresses.ts";
import { inputError } from "../../base/input_error.ts";

export interface S3Address {
  /** As the user wrote it. */
  readonly name: string;
  readonly bucket: string;
  /** Before each key; ends in a slash unless it is empty. */
  readonly prefix: string;
}

/** @throws {Error} An input error without the address's secrets, if it is no such address. */
export function parseS3Address(address: string): S3Address {
  const name = address.replace(/(?<!\/)\/+$/, "");
  const [bucket, ...folders] = name.slice("s3://".length).split("/");
  // Credentials in an address would be kept with it: in the scripts of jobs, the history of a shell.
  const isValid = !/[?#]/.test(name) &&
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) &&
    !folders.some((folder) => /^\.{0,2}$/.test(folder));
  if (!isValid) {
    throw inputError(
      `Cannot use "${
        withoutPassword(address).replace(/[?#].*/s, "?…")
      }" as a remote: expected s3://BUCKET or s3://BUCKET/FOLDER, with credentials in the environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`,
    );
  }
  const prefix = folders.map((folder) => `${folder}/`).join("");
  return { name, bucket, prefix };
}
