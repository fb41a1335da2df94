/** HTML as a value: inserted text is escaped, inserted markup is not. */

export interface Markup {
  readonly markup: string;
}

export type Part = Markup | string | number | undefined | readonly Part[];

/** A template of HTML; lists are put in one after the other, and nothing in place of undefined. */
export function markup(
  strings: TemplateStringsArray,
  ...parts: readonly Part[]
): Markup {
  return {
    markup: strings.reduce((text, string, i) =>
      text + textOf(parts[i - 1]) + string
    ),
  };
}

/** HTML that this project or a library has written; never text of a user's data. */
export function trusted(html: string): Markup {
  return { markup: html };
}

function textOf(part: Part): string {
  if (part === undefined) return "";
  if (typeof part === "number") return String(part);
  if (typeof part === "string") return escaped(part);
  return "markup" in part ? part.markup : part.map(textOf).join("");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as HTML shows it; control characters, which HTML has no place for, are left out. */
export function escaped(text: string): string {
  return text.replace(/(?![\n\t])\p{Cc}/gu, "")
    .replace(/[&<>"']/g, (character) => ENTITIES[character]);
}
