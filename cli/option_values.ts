/** Parses the values of options: numbers, sizes, ages; an invalid one is an input error. */
import { inputError } from "../base/input_error.ts";

/** An option that may be repeated. */
export function collect(value: string, values: string[]): string[] {
  return [...values, value];
}

export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) {
    throw inputError(`Cannot use "${text}": expected a number.`);
  }
  return value;
}

export function positive(text: string): number {
  const value = number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw inputError(`Cannot use "${text}": expected a whole number from 1.`);
  }
  return value;
}

export function port(text: string): number {
  const value = number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535) {
    throw inputError(`Cannot use "${text}": expected a port from 0 to 65535.`);
  }
  return value;
}

/** Bytes. */
export function size(text: string): number {
  const units = { B: 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12 };
  return quantity(text, units, { example: "20G", most: "9000T" });
}

/** Milliseconds. */
export function age(text: string): number {
  const [minute, hour, day] = [60e3, 3600e3, 86400e3];
  const units = { m: minute, h: hour, d: day, w: 7 * day };
  return quantity(text, units, { example: "30d", most: "36500d" });
}

/** A number with its unit, which is required: `--max-size 20` is ambiguous. */
function quantity(
  text: string,
  units: Readonly<Record<string, number>>,
  { example, most }: { readonly example: string; readonly most: string },
): number {
  const valueOf = (text: string) => {
    const [, value, unit = ""] = /^(\d+(?:\.\d+)?)([a-zA-Z])$/.exec(text) ?? [];
    return Object.hasOwn(units, unit) ? Number(value) * units[unit] : NaN;
  };
  const value = valueOf(text);
  if (Number.isNaN(value)) {
    throw inputError(
      `Cannot use "${text}": expected a number and a unit (${
        Object.keys(units).join(", ")
      }), such as ${example}.`,
    );
  }
  if (value > valueOf(most)) {
    throw inputError(`Cannot use "${text}": expected at most ${most}.`);
  }
  return value;
}
