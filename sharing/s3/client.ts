/** The AWS SDK's S3 client, sending its requests with this project's timeouts and retries. */
import { Buffer } from "node:buffer";
import { S3Client, S3ServiceException } from "@aws-sdk/client-s3";
import { failure, isFailure } from "../../engine/files/failure.ts";
import { inputError, isInputError } from "../../base/input_error.ts";
import { type Answer, sendRequest, unreachable } from "../remotes/request.ts";
import type { NetworkPolicy } from "../remotes/remote.ts";

/** The longest answers that are no objects are pages of parts. */
const XML_BYTES = 1 << 20;

type RequestHandler = S3Client["config"]["requestHandler"];

/** A signed request as the SDK hands it to its handler. */
interface SdkRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  /** Encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | string[] | null>>;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: Uint8Array<ArrayBuffer> | string;
}

/**
 * Opens a client; credentials, region and endpoint come from where AWS's own tools find them: environment variables, the
 * files in ~/.aws, single sign-on, or the machine's role.
 */
export function openClient(name: string, network: NetworkPolicy): S3Client {
  const endpoint = Deno.env.get("AWS_ENDPOINT_URL");
  if (endpoint && !/^https?:\/\//i.test(endpoint)) throw badEndpoint();
  try {
    return new S3Client({
      region: regionOf(),
      // Every store knows addresses with the bucket in their path; certificates do not cover every bucket as a host name.
      forcePathStyle: true,
      // Other stores than Amazon's do not know the newer checksums; the SHA-256 of a body is signed either way.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
      maxAttempts: 1,
      requestHandler: requestHandler(name, network),
    });
  } catch (error) {
    throw refusal(name, "", error);
  }
}

/** The region of the environment, of a profile, or one that most stores accept. */
function regionOf(): () => Promise<string> {
  const given = Deno.env.get("AWS_REGION") ??
    Deno.env.get("AWS_DEFAULT_REGION");
  if (given) return () => Promise.resolve(given);
  const standard = new S3Client();
  return () => standard.config.region().catch(() => "us-east-1");
}

/** A body that is read on demand, as a piece of it is valid until the next one is read; unread, it is discarded. */
function onDemand({ body, discard }: Answer): ReadableStream<Uint8Array> {
  const pieces = body[Symbol.asyncIterator]();
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: discard,
  }, { highWaterMark: 0 });
}

function requestHandler(name: string, network: NetworkPolicy): RequestHandler {
  return {
    handle: async (request: SdkRequest) => {
      const { method, headers, body } = request;
      const url = urlOf(request);
      const answer = await sendRequest(
        name,
        () => ({ url, init: { method, headers, body, redirect: "manual" } }),
        network,
      );
      const { status, headers: received } = answer;
      const isObject = request.query?.["x-id"] === "GetObject" && status < 300;
      return {
        response: {
          statusCode: status,
          headers: Object.fromEntries(received),
          body: isObject
            ? onDemand(answer)
            : ReadableStream.from([await readXml(name, answer)]),
        },
      };
    },
    updateHttpClientConfig: () => {},
    httpHandlerConfigs: () => ({}),
  };
}

function urlOf({ protocol, hostname, port, path, query }: SdkRequest): URL {
  const url = new URL(`${protocol}//${hostname}${path}`);
  if (port !== undefined) url.port = String(port);
  for (const [key, value] of Object.entries(query ?? {})) {
    for (const each of [value ?? ""].flat()) {
      url.searchParams.append(key, each);
    }
  }
  return url;
}

/** The beginning of a short answer; the SDK reports XML that is incomplete. */
async function readXml(
  name: string,
  { body, discard }: Answer,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let left = XML_BYTES;
  try {
    for await (const chunk of body) {
      chunks.push(chunk.slice(0, left));
      left -= chunk.length;
      if (left <= 0) break;
    }
  } catch (error) {
    throw unreachable(
      name,
      error instanceof Error ? error.message : `${error}`,
    );
  } finally {
    await discard();
  }
  return Buffer.concat(chunks);
}

/** The HTTP status of a refused request, or undefined for other errors. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException
    ? error.$metadata.httpStatusCode
    : undefined;
}

/** An error of the SDK as this project reports it; `path` is the file it was about. */
export function refusal(name: string, path: string, error: unknown): Error {
  if (isFailure(error) || isInputError(error)) return error;
  if (error instanceof S3ServiceException) {
    const code = /^\w{1,64}$/.exec(error.name)?.[0];
    return failure(
      `Cannot use "${path}" of "${name}": it answers with status ${
        statusOf(error)
      }${
        code === undefined ? "" : ` (${code})`
      }; check the bucket, the AWS_ variables and what these credentials may do.`,
    );
  }
  const { name: kind, message } = error instanceof Error
    ? error
    : new Error(`${error}`);
  if (kind === "CredentialsProviderError") {
    return inputError(
      `Cannot use "${name}" as a remote: it needs the environment variables AWS_ACCESS_KEY_ID and ` +
        "AWS_SECRET_ACCESS_KEY or a profile of AWS's tools, and AWS_ENDPOINT_URL where the store is not Amazon's.",
    );
  }
  if (message.startsWith("Invalid URL")) return badEndpoint();
  return failure(
    `Cannot use "${name}" as a remote: ${
      message.replace(/[\s\p{C}]+/gu, " ").replace(/\.$/, "")
    }.`,
  );
}

function badEndpoint(): Error {
  return inputError(
    "Cannot use AWS_ENDPOINT_URL: expected an address such as https://s3.example.org.",
  );
}
