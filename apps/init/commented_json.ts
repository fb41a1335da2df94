/** Writes JSON with comments, laid out as `deno fmt` has it. */

/** A key with a value or with entries of its own, and what a reader should know of it. */
export interface Entry {
  readonly key: string;
  readonly value?: unknown;
  readonly entries?: readonly Entry[];
  /** Behind the value. */
  readonly comment?: string;
  /** A line before the key. */
  readonly above?: string;
}

/** Columns of a line, comments apart. */
const COLUMNS = 80;

/** The text of an object, an entry a line; `indent` stands before its closing brace. */
export function commentedJson(entries: readonly Entry[], indent = ""): string {
  const inner = indent + "  ";
  const lines = entries.flatMap(
    ({ key, value, entries, comment, above }, i, all) => {
      const start = `${inner}${JSON.stringify(key)}: `;
      const text = entries === undefined
        ? json(value, inner, start.length)
        : commentedJson(entries, inner);
      const isLast = i === all.length - 1;
      return [
        ...above === undefined ? [] : [`${inner}// ${above}`],
        start + text + (isLast ? "" : ",") +
        (comment === undefined ? "" : ` // ${comment}`),
      ];
    },
  );
  return ["{", ...lines, `${indent}}`].join("\n");
}

/** A value after so many columns: on one line if it fits, else a part of it a line. */
function json(value: unknown, indent: string, before: number): string {
  const line = oneLine(value);
  const isShort = before + line.length < COLUMNS;
  if (isShort || typeof value !== "object" || value === null) return line;
  const inner = indent + "  ";
  const isList = Array.isArray(value);
  const parts = Object.entries(value).map(([key, part]) => {
    const start = inner + (isList ? "" : `${JSON.stringify(key)}: `);
    return start + json(part, inner, start.length);
  });
  const [open, close] = isList ? "[]" : "{}";
  return `${open}\n${parts.join(",\n")}\n${indent}${close}`;
}

function oneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(", ")}]`;
  if (typeof value !== "object" || value === null) {
    return JSON.stringify(value);
  }
  const parts = Object.entries(value)
    .map(([key, part]) => `${JSON.stringify(key)}: ${oneLine(part)}`);
  return parts.length === 0 ? "{}" : `{ ${parts.join(", ")} }`;
}

/** The entries of a record, without comments. */
export function entriesOf(record: Readonly<Record<string, unknown>>): Entry[] {
  return Object.entries(record).map(([key, value]) => ({ key, value }));
}
