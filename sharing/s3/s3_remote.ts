/** A remote in an S3-compatible store: read and written, each upload compared with the store's own checksum. */
import { sha256 } from "../../engine/files/hash.ts";
import { withoutPassword } from "../../base/addresses.ts";
import { inputError } from "../../base/input_error.ts";
import {
  type Bucket,
  codeOf,
  openBucket,
  type Place,
  refusal,
  type S3Environment,
} from "./bucket.ts";
import { rangeFrom } from "../remotes/http_remote.ts";
import { etagOf, PART_BYTES, putParts } from "./multipart.ts";
import { damagedHere, notArrived } from "../remotes/refusals.ts";
import type { LocalFile, Remote, Writer } from "../remotes/remote.ts";
import { contentOf, type Patience } from "../remotes/request.ts";
import { isWholeThere } from "../remotes/read_back.ts";

export function openS3(
  address: string,
  environment: S3Environment,
  patience: Patience,
): Remote {
  const place = placeOf(address);
  const bucket = openBucket(place, environment, patience);
  const { name } = place;
  const read: Remote["read"] = async (path, from) => {
    const headers = rangeFrom(from);
    const answer = await bucket.send({ method: "GET", path, headers });
    const { status } = answer;
    if (status >= 300 && status !== 416) {
      const code = await codeOf(answer);
      if (status === 404 && code !== "NoSuchBucket") return undefined;
      throw refusal(name, path, status, code);
    }
    return await contentOf(name, path, answer, from, () => read(path, 0));
  };
  const isWhole: IsWhole = (path, file) =>
    isWholeThere({ name, read }, path, file, patience);
  return { name, read, writer: writerTo(bucket, isWhole) };
}

/** Whether a file that is read back has the bytes that were sent. */
type IsWhole = (
  path: string,
  file: Pick<LocalFile, "sha256" | "bytes">,
) => Promise<boolean>;

function writerTo(bucket: Bucket, isWhole: IsWhole): Writer {
  const { name, send } = bucket;
  /** Where a store's checksum is of another kind, what it has is read back. */
  const check = async (
    path: string,
    isKnown: boolean,
    file: Pick<LocalFile, "sha256" | "bytes">,
  ) => {
    if (isKnown || await isWhole(path, file)) return;
    await (await send({ method: "DELETE", path })).discard();
    throw notArrived(path, name);
  };
  return {
    size: async (path) => {
      const { status, headers, discard } = await send({ method: "HEAD", path });
      await discard();
      if (status === 404) return undefined;
      if (status !== 200) throw refusal(name, path, status, "");
      return Number(headers.get("content-length") ?? NaN);
    },
    putFile: async (path, file, sent) => {
      const isKnown = file.bytes > PART_BYTES
        ? await putParts(bucket, path, file, sent)
        : await putWhole(bucket, path, file, sent);
      await check(path, isKnown, file);
    },
    putText: async (path, text) => {
      const body = new TextEncoder().encode(text);
      const { etag } = await bucket.tell({ method: "PUT", path, body });
      const file = { sha256: sha256(body), bytes: body.length };
      await check(path, etag === etagOf(body), file);
    },
  };
}

async function putWhole(
  bucket: Bucket,
  path: string,
  file: LocalFile,
  sent: (bytes: number) => void,
): Promise<boolean> {
  const body = Deno.readFileSync(file.path);
  if (sha256(body) !== file.sha256) throw damagedHere(file.sha256);
  const { etag } = await bucket.tell({ method: "PUT", path, body });
  sent(body.length);
  return etag === etagOf(body);
}

function placeOf(address: string): Place {
  const name = address.replace(/(?<!\/)\/+$/, "");
  const [bucket, ...folders] = name.slice("s3://".length).split("/");
  const isPlace = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) &&
    !folders.some((folder) => /^\.{0,2}$/.test(folder));
  if (!isPlace) {
    throw inputError(
      `Cannot use "${
        withoutPassword(address)
      }" as a remote: expected s3://BUCKET or s3://BUCKET/FOLDER.`,
    );
  }
  return {
    name,
    bucket,
    prefix: folders.map((folder) => `${folder}/`).join(""),
  };
}
