/** Large files of an S3-compatible store go up in parts: what a cut leaves there is gone on with by the next push. */
import { createHash } from "node:crypto";
import { hashFile } from "../../engine/files/hash.ts";
import { type Bucket, elementIn, refusal } from "./bucket.ts";
import { inParallel } from "../remotes/parallel.ts";
import { damagedHere } from "../remotes/refusals.ts";
import type { LocalFile } from "../remotes/remote.ts";

/** Stores want parts of 5 MiB at least, but for the last one, and 10,000 of them at most. */
export const PART_BYTES = 8 << 20;
const PARTS = 10_000;

/** Parts of one file at once: each is held in memory. */
const LANES = 2;

/** Number, from 1, first byte and bytes of a part. */
interface Part {
  readonly number: number;
  readonly from: number;
  readonly bytes: number;
}

/** Sends the parts that are not there yet; gives whether the store's checksum is that of the whole. */
export async function putParts(
  bucket: Bucket,
  path: string,
  file: LocalFile,
  sent: (bytes: number) => void,
): Promise<boolean> {
  if ((await hashFile(file.path)).sha256 !== file.sha256) {
    throw damagedHere(file.sha256);
  }
  const uploadId = await lastUpload(bucket, path) ?? await begin(bucket, path);
  const there = await partsThere(bucket, path, uploadId);
  const etags = new Map<number, string>();
  const sums = new Map<number, Uint8Array>();
  const parts = partsIn(file.bytes);
  await inParallel(parts, LANES, async (part) => {
    const { number } = part;
    const body = await readPart(file.path, part);
    const known = there.get(number);
    const query = { partNumber: String(number), uploadId };
    const { etag } = known === etagOf(body)
      ? { etag: known }
      : await bucket.tell({ method: "PUT", path, query, body });
    etags.set(number, etag);
    sums.set(number, md5(body));
    sent(part.bytes);
  });
  const numbers = parts.map(({ number }) => number);
  const listed = numbers.map((number) =>
    `<Part><PartNumber>${number}</PartNumber><ETag>${
      escaped(etags.get(number) ?? "")
    }</ETag></Part>`
  );
  const { text } = await bucket.tell({
    method: "POST",
    path,
    query: { uploadId },
    body: new TextEncoder().encode(
      `<CompleteMultipartUpload>${listed.join("")}</CompleteMultipartUpload>`,
    ),
  });
  const error = elementIn(text, "Code");
  // This one request may fail with a status that says that it has not.
  if (error !== undefined) throw refusal(bucket.name, path, 200, error);
  const sum = createHash("md5");
  for (const number of numbers) {
    sum.update(sums.get(number) ?? new Uint8Array());
  }
  const whole = `"${sum.digest("hex")}-${numbers.length}"`;
  return unescaped(elementIn(text, "ETag") ?? "") === whole;
}

/** What a store that keeps bytes as they are calls them. */
export function etagOf(body: Uint8Array): string {
  return `"${createHash("md5").update(body).digest("hex")}"`;
}

function md5(body: Uint8Array): Uint8Array {
  return createHash("md5").update(body).digest();
}

async function begin(bucket: Bucket, path: string): Promise<string> {
  const query = { uploads: "" };
  const { text } = await bucket.tell({ method: "POST", path, query });
  const id = elementIn(text, "UploadId");
  if (id === undefined) {
    throw refusal(bucket.name, path, 200, "no UploadId");
  }
  return unescaped(id);
}

/** The upload that an earlier push has begun, if one has. */
async function lastUpload(
  bucket: Bucket,
  path: string,
): Promise<string | undefined> {
  const key = bucket.prefix + path;
  const { text } = await bucket.tell({
    method: "GET",
    query: { uploads: "", prefix: key },
  });
  const upload = text.split("<Upload>").slice(1)
    .findLast((upload) => elementIn(upload, "Key") === key);
  const id = upload && elementIn(upload, "UploadId");
  return id && unescaped(id);
}

/** The store's checksums of the parts that it has of an upload. */
async function partsThere(
  bucket: Bucket,
  path: string,
  uploadId: string,
): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  let marker = "0";
  while (found.size < PARTS) {
    const query = { uploadId, "part-number-marker": marker };
    const { text } = await bucket.tell({ method: "GET", path, query });
    const parts = text.split("<Part>").slice(1);
    for (const part of parts) {
      const number = Number(elementIn(part, "PartNumber"));
      found.set(number, unescaped(elementIn(part, "ETag") ?? ""));
    }
    marker = elementIn(text, "NextPartNumberMarker") ?? "";
    const isMore = elementIn(text, "IsTruncated") === "true";
    if (!isMore || parts.length === 0) break;
  }
  return found;
}

function partsIn(bytes: number): Part[] {
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

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;")
    .replaceAll("<", "&lt;");
}

function unescaped(text: string): string {
  return text.replaceAll("&quot;", '"').replaceAll("&#34;", '"')
    .replaceAll("&lt;", "<").replaceAll("&amp;", "&");
}
