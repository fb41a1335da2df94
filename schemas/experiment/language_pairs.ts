/** Configuration of an experiment over language pairs: shared values, and the values of each pair. The option `--experiment` reads it. */
import { z } from "zod";
import { Experiment, Given } from "./experiment.ts";

const pairName = z.string().regex(/^[a-z0-9][a-z0-9-]*$/);

/** Accepts any value; the second form only lists the known keys for error messages. */
const Written = z.union([
  z.unknown(),
  z.strictObject({ ...Given.shape, pairs: z.record(z.string(), Given) }),
]);

/** One experiment, or one for each of its `pairs`: the values of the pair over the shared ones. */
export const Matrix = Written.transform((written, context): Matrix => {
  const refuse = (path: Path, message: string) =>
    context.addIssue({ code: "custom", path: [...path], message });
  const dropped = prototypeKey(written);
  if (dropped !== undefined) {
    context.addIssue({
      code: "unrecognized_keys",
      keys: [PROTOTYPE],
      path: [...dropped],
    });
    return z.NEVER;
  }
  if (!isRecord(written) || written.pairs === undefined) {
    const { data, error } = Experiment.safeParse(written);
    for (const issue of error?.issues ?? []) context.addIssue({ ...issue });
    return data === undefined ? z.NEVER : { pairs: [{ experiment: data }] };
  }

  const { pairs: given, ...shared } = written;
  if (!isRecord(given) || Object.keys(given).length === 0) {
    context.addIssue({
      code: "invalid_type",
      expected: "object",
      path: ["pairs"],
      message: "expected an object of one pair or more",
    });
    return z.NEVER;
  }
  const pairs: Pair[] = [];
  for (const [name, own] of Object.entries(given)) {
    if (!pairName.safeParse(name).success) {
      refuse(
        ["pairs", name],
        "expected a pair name of lower-case letters, digits and dashes",
      );
    } else if (isRecord(own) && Object.hasOwn(own, "pairs")) {
      refuse(
        ["pairs", name, "pairs"],
        "expected no pairs within a pair; put them beside it",
      );
    } else {
      const { data, error } = Experiment.safeParse(merge(shared, own));
      for (const issue of error?.issues ?? []) {
        const path = isShared(issue, own, shared)
          ? issue.path
          : ["pairs", name, ...issue.path];
        context.addIssue({ ...issue, path });
      }
      if (data !== undefined) pairs.push({ name, experiment: data });
    }
  }
  return { pairs };
});

/** The experiments of all language pairs. */
export interface Matrix {
  readonly pairs: readonly Pair[];
}

/** The whole experiment of a language pair, with its name where `pairs` gives it one. */
export interface Pair {
  readonly name?: string;
  readonly experiment: Experiment;
}

type Path = readonly PropertyKey[];

/** The one key that the schema library skips in records, and says nothing. */
const PROTOTYPE = "__proto__";

/** Where that key stands in a value, if it does. */
function prototypeKey(value: unknown, path: Path = []): Path | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (Object.hasOwn(value, PROTOTYPE)) return path;
  for (const [key, inner] of Object.entries(value)) {
    const found = prototypeKey(inner, [...path, key]);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Objects are merged key by key; of anything else, a pair's own value stands. */
function merge(shared: unknown, own: unknown): unknown {
  if (!isRecord(shared) || !isRecord(own)) return own;
  const merged = new Map(Object.entries(shared));
  for (const [key, value] of Object.entries(own)) {
    merged.set(key, merge(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}

/**
 * Whether what an issue of a merged pair is about was written for all pairs and not in the pair. An issue of how
 * values go together is the pair's: only there do they meet.
 */
function isShared(
  issue: z.core.$ZodIssue,
  own: unknown,
  shared: unknown,
): boolean {
  if (issue.code === "custom") return false;
  const path = issue.code === "unrecognized_keys"
    ? [...issue.path, issue.keys[0]]
    : issue.path;
  return depthOf(shared, path) > depthOf(own, path);
}

/** How many keys of a path a value has, one in the other. */
function depthOf(value: unknown, [key, ...rest]: Path): number {
  if (key === undefined || typeof value !== "object" || value === null) {
    return 0;
  }
  const inner = Object.getOwnPropertyDescriptor(value, key);
  return inner === undefined ? 0 : 1 + depthOf(inner.value, rest);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
