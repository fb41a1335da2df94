/** The files of a build as they are sent: compressed for a client that accepts it, where that is worth it. */
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { BuiltFile } from "./build.ts";

/** A file with the content coding that it has, if any. */
export interface Encoded {
  readonly coding: Coding | undefined;
  readonly contents: Uint8Array<ArrayBuffer>;
}

/** By what they save, the most first. */
const CODINGS = ["br", "gzip"] as const;
type Coding = typeof CODINGS[number];

/** Brotli's 5 of 11: higher ones take seconds for a few percent. */
const QUALITY = 5;

/** What is left of a file at most, or it is sent as it is. */
const WORTH = 0.95;

async function compress(
  contents: Uint8Array<ArrayBuffer>,
  coding: Coding,
): Promise<Uint8Array<ArrayBuffer>> {
  if (coding === "gzip") return new Uint8Array(await promisify(gzip)(contents));
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: contents.length,
  };
  return new Uint8Array(await promisify(brotliCompress)(contents, { params }));
}

/**
 * Compresses files when they are first asked for, each once; a file that is asked for in the meantime waits. Of the codings
 * that a client accepts it gets Brotli before gzip, which saves less: its weights (q) do not order them.
 */
export function createEncoder(): (
  file: BuiltFile,
  acceptEncoding: string | null,
) => Promise<Encoded> {
  const made = new Map<string, Promise<Encoded>>();
  return (file, acceptEncoding) => {
    const coding = CODINGS.find(accepted(acceptEncoding ?? ""));
    if (coding === undefined) return Promise.resolve(asItIs(file));
    const key = `${file.sha256} ${coding}`;
    const known = made.get(key);
    if (known !== undefined) return known;
    const encoded = encode(file, coding);
    made.set(key, encoded);
    // Whoever asks next tries again.
    encoded.catch(() => made.delete(key));
    return encoded;
  };
}

/** A file in a coding, or as it is where that saves too little. */
async function encode(file: BuiltFile, coding: Coding): Promise<Encoded> {
  const contents = await compress(file.contents, coding);
  return contents.length < WORTH * file.bytes
    ? { coding, contents }
    : asItIs(file);
}

const asItIs = ({ contents }: BuiltFile): Encoded => ({
  coding: undefined,
  contents,
});

/** Whether a client accepts a content coding, by its Accept-Encoding (RFC 9110, section 12.5.3). */
function accepted(header: string): (coding: Coding) => boolean {
  const weights = new Map(
    header.toLowerCase().split(",").map((part) => {
      const [coding, ...parameters] = part.split(";").map((each) =>
        each.trim()
      );
      const weight = parameters.find((each) => each.startsWith("q="));
      return [coding, weight === undefined ? 1 : Number(weight.slice(2))];
    }),
  );
  return (coding) => (weights.get(coding) ?? weights.get("*") ?? 0) > 0;
}
