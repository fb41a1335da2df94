/** The TypeScript text of a module: its meaning in one of many styles of comments, formatting and types. */
import { type Dice, diceOf } from "./dice.ts";
import {
  type Link,
  type Module,
  type Operation,
  type Shape,
  TYPES,
} from "./world.ts";

/** Specifiers of the packages in the import map, and what those stand for. */
export const PACKAGE_REQUEST = "^1.0.0";

/** `from` and the link's target are paths in the project. */
export function specifierOf({ target, how }: Link): string {
  if (how === "package" || how === "alias") return target;
  if (how === "subpath") return `${target}/deep`;
  if (how === "npm") return `npm:${target}@${PACKAGE_REQUEST}`;
  return `../${target}`;
}

export function textOf({ meaning, style }: Module): string {
  const dice = diceOf("style", style);
  const pen = penOf(style === 0 ? undefined : dice);
  const { links, operation, shape, idle } = meaning;
  const parts = [
    pen.comment(),
    ...links.map((link, i) => importLine(link, i, pen)),
    pen.types(),
    shape === undefined ? "" : shapeLine(shape, pen),
    `export const idle${
      pen.typed("number")
    } =${pen.space()}${idle}${pen.end()}`,
    pen.comment(),
    `export async function apply(text${pen.typed("string")}${pen.comma()})${
      pen.typed("Promise<string>")
    } {${pen.line()}let value${pen.typed("string")} = text${
      pen.cast("string")
    }${pen.end()}`,
    ...links.map((link, i) => linkLine(link, i, pen)),
    pen.comment(),
    operationLine(operation, pen),
    `return value${pen.end()}${pen.line()}}`,
    pen.comment(),
  ];
  const text = parts.filter((part) => part !== "").join("\n") + "\n";
  return pen.newlines(text);
}

/** Where styles differ; each method is one kind of difference that means nothing. */
interface Pen {
  comment(): string;
  /** A line break or a space. */
  line(): string;
  space(): string;
  /** The end of a statement. */
  end(): string;
  /** A comma before a closing bracket. */
  comma(): string;
  typed(type: string): string;
  cast(type: string): string;
  string(text: string): string;
  /** Declarations of types alone. */
  types(): string;
  newlines(text: string): string;
}

/** Without dice, as the formatter writes. */
function penOf(dice: Dice | undefined): Pen {
  const pick = <T>(plain: T, ...others: readonly T[]): T =>
    dice === undefined ? plain : dice.pick([plain, ...others]);
  const number = () => dice?.below(100) ?? 0;
  const comment = () =>
    pick(
      "",
      `// note ${number()}`,
      `/* note ${number()} */`,
      `/*! kept ${number()} */`,
      `/** import { apply } from "../lib/h0.ts"; ${number()} */`,
      '// import { apply } from "../lib/absent.ts";',
    );
  return {
    comment,
    line: () => pick("\n", "\n\n", " ", "\n\t"),
    space: () => pick(" ", "", "\n", " /* here */ "),
    end: () => pick(";", ";", " ;", "\n", "; // end\n"),
    comma: () => pick("", ","),
    typed: (type) =>
      pick(`: ${type}`, `: ${type} & ${type}`, `: (${type})`, `:${type}`),
    cast: (type) => pick("", ` as ${type}`, ` satisfies ${type}`),
    string: (text) => {
      const quoted = JSON.stringify(text);
      const escaped = quoted.replace(
        /[^ -~]/g,
        (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
      );
      return pick(quoted, escaped, `'${quoted.slice(1, -1)}'`);
    },
    types: () =>
      pick(
        "",
        `type Text${number()} = string;`,
        `interface Shape${number()} { readonly a: number; b?: string }`,
        `import type { Word } from "../${TYPES}";`,
        `import { type Word } from "../${TYPES}";\nexport type Words = Word[];`,
        `declare const absent${number()}: number;`,
        `export type Named${number()}<T> = T extends string ? 1 : 2;`,
      ),
    newlines: (text) =>
      pick(false, false, true) ? text.replaceAll("\n", "\r\n") : text,
  };
}

function importLine(link: Link, i: number, pen: Pen): string {
  const from = pen.string(specifierOf(link));
  switch (link.how) {
    case "named":
      return `import { apply as a${i}${pen.comma()} } from ${from}${pen.end()}`;
    case "alias":
    case "namespace":
      return `import * as a${i} from ${from}${pen.end()}`;
    case "reexport":
      return `export { apply as a${i}${pen.comma()} } from ${from}${pen.end()}`;
    case "effect":
      return `import ${from}${pen.end()}`;
    case "json":
      return `import a${i} from ${from} with { type: "json"${pen.comma()} }${pen.end()}`;
    case "package":
    case "subpath":
    case "npm":
      return `import { roll as a${i} } from ${from}${pen.end()}`;
    case "dynamic":
    case "opened":
      return "";
  }
}

function linkLine(link: Link, i: number, pen: Pen): string {
  const from = pen.string(specifierOf(link));
  switch (link.how) {
    case "named":
      return `value = await a${i}(value${pen.comma()})${pen.end()}`;
    case "namespace":
      return `value = await a${i}.apply(${pen.space()}value)${pen.end()}`;
    case "alias":
      return `value = await (a${i}.roll ?? a${i}.apply)(value)${pen.end()}`;
    case "dynamic":
      return `value = await (await import(${from})).apply(value)${pen.end()}`;
    case "json":
      return `value =${pen.space()}value + a${i}.entry${pen.end()}`;
    case "package":
    case "subpath":
    case "npm":
      return `value = a${i}(value${
        pen.cast("string")
      }${pen.comma()})${pen.end()}`;
    case "opened":
      return `value += await Deno.readTextFile(new URL(${from}, import.meta.url)).catch(() => "absent")${pen.end()}`;
    case "reexport":
    case "effect":
      return "";
  }
}

function shapeLine(shape: Shape, pen: Pen): string {
  const text = JSON.stringify(shape).replaceAll("]", `${pen.comma()}]`)
    .replaceAll(`[,]`, "[]").replaceAll(",", `,${pen.space()}`);
  return `export const shape = ${text}${pen.cast("unknown")}${pen.end()}`;
}

function operationLine(operation: Operation, pen: Pen): string {
  const end = pen.end();
  switch (operation.kind) {
    case "digest":
      return `let hash${pen.typed("number")} = 2166136261${pen.end()}
for (const char of value + ${pen.string(operation.salt)}) {
hash = Math.imul(hash ^ char.charCodeAt(0), 16777619${pen.comma()}) >>> 0${pen.end()}
}
value = hash.toString(36)${end}`;
    case "coarse":
      return `let sum${pen.typed("number")} =${pen.space()}0${pen.end()}
for (const char of value) sum += char.charCodeAt(0)${pen.end()}
value = String(sum % ${operation.modulo}${pen.comma()})${end}`;
    case "first":
      return `value = value.slice(0,${pen.space()}${operation.length}${pen.comma()})${end}`;
    case "constant":
      return `value = ${pen.string(operation.text)}${end}`;
    case "append": {
      const { text, quote } = operation;
      const literal = quote === "string"
        ? pen.string(text)
        : `\`${text.replaceAll("\n", "\\n")}\``;
      return `value =${pen.space()}value + ${literal}${end}`;
    }
    case "holes":
      return `value += String([${",".repeat(operation.holes)}].length)${end}`;
  }
}
