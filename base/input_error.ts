/** Input errors: a problem that the user can fix, in one sentence, with exit code 2 and without a stack trace. */
import { levenshteinDistance } from "@std/text/levenshtein-distance";
import { z } from "zod";

const NAME = "InputError";

/**
 * An error caused by what the user gave (config, corpus, model file, argument). The message is one sentence that says
 * what, where, expected, found, and what to do.
 */
export function inputError(message: string): Error {
  const error = new Error(message);
  error.name = NAME;
  return error;
}

/** Whether an error is the user's to mend, also after it crossed a process as `{ name, message }`. */
export function isInputError(error: unknown): error is Error {
  return error instanceof Error && error.name === NAME;
}

/**
 * The candidate nearest to a mistyped name, or undefined when none is near enough to be meant.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nearest } from "./input_error.ts";
 *
 * assertEquals(nearest("alhpa", ["alpha", "beta"]), "alpha");
 * ```
 */
export function nearest(
  name: string,
  candidates: readonly string[],
): string | undefined {
  const ranked = candidates
    .map((candidate) => ({
      candidate,
      distance: levenshteinDistance(
        name.toLowerCase(),
        candidate.toLowerCase(),
      ),
    }))
    .sort((a, b) => a.distance - b.distance);
  if (ranked.length === 0) return undefined;
  const [{ candidate, distance }] = ranked;
  // Of a short name any other is near.
  return distance < name.length && distance <= Math.max(2, name.length / 2)
    ? candidate
    : undefined;
}

/** `, did you mean "x"?` for a mistyped name, or nothing. */
export function suggestion(
  name: string,
  candidates: readonly string[],
): string {
  const candidate = nearest(name, candidates);
  return candidate === undefined ? "" : `, did you mean "${candidate}"?`;
}

/**
 * Parses a value with a schema; a mismatch is an input error of one sentence that names the place and the nearest key.
 * `what` is how the user knows the value, such as `experiment "quick"`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { z } from "zod";
 * import { parse } from "./input_error.ts";
 *
 * assertEquals(parse(z.object({ steps: z.int() }), { steps: 3 }, "the config"), { steps: 3 });
 * ```
 */
export function parse<T>(
  schema: z.ZodType<T>,
  value: unknown,
  what: string,
): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw inputError(
    `Cannot use ${what}: ${explain(result.error.issues[0], schema, value)}.`,
  );
}

function explain(
  issue: z.core.$ZodIssue,
  schema: z.ZodType,
  value: unknown,
): string {
  const path = issue.path.map(String);
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    const branches = issue.errors.filter((issues) => issues.length > 0).map((
      issues,
    ) => issues[0]);
    const deepest = branches.toSorted((a, b) => depth(b) - depth(a))[0];
    const message = depth(deepest) > 0
      ? deepest.message
      : branches.map(expected).join(" or ").replaceAll("or expected", "or");
    return explain(
      { ...deepest, message, path: [...issue.path, ...deepest.path] },
      schema,
      value,
    );
  }
  if (issue.code === "invalid_key" && issue.issues.length > 0) {
    return `"${path.join(".")}": ${expected(issue.issues[0])}`;
  }
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys[0];
    const known = keysAt(schema, path);
    const hint = suggestion(key, known) ||
      (known.length > 0 ? `, known keys are ${known.join(", ")}` : "");
    return `unknown key "${[...path, key].join(".")}"${
      hint.replace(/\?$/, "")
    }`;
  }
  const where = path.length > 0 ? `"${path.join(".")}": ` : "";
  const found = issue.code === "custom"
    ? ""
    : `, found ${display(at(value, path))}`;
  return where + expected(issue) + found;
}

/** What was expected, without the schema library's own account of what was found. */
function expected(issue: z.core.$ZodIssue): string {
  return issue.message.replace(
    /^(Invalid input|Invalid option|Too small|Too big): /,
    "",
  ).split(", received ", 1)[0];
}

/** A strict mismatch inside the branch that the user meant lies deeper than the other branches' mismatches. */
function depth(issue: z.core.$ZodIssue): number {
  return issue.path.length * 2 + (issue.code === "unrecognized_keys" ? 1 : 0);
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null
        ? (inner as Record<string, unknown>)[key]
        : undefined,
    value,
  );
}

function display(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? text.slice(0, 57) + "..." : text;
}

/** The keys that a schema knows at a path; empty where the schema is no object there. */
function keysAt(schema: unknown, path: readonly string[]): string[] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject) {
    const shape: Record<string, unknown> = inner.shape;
    return path.length === 0
      ? Object.keys(shape)
      : keysAt(shape[path[0]], path.slice(1));
  }
  if (inner instanceof z.ZodRecord && path.length > 0) {
    return keysAt(inner.valueType, path.slice(1));
  }
  if (inner instanceof z.ZodArray && path.length > 0) {
    return keysAt(inner.element, path.slice(1));
  }
  if (inner instanceof z.ZodUnion) {
    return inner.options.flatMap((option) => keysAt(option, path));
  }
  return [];
}

function unwrap(schema: unknown): unknown {
  if (
    schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodOptional
  ) {
    return unwrap(schema.unwrap());
  }
  if (schema instanceof z.ZodPipe) {
    return unwrap(schema.in instanceof z.ZodTransform ? schema.out : schema.in);
  }
  return schema;
}
