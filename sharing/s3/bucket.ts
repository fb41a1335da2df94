/** Signed requests to a bucket of an S3-compatible store, with credentials out of the environment. */
import { AwsV4Signer } from "aws4fetch";
import { failure } from "../../engine/files/failure.ts";
import { sha256 } from "../../engine/files/hash.ts";
import { inputError } from "../../base/input_error.ts";
import {
  type Answer,
  ask,
  type Patience,
  type Query,
} from "../remotes/request.ts";

/** The environment variables that are read, as other tools name them. */
export const S3_VARIABLES = [
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_REGION",
  "AWS_DEFAULT_REGION",
  "AWS_ENDPOINT_URL",
] as const;

export type S3Environment = Readonly<
  Partial<Record<typeof S3_VARIABLES[number], string>>
>;

/** Where in a store a remote lies. */
export interface Place {
  /** As the user named it. */
  readonly name: string;
  readonly bucket: string;
  /** Before each path; ends in a slash where it is not empty. */
  readonly prefix: string;
}

export interface BucketRequest {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** Of a file of the remote; the bucket's own where there is none. */
  readonly path?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
}

export interface Bucket extends Place {
  send(request: BucketRequest): Promise<Answer>;
  /** The same, its answer a short text; any status but 200 is an error. */
  tell(
    request: BucketRequest,
  ): Promise<{ readonly text: string; readonly etag: string }>;
}

/** What a store says in XML is short: a page of parts is its longest. */
const ANSWER_BYTES = 1 << 20;

export function openBucket(
  place: Place,
  environment: S3Environment,
  patience: Patience,
): Bucket {
  const { name, prefix } = place;
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = environment;
  const region = environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION ??
    "us-east-1";
  if (!accessKeyId || !secretAccessKey) {
    throw inputError(
      `Cannot use "${name}" as a remote: it needs the environment variables AWS_ACCESS_KEY_ID and ` +
        "AWS_SECRET_ACCESS_KEY, and AWS_ENDPOINT_URL where the store is not Amazon's.",
    );
  }
  const base = baseOf(place, region, environment.AWS_ENDPOINT_URL);
  const sign = async (request: BucketRequest): Promise<Query> => {
    const { method, path, query = {}, body } = request;
    const url = new URL(
      path === undefined ? base : base + encoded(prefix + path),
    );
    for (const [key, value] of Object.entries(query)) {
      url.searchParams.set(key, value);
    }
    const signed = await new AwsV4Signer({
      method,
      url: url.href,
      // The store refuses a body that has another hash.
      headers: { "x-amz-content-sha256": sha256(body ?? "") },
      service: "s3",
      region,
      accessKeyId,
      secretAccessKey,
      sessionToken,
    }).sign();
    const headers = new Headers(signed.headers);
    for (const [key, value] of Object.entries(request.headers ?? {})) {
      headers.set(key, value);
    }
    return {
      url: signed.url,
      init: { method, headers, body, redirect: "manual" },
    };
  };
  const send = (request: BucketRequest) =>
    ask(name, () => sign(request), patience);
  return {
    ...place,
    send,
    tell: async (request) => {
      const answer = await send(request);
      const text = await textOf(answer);
      if (answer.status === 200) {
        return { text, etag: answer.headers.get("etag") ?? "" };
      }
      const { status } = answer;
      throw refusal(name, request.path ?? "", status, codeIn(text));
    },
  };
}

/** What a store calls the reason of a refusal. */
export async function codeOf(answer: Answer): Promise<string> {
  return codeIn(await textOf(answer));
}

export function refusal(
  name: string,
  path: string,
  status: number,
  code: string,
): Error {
  return failure(
    `Cannot use "${path}" of "${name}": it answers with status ${status}${
      code === "" ? "" : ` (${code})`
    }; check the bucket, the AWS_ variables and what these credentials may do.`,
  );
}

/** The text of the first element of a name, as the little XML that stores send has it. */
export function elementIn(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
}

function codeIn(xml: string): string {
  return /^\w{1,64}$/.exec(elementIn(xml, "Code") ?? "")?.[0] ?? "";
}

/** What is too long or breaks off is cut: a sum or a name that it lacks is missed by who reads it. */
async function textOf({ body, discard }: Answer): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > ANSWER_BYTES) break;
    }
  } catch {
    return text;
  } finally {
    await discard();
  }
  return text;
}

function encoded(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

function baseOf(
  { bucket }: Place,
  region: string,
  endpoint: string | undefined,
): string {
  if (endpoint) {
    const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol)) {
      throw inputError(
        "Cannot use AWS_ENDPOINT_URL: expected an address such as https://s3.example.org.",
      );
    }
    return `${url.origin}${url.pathname.replace(/(?<!\/)\/*$/, "")}/${bucket}/`;
  }
  // Amazon's certificate is not of names with further dots.
  return bucket.includes(".")
    ? `https://s3.${region}.amazonaws.com/${bucket}/`
    : `https://${bucket}.s3.${region}.amazonaws.com/`;
}
