/** Checks the settings in a model's configuration, which must have one value where only that is supported. */
import { z } from "zod";
import { inputError, parse } from "../../base/input_error.ts";

export type Settings = Readonly<Record<string, unknown>>;

/** Settings lie deeper in no configuration. */
const DEEPEST = 10;
const LONGEST_SHOWN = 60;

/**
 * The settings in a parsed configuration; `what` is its name for the user.
 *
 * @throws An input error where it is something else, or where a value is in it twice (an alias of YAML) or too deep, which
 * later readers might not survive.
 */
export function settingsOf(value: unknown, what: string): Settings {
  const seen = new Set<object>();
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    const objects = level.filter((one) =>
      typeof one === "object" && one !== null
    );
    for (const one of objects) {
      if (depth < DEEPEST && !seen.has(one)) seen.add(one);
      else {
        throw inputError(
          `Cannot use ${what}: expected settings and their values, found ${
            depth < DEEPEST ? "a reference to another value" : "deep nesting"
          }; get the model again.`,
        );
      }
    }
    level = objects.flatMap((one): unknown[] => Object.values(one));
  }
  return parse(z.record(z.string(), z.unknown()), value, what);
}

/**
 * Fails where a setting has another value than the one that is supported, which is also that of a file without it.
 *
 * @throws An input error that names the setting, what was expected and what was found.
 */
export function checkRequired(
  settings: Settings,
  required: Settings,
  what: string,
): void {
  for (const [setting, expected] of Object.entries(required)) {
    const found = settings[setting] ?? expected;
    const isEqual = Array.isArray(expected)
      ? Array.isArray(found) && found.length === expected.length &&
        expected.every((value, i) => value === found[i])
      : found === expected;
    if (!isEqual) throw unsupported(what, setting, shown(expected), found);
  }
}

/** The error of a setting whose value is not supported; `expected` is in words. */
export function unsupported(
  what: string,
  setting: string,
  expected: string,
  found: unknown,
): Error {
  return inputError(
    `Cannot use ${what}: expected "${setting}" to be ${expected}, found ${
      shown(found)
    }, which is not supported; use another model.`,
  );
}

/** A value as a message has it: short, whatever it is. */
export function shown(value: unknown): string {
  const isList = Array.isArray(value);
  if (typeof value === "object" && value !== null) {
    const isPlain = isList && value.length <= 8 &&
      value.every((one) => typeof one !== "object");
    if (!isPlain) {
      return isList ? `a list of ${value.length}` : "a group of settings";
    }
    return short(`[${value.map(shown).join(",")}]`);
  }
  return short(
    typeof value === "string" ? JSON.stringify(value) : String(value),
  );
}

function short(text: string): string {
  return text.length > LONGEST_SHOWN
    ? text.slice(0, LONGEST_SHOWN - 3) + "..."
    : text;
}
