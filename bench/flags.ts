/** Command-line arguments that the benches share. */
import { inputError, isInputError, suggestion } from "../base/input_error.ts";

/** Prints an input error and ends with exit code 2. */
export async function runMain(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!isInputError(error)) throw error;
    console.error(error.message);
    Deno.exit(2);
  }
}

export function count(name: string, given: unknown, otherwise: number): number {
  if (given === undefined) return otherwise;
  const value = Number(given);
  if (Number.isInteger(value) && value > 0) return value;
  throw inputError(
    `Cannot use --${name}: expected a whole number above 0, found "${given}".`,
  );
}

/** The rows of the names in `--rows`, in that order; all unless given. */
export function chosen<Row extends { readonly row: string }>(
  rows: readonly Row[],
  names: unknown,
): Row[] {
  if (names === undefined) return [...rows];
  const known = rows.map((row) => row.row);
  return String(names).split(",").map((name) => {
    const row = rows.find((row) => row.row === name);
    if (row !== undefined) return row;
    const hint = suggestion(name, known).replace(/\?$/, "");
    throw inputError(
      `Cannot measure "${name}": expected one of ${known.join(", ")}${hint}.`,
    );
  });
}
