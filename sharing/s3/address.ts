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

/** @throws {Error} An input error without the address's password, if it is no such address. */
export function parseS3Address(address: string): S3Address {
  const name = address.replace(/(?<!\/)\/+$/, "");
  const [bucket, ...folders] = name.slice("s3://".length).split("/");
  const isValid = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) &&
    !folders.some((folder) => /^\.{0,2}$/.test(folder));
  if (!isValid) {
    throw inputError(
      `Cannot use "${
        withoutPassword(address)
      }" as a remote: expected s3://BUCKET or s3://BUCKET/FOLDER.`,
    );
  }
  const prefix = folders.map((folder) => `${folder}/`).join("");
  return { name, bucket, prefix };
}
