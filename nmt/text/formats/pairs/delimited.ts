/** Reads tables: TSV without quoting and CSV with it, whose first line may name the columns. */
import { pipeline, Readable } from "node:stream";
import { parse } from "csv-parse";
import type { Languages } from "../../../../schemas/experiment/data.ts";
import { inputError, isInputError } from "../../../../base/input_error.ts";
import { MAXIMUM_LINE_BYTES, type NamedFile, readLines } from "../lines.ts";
import type { Line } from "../parallel.ts";
import { reasonOf } from "../../fetch/untrusted.ts";
import { type Columns, columnsOf } from "./columns.ts";

/** Characters that are parsed at once, or a line more. */
const PIECE = 1 << 16;

/** A row, with the number of the line at which it ends. */
interface Row {
  readonly cells: readonly string[];
  readonly number: number;
}

/** The pairs of a TSV file, of any number of columns where its first line names them. */
export function readTsv(
  file: NamedFile,
  languages: Languages,
): AsyncGenerator<Line> {
  return readRows(file, tsvRows(file), languages, "TAB");
}

/** The pairs of a CSV file; a semicolon may stand for the comma where its first line names the columns. */
export async function* readCsv(
  file: NamedFile,
  languages: Languages,
): AsyncGenerator<Line> {
  const delimiter = await namesColumns(file, languages, ";") ? ";" : ",";
  yield* readRows(file, csvRows(file, delimiter), languages, "comma");
}

/** Whether the first line of a table names its columns. */
export async function namesColumns(
  file: NamedFile,
  languages: Languages,
  delimiter: string | RegExp,
): Promise<boolean> {
  const cells = (await firstLine(file)).split(delimiter).map(unquoted);
  return columnsOf(cells, languages) !== undefined;
}

/** Whether a TSV file has two columns, source and target, which its first line does not name. */
export async function isPlain(
  file: NamedFile,
  languages: Languages,
): Promise<boolean> {
  const cells = (await firstLine(file)).split("\t");
  return cells.length === 2 && columnsOf(cells, languages) === undefined;
}

async function firstLine(file: NamedFile): Promise<string> {
  for await (const line of readLines(file)) return line;
  return "";
}

function unquoted(cell: string): string {
  return cell.replaceAll('"', "");
}

async function* tsvRows(file: NamedFile): AsyncGenerator<Row> {
  let number = 0;
  for await (const line of readLines(file)) {
    yield { cells: line.split("\t"), number: ++number };
  }
}

async function* csvRows(
  file: NamedFile,
  delimiter: string,
): AsyncGenerator<Row> {
  const parser = parse({
    delimiter,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAXIMUM_LINE_BYTES,
  });
  pipeline(Readable.from(textOf(file)), parser, () => {});
  try {
    for await (const { record, info } of parser) {
      yield { cells: record, number: info.lines };
    }
  } catch (error) {
    if (isInputError(error)) throw error;
    throw inputError(
      `Cannot use "${file.name}": it is no CSV (${
        reasonOf(error).replace(/, value is .*/s, "")
      }); quote a cell that has a comma, a quote or a line end.`,
    );
  }
}

/** The text of a file in pieces of whole lines, each found to be UTF-8. */
async function* textOf(file: NamedFile): AsyncGenerator<string> {
  let piece = "";
  for await (const line of readLines(file)) {
    piece += `${line}\n`;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = "";
  }
  yield piece;
}

/** The pairs of some rows: by the names in the first one, or else of two columns, source and target. */
async function* readRows(
  { name }: NamedFile,
  rows: AsyncIterable<Row>,
  languages: Languages,
  delimiter: string,
): AsyncGenerator<Line> {
  let columns: Columns | undefined;
  let width = 2, pairs = 0;
  for await (const { cells, number } of rows) {
    if (columns === undefined) {
      columns = columnsOf(cells, languages);
      if (columns !== undefined) {
        width = cells.length;
        continue;
      }
      columns = { source: 0, target: 1 };
    }
    if (cells.length !== width) {
      throw inputError(
        `Cannot use "${name}": line ${number} has ${
          cells.length === 1 ? `no ${delimiter}` : `${cells.length} columns`
        }, expected ${
          width === 2 ? `source ${delimiter} target` : `${width} columns`
        }${
          number === 1
            ? `, or a first line that names the columns, such as "${
              [
                languages.source,
                languages.target,
                ...cells.length > 2 ? ["notes"] : [],
              ].join(` ${delimiter} `)
            }"`
            : ""
        }.`,
      );
    }
    pairs++;
    yield {
      source: cells[columns.source],
      target: cells[columns.target],
      number,
    };
  }
  if (pairs === 0) {
    throw inputError(
      `Cannot use "${name}": it is empty, expected a sentence a line.`,
    );
  }
}
