/** Decodes text in the encoding that a file names. */
import { inputError } from "../../../../base/input_error.ts";

/** The decoder of an encoding; one that is not known is an input error. */
export function decoderOf(encoding: string, file: string): TextDecoder {
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch {
    throw inputError(
      `Cannot use "${file}": its encoding "${encoding}" is not known, expected UTF-8.`,
    );
  }
}

/** The text of some bytes, or of a piece of a `stream`; what is not in the encoding is an input error. */
export function decode(
  decoder: TextDecoder,
  bytes: Uint8Array,
  file: string,
  stream = false,
): string {
  try {
    return decoder.decode(bytes, { stream });
  } catch {
    throw inputError(
      `Cannot use "${file}": it is not in its encoding, ${decoder.encoding}.`,
    );
  }
}
