/** Reads standard input by lines and decodes each by itself, so that a broken one does not affect others. */
import { concat } from "@std/bytes/concat";
import { inputError } from "../../base/input_error.ts";

/** A longer line is not a sentence; it may be a stream without line ends. */
const MAXIMUM_LINE_BYTES = 1_000_000;

const LINE_END = 10;

/** Lines of UTF-8 without their ends; the last one may have none. */
export async function* linesOf(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<string> {
  let pending: Uint8Array[] = [];
  let bytes = 0, number = 0;
  const take = (part: Uint8Array) => {
    pending.push(part);
    bytes += part.length;
    if (bytes < MAXIMUM_LINE_BYTES) return;
    throw fault(number + 1, `it has ${MAXIMUM_LINE_BYTES} bytes or more`);
  };
  const finish = (): string => {
    number++;
    const line = concat(pending);
    [pending, bytes] = [[], 0];
    return decoded(line, number);
  };
  for await (const chunk of stream) {
    let start = 0;
    for (
      let end = chunk.indexOf(LINE_END);
      end >= 0;
      end = chunk.indexOf(LINE_END, start)
    ) {
      take(chunk.subarray(start, end));
      yield finish();
      start = end + 1;
    }
    take(chunk.slice(start));
  }
  if (bytes > 0) yield finish();
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decoded(line: Uint8Array, number: number): string {
  try {
    const text = strict.decode(line).replace(/\r$/, "");
    return number === 1 ? text.replace(/^\ufeff/, "") : text;
  } catch {
    throw fault(number, "it is not valid UTF-8");
  }
}

function fault(number: number, what: string): Error {
  return inputError(
    `Cannot translate line ${number} of standard input: ${what}.`,
  );
}
