/** Reads files of one segment a line for the metrics. */
import { concat } from "@std/bytes/concat";
import { inputError } from "../../base/input_error.ts";
import { checkInput } from "../../base/input_file.ts";
import { readBytes } from "../text/formats/lines.ts";
import { trimEnd } from "./tokenize.ts";

/** The lines of a UTF-8 file, unpacked where it is gzip or zstd, without white space at their ends. */
export async function readLines(path: string): Promise<string[]> {
  const bytes = await wholeFile(path);
  let text: string;
  try {
    // A byte order mark is a character of the first line to sacreBLEU, so it is here.
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw inputError(
      `Cannot read "${path}": line ${brokenLine(bytes)} is not UTF-8.`,
    );
  }
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map(trimEnd);
}

/** A string holds hardly more. */
const MOST_BYTES = 500 << 20;

async function wholeFile(path: string): Promise<Uint8Array> {
  const refuse = (reason: string) =>
    inputError(`Cannot read "${path}": ${reason}.`);
  const tooLarge =
    `expected at most ${MOST_BYTES} bytes of text, found more; use a part of it`;
  checkInput(path, refuse);
  if (Deno.statSync(path).size > MOST_BYTES) throw refuse(tooLarge);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of readBytes({ path, name: path })) {
    size += chunk.length;
    if (size > MOST_BYTES) throw refuse(tooLarge);
    chunks.push(chunk);
  }
  return concat(chunks);
}

/** The number of the first line that does not survive decoding. */
function brokenLine(bytes: Uint8Array): number {
  let line = 1;
  const repaired = new TextEncoder().encode(
    new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes),
  );
  for (let i = 0; i < bytes.length && bytes[i] === repaired[i]; i++) {
    if (bytes[i] === 0x0a) line++;
  }
  return line;
}
