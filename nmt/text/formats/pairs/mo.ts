/** Parses compiled gettext catalogues, as systems install them. */
import { Buffer } from "node:buffer";
import gettext, { type Catalogue } from "gettext-parser";
import { inputError } from "../../../../base/input_error.ts";
import { decode, decoderOf } from "./encoding.ts";
import { charsetOf } from "./po.ts";

/** The first number of a file, in the order of bytes that it has. */
const MAGIC = 0x950412de;

/** The numbers before the tables, in bytes; an entry of a table is the length and the place of a text. */
const HEAD = 20, ENTRY = 8;

/** Whether some bytes begin as a compiled catalogue does. */
export function isCompiled(bytes: Uint8Array): boolean {
  return bytes.length >= HEAD && isLittle(viewOf(bytes)) !== undefined;
}

/** The messages in the bytes of a file; what is wrong with them is an input error. */
export function parseMo(bytes: Uint8Array, file: string): Catalogue {
  const fault = (reason: string) =>
    inputError(
      `Cannot use "${file}": it is no compiled gettext catalogue (${reason}).`,
    );
  const texts = textsOf(bytes, fault);
  const header = new TextDecoder("latin1").decode(
    texts.originals[0]?.length === 0 ? texts.translations[0] : undefined,
  );
  const charset = charsetOf(header);
  // The library neither minds texts beyond the end nor those in another encoding.
  const decoder = decoderOf(charset, file);
  for (const text of [...texts.originals, ...texts.translations]) {
    decode(decoder, text, file);
  }
  const { buffer, byteOffset, length } = bytes;
  const parsed = gettext.mo.parse(
    Buffer.from(buffer, byteOffset, length),
    charset,
  );
  if (parsed === false) throw fault("it does not begin as one");
  return parsed;
}

function viewOf({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length);
}

/** Whether numbers have their least byte first; undefined where it is no catalogue. */
function isLittle(view: DataView): boolean | undefined {
  return [true, false].find((little) => view.getUint32(0, little) === MAGIC);
}

/** The texts of both tables, each found to be within the file. */
function textsOf(bytes: Uint8Array, fault: (reason: string) => Error) {
  if (bytes.length < HEAD) throw fault("it ends before its tables");
  const view = viewOf(bytes);
  const little = isLittle(view);
  if (little === undefined) throw fault("it does not begin as one");
  const number = (at: number) => view.getUint32(at, little);
  const count = number(8);
  const table = (start: number) => {
    if (start + ENTRY * count > bytes.length) {
      throw fault("it ends within its tables");
    }
    return Array.from({ length: count }, (_, i) => {
      const at = start + ENTRY * i;
      const [length, place] = [number(at), number(at + 4)];
      if (place + length > bytes.length) throw fault("it ends within a text");
      return bytes.subarray(place, place + length);
    });
  };
  const originals = table(number(12)), translations = table(number(16));
  const length = [...originals, ...translations]
    .reduce((sum, text) => sum + text.length, 0);
  if (length > bytes.length) throw fault("its texts overlap");
  return { originals, translations };
}
