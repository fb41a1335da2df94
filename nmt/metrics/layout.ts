/** Writes tables as Markdown, in the formatter's style, and as LaTeX with booktabs. */

/** Rows under columns; the first column is text, the others are numbers. */
export interface Table {
  readonly title?: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/**
 * Each table under its title, with columns as wide as their widest cell.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { markdown } from "./layout.ts";
 *
 * assertEquals(
 *   markdown([{ columns: ["system", "BLEU"], rows: [["rkd", "31.2"]] }]),
 *   "| system | BLEU |\n| ------ | ---: |\n| rkd    | 31.2 |",
 * );
 * ```
 */
export function markdown(tables: readonly Table[]): string {
  return tables.map(({ title, columns, rows }) => {
    const widths = columns.map((column, i) =>
      Math.max(3, column.length, ...rows.map((row) => row[i].length))
    );
    const line = (row: readonly string[]) =>
      `| ${
        row.map((cell, i) =>
          i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])
        ).join(" | ")
      } |`;
    const rule = widths.map((width, i) =>
      i === 0 ? "-".repeat(width) : "-".repeat(width - 1) + ":"
    );
    const table = [columns, rule, ...rows].map(line).join("\n");
    return title === undefined ? table : `${title}\n\n${table}`;
  }).join("\n\n");
}

/** Each table as a `tabular` of its own. */
export function latex(tables: readonly Table[]): string {
  return tables.map(({ title, columns, rows }) => {
    const line = (row: readonly string[]) =>
      `${row.map(latexText).join(" & ")} \\\\`;
    return [
      `\\begin{tabular}{l${"r".repeat(columns.length - 1)}}`,
      "\\toprule",
      ...title === undefined ? [] : [
        `\\multicolumn{${columns.length}}{l}{${latexText(title)}} \\\\`,
        "\\midrule",
      ],
      line(columns),
      "\\midrule",
      ...rows.map(line),
      "\\bottomrule",
      "\\end{tabular}",
    ].join("\n");
  }).join("\n\n");
}

/** What LaTeX would take for a command, as itself; signs of numbers in math. */
function latexText(text: string): string {
  return text
    .replace(
      /[\\{}$&#%_^~]/g,
      (character) => LATEX[character] ?? `\\${character}`,
    )
    .replaceAll("±", "$\\pm$")
    .replace(/[<>]|(?<=^|[ (])[-+](?=\d)/g, (sign) => `$${sign}$`);
}

const LATEX: Readonly<Record<string, string>> = {
  "\\": "\\textbackslash{}",
  "^": "\\textasciicircum{}",
  "~": "\\textasciitilde{}",
};

/** A number as tables have it: `1,234.5`; nothing for what is not known. */
export function number(value: number | undefined, digits: number): string {
  return value?.toLocaleString("en", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }) ?? "";
}

/** A p-value as tables have it: `0.023`, `< 0.001`; nothing for what is not known. One above 0.05 does not look like it. */
export function pValue(p: number | undefined): string {
  if (p !== undefined && p < 0.0005) return "< 0.001";
  const text = number(p, 3);
  return p !== undefined && p > 0.05 && text === "0.050" ? number(p, 4) : text;
}

/** A p-value as sentences have it: `p = 0.023`, `p < 0.001`. */
export function pText(p: number): string {
  const value = pValue(p);
  return value.startsWith("<") ? `p ${value}` : `p = ${value}`;
}

/** `+0.4`, `-2.1`. */
export function signed(points: number, digits: number): string {
  return `${points < 0 ? "-" : "+"}${number(Math.abs(points), digits)}`;
}

/** `-1.2 to +0.3`; nothing where a bound is not known. */
export function interval(
  { low, high }: { readonly low?: number; readonly high?: number },
  digits: number,
): string {
  return low === undefined || high === undefined
    ? ""
    : `${signed(low, digits)} to ${signed(high, digits)}`;
}
