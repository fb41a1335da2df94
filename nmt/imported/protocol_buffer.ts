/** Splits a message of Google's protocol buffers into its fields, without a schema. */
import type { Refuse } from "../../base/input_file.ts";

/** A field: whole numbers are `number`s, fixed numbers and nested messages are bytes. */
export interface Field {
  readonly number: number;
  readonly value: number | Uint8Array<ArrayBuffer>;
}

/** More fields no message of a model has. */
const MOST_FIELDS = 2_000_000;
const VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5;

/**
 * The fields of a message in the order of the file.
 *
 * @throws What `refuse` makes of a message that is cut short or no protocol buffer.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fields } from "./protocol_buffer.ts";
 *
 * const [field] = fields(Uint8Array.of(0x08, 0x96, 0x01), Error);
 * assertEquals(field, { number: 1, value: 150 });
 * ```
 */
export function fields(
  message: Uint8Array<ArrayBuffer>,
  refuse: Refuse,
): Field[] {
  const found: Field[] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= message.length) break;
      const byte = message[at++];
      value += (byte & 0x7f) * 2 ** shift;
      // A negative number takes ten bytes, of which the low half says what it is.
      if (byte < 0x80) return value < 2 ** 53 ? value : value % 2 ** 32;
    }
    throw refuse("expected a protocol buffer, found a number without an end");
  };
  const take = (length: number) => {
    if (length > message.length - at) {
      throw refuse(
        `expected a protocol buffer, found a field of ${length} bytes where ${
          message.length - at
        } are left`,
      );
    }
    return message.subarray(at, at += length);
  };
  const valueOf = (wire: number) => {
    if (wire === VARINT) return varint();
    if (wire === FIXED64) return take(8);
    if (wire === BYTES) return take(varint());
    if (wire === FIXED32) return take(4);
    throw refuse(`expected a protocol buffer, found a field of type ${wire}`);
  };
  while (at < message.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    if (number === 0) {
      throw refuse("expected a protocol buffer, found a field without number");
    }
    if (found.length === MOST_FIELDS) {
      throw refuse(`expected at most ${MOST_FIELDS} fields, found more`);
    }
    found.push({ number, value: valueOf(tag % 8) });
  }
  return found;
}
