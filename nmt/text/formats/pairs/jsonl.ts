/** Reads JSON lines: an object a line, with the sides as its keys or below `translation`. */
import type { Languages } from "../../../../schemas/experiment/data.ts";
import { inputError } from "../../../../base/input_error.ts";
import { type NamedFile, readLines } from "../lines.ts";
import type { Line } from "../parallel.ts";
import { type Columns, columnsOf } from "./columns.ts";

/** The pairs of a file of JSON lines. */
export async function* readJsonl(
  file: NamedFile,
  languages: Languages,
): AsyncGenerator<Line> {
  const known = new Map<string, Columns | undefined>();
  let number = 0;
  const fault = (what: string) =>
    inputError(
      `Cannot use "${file.name}": line ${number} ${what}, expected such as {"${languages.source}": "...", "${languages.target}": "..."}.`,
    );
  for await (const line of readLines(file)) {
    number++;
    if (line.trim() === "") continue;
    const record = recordOf(line);
    if (record === undefined && known.size === 0 && /^\s*\[/.test(line)) {
      throw inputError(
        `Cannot use "${file.name}": it is a JSON array, expected an object a line; write each of its objects on a line of its own, without commas between them.`,
      );
    }
    if (record === undefined) throw fault("is not a JSON object");
    const names = Object.keys(record), key = names.join("\t");
    if (!known.has(key)) known.set(key, columnsOf(names, languages));
    const columns = known.get(key);
    if (columns === undefined) {
      throw fault(
        `has no text of both "${languages.source}" and "${languages.target}", only ${
          names.slice(0, 8).map((name) => `"${name.slice(0, 20)}"`)
            .join(", ") || "nothing"
        }`,
      );
    }
    const source = record[names[columns.source]];
    const target = record[names[columns.target]];
    if (typeof source !== "string" || typeof target !== "string") {
      throw fault("has a side that is not a text");
    }
    yield { source, target, number };
  }
  if (known.size === 0) {
    throw inputError(
      `Cannot use "${file.name}": it is empty, expected a JSON object a line.`,
    );
  }
}

/** The object that has the sides; undefined where the line is none. */
function recordOf(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (!isRecord(value)) return undefined;
    return isRecord(value.translation) ? value.translation : value;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
