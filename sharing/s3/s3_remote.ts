/** A remote in an S3-compatible store; every upload is compared with the store's checksum or read back. */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  NoSuchBucket,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { sha256 } from "../../engine/files/hash.ts";
import { contentOf } from "../remotes/request.ts";
import { localDamage, uploadMismatch } from "../remotes/upload_errors.ts";
import type {
  LocalFile,
  NetworkPolicy,
  Remote,
  Writer,
} from "../remotes/remote.ts";
import { isIntact } from "../remotes/read_back.ts";
import { openClient, refusal, statusOf } from "./client.ts";
import { etagOf, PART_BYTES, putParts } from "./multipart.ts";
import type { S3Address } from "./address.ts";

export function openS3(
  { name, bucket, prefix }: S3Address,
  network: NetworkPolicy,
): Remote & { readonly writer: Writer } {
  const client = openClient(name, network);
  const targetOf = (path: string) => ({ Bucket: bucket, Key: prefix + path });
  /** Reports the SDK's errors as this project's. */
  const reporting = async <T>(path: string, work: () => Promise<T>) => {
    try {
      return await work();
    } catch (error) {
      throw refusal(name, path, error);
    }
  };
  const get = async (path: string, from: number) => {
    const Range = from > 0 ? `bytes=${from}-` : undefined;
    try {
      return await client.send(
        new GetObjectCommand({ ...targetOf(path), Range }),
      );
    } catch (error) {
      const status = statusOf(error);
      if (status === 416 && from > 0) return "beyond its end";
      if (status === 404 && !(error instanceof NoSuchBucket)) return undefined;
      throw refusal(name, path, error);
    }
  };
  const read: Remote["read"] = async (path, from) => {
    const found = await get(path, from);
    if (found === undefined) return undefined;
    if (found === "beyond its end") return await read(path, 0);
    const body = found.Body as ReadableStream<Uint8Array>;
    const headers = new Headers({ "content-range": found.ContentRange ?? "" });
    const status = found.$metadata.httpStatusCode ?? 200;
    const discard = () => body.cancel().catch(() => {});
    const answer = { status, headers, body, discard };
    return await contentOf(name, path, answer, from, () => read(path, 0));
  };
  /** A store whose ETag is no MD5 is read back. */
  const check = async (
    path: string,
    isKnown: boolean,
    file: Pick<LocalFile, "sha256" | "bytes">,
  ) => {
    if (isKnown || await isIntact({ name, network, read }, path, file)) return;
    // What is overwritten may be another's by now.
    if (path.startsWith("objects/")) {
      await client.send(new DeleteObjectCommand(targetOf(path)));
    }
    throw uploadMismatch(path, name);
  };
  const put = async (path: string, Body: Uint8Array): Promise<boolean> => {
    const { ETag } = await client.send(
      new PutObjectCommand({ ...targetOf(path), Body }),
    );
    return ETag === etagOf(Body);
  };
  return {
    name,
    network,
    check: () =>
      reporting("", async () => {
        await client.config.credentials();
      }),
    read,
    writer: {
      size: (path) =>
        reporting(path, async () => {
          try {
            const head = new HeadObjectCommand(targetOf(path));
            return (await client.send(head)).ContentLength;
          } catch (error) {
            if (statusOf(error) === 404) return undefined;
            throw error;
          }
        }),
      putFile: (path, file, sent) =>
        reporting(path, async () => {
          if (file.bytes > PART_BYTES) {
            const isKnown = await putParts(client, targetOf(path), file, sent);
            return await check(path, isKnown, file);
          }
          const body = Deno.readFileSync(file.path);
          if (sha256(body) !== file.sha256) throw localDamage(file.sha256);
          const isKnown = await put(path, body);
          sent(body.length);
          await check(path, isKnown, file);
        }),
      putText: (path, text) =>
        reporting(path, async () => {
          const body = new TextEncoder().encode(text);
          const isKnown = await put(path, body);
          const file = { sha256: sha256(body), bytes: body.length };
          await check(path, isKnown, file);
        }),
    },
  };
}
