/** Uploads of large files in parts, which the next push resumes if one is cut. */
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  type ListPartsCommandInput,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { createHash } from "node:crypto";
import { hashFile } from "../../engine/files/hash.ts";
import { inParallel } from "../remotes/parallel.ts";
import { localDamage } from "../remotes/upload_errors.ts";
import type { LocalFile } from "../remotes/remote.ts";

/** Stores require at least 5 MiB a part, but for the last one, and at most 10,000 parts. */
export const PART_BYTES = 8 << 20;
const PARTS = 10_000;

/** Parts in memory at once. */
const CONCURRENT_PARTS = 2;

interface Part {
  /** From 1. */
  readonly number: number;
  readonly from: number;
  readonly bytes: number;
}

/** Uploads the parts that the store lacks; returns whether its checksum is that of the file. */
export async function putParts(
  client: S3Client,
  target: { readonly Bucket: string; readonly Key: string },
  file: LocalFile,
  sent: (bytes: number) => void,
): Promise<boolean> {
  if ((await hashFile(file.path)).sha256 !== file.sha256) {
    throw localDamage(file.sha256);
  }
  const UploadId = await lastUpload(client, target) ??
    (await client.send(new CreateMultipartUploadCommand(target))).UploadId;
  const upload = { ...target, UploadId };
  const uploaded = await partsUploaded(client, upload);
  const parts = partsOf(file.bytes);
  const sums = new Map<number, Uint8Array>();
  await inParallel(parts, CONCURRENT_PARTS, async (part) => {
    const { number } = part;
    const Body = await readPart(file.path, part);
    if (uploaded.get(number) !== etagOf(Body)) {
      const { ETag } = await client.send(
        new UploadPartCommand({ ...upload, PartNumber: number, Body }),
      );
      uploaded.set(number, ETag);
    }
    sums.set(number, md5(Body));
    sent(part.bytes);
  });
  const { ETag } = await client.send(
    new CompleteMultipartUploadCommand({
      ...upload,
      MultipartUpload: {
        Parts: parts.map(({ number }) => ({
          PartNumber: number,
          ETag: uploaded.get(number),
        })),
      },
    }),
  );
  const sum = createHash("md5");
  for (const { number } of parts) sum.update(sums.get(number) ?? "");
  return ETag === `"${sum.digest("hex")}-${parts.length}"`;
}

/** The ETag of a body in a store that keeps bytes as they are. */
export function etagOf(body: Uint8Array): string {
  return `"${md5(body).toString("hex")}"`;
}

function md5(body: Uint8Array) {
  return createHash("md5").update(body).digest();
}

/** The newest unfinished upload of a file. */
async function lastUpload(
  client: S3Client,
  { Bucket, Key }: { readonly Bucket: string; readonly Key: string },
): Promise<string | undefined> {
  const { Uploads = [] } = await client.send(
    new ListMultipartUploadsCommand({ Bucket, Prefix: Key }),
  );
  return Uploads.findLast((upload) => upload.Key === Key)?.UploadId;
}

/** The ETags of the parts that a store has, by their numbers. */
async function partsUploaded(
  client: S3Client,
  upload: ListPartsCommandInput,
): Promise<Map<number, string | undefined>> {
  const found = new Map<number, string | undefined>();
  let PartNumberMarker: string | undefined;
  // Not by the SDK's paginator, which never ends if a store names a next page after the last one, as some do.
  while (found.size < PARTS) {
    const page = await client.send(
      new ListPartsCommand({ ...upload, PartNumberMarker }),
    );
    for (const part of page.Parts ?? []) {
      found.set(part.PartNumber ?? 0, part.ETag);
    }
    if (page.IsTruncated !== true || !page.Parts?.length) break;
    PartNumberMarker = page.NextPartNumberMarker;
  }
  return found;
}

function partsOf(bytes: number): Part[] {
  const size = Math.max(PART_BYTES, Math.ceil(bytes / PARTS));
  return Array.from({ length: Math.ceil(bytes / size) }, (_, i) => ({
    number: i + 1,
    from: i * size,
    bytes: Math.min(size, bytes - i * size),
  }));
}

async function readPart(
  path: string,
  { from, bytes }: Part,
): Promise<Uint8Array<ArrayBuffer>> {
  using file = await Deno.open(path);
  file.seekSync(from, Deno.SeekMode.Start);
  const body = new Uint8Array(bytes);
  for (let at = 0; at < bytes;) {
    const read = await file.read(body.subarray(at));
    if (read === null) break;
    at += read;
  }
  return body;
}
