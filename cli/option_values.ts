/** Parses the values of options: numbers, sizes, ages; an invalid one is an input error. */
import { inputError } from "../base/input_error.ts";

/** An option that may be repeated. */
export function collect(value: string, values: string[]): string[] {
  return [...values, value];
}

export function number(
  text: string,
  _previous: unknown,
  flag: string,
): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) {
    throw refused(flag, text, "a number");
  }
  return value;
}

export function positive(
  text: string,
  previous: unknown,
  flag: string,
): number {
  const value = number(text, previous, flag);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw refused(flag, text, "a whole number from 1");
  }
  return value;
}

export function port(text: string, previous: unknown, flag: string): number {
  const value = number(text, previous, flag);
  if (!Number.isInteger(value) || value < 0 || value > 65_535) {
    throw refused(flag, text, "a port from 0 to 65535");
  }
  return value;
}

/** Bytes. */
export function size(text: string, _previous: unknown, flag: string): number {
  const units = { B: 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12 };
  return quantity(flag, text, units, { example: "20G", most: "9000T" });
}

/** Milliseconds. */
export function age(text: string, _previous: unknown, flag: string): number {
  const [minute, hour, day] = [60e3, 3600e3, 86400e3];
  const units = { m: minute, h: hour, d: day, w: 7 * day };
  return quantity(flag, text, units, { example: "30d", most: "36500d" });
}

/** A number with its unit, which is required: `--max-size 20` is ambiguous. */
function quantity(
  flag: string,
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
    const known = Object.keys(units).join(", ");
    throw refused(
      flag,
      text,
      `a number and a unit (${known}), such as ${example}`,
    );
  }
  if (value > valueOf(most)) {
    throw refused(flag, text, `at most ${most}`);
  }
  return value;
}

function refused(flag: string, text: string, expected: string): Error {
  return inputError(`Cannot use ${flag} "${text}": expected ${expected}.`);
}
