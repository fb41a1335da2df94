/** Numbers as the tables of results write them. */

/** `1,234.5`; nothing for what is not known. */
export function number(value: number | undefined, digits: number): string {
  return value?.toLocaleString("en", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }) ?? "";
}

/** `+0.4`, `-2.1`. */
export function signed(points: number, digits: number): string {
  return `${points < 0 ? "-" : "+"}${number(Math.abs(points), digits)}`;
}
