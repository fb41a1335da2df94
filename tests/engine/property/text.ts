/** The files of a world; its modules in one of many styles of comments, formatting and types. */
import { diceOf } from "./dice.ts";
import {
  IMPORTABLE,
  type Link,
  type Module,
  TYPES,
  type World,
} from "./world.ts";

const { imports: { typescript: PRINTER } }: {
  imports: { typescript: string };
} = JSON.parse(
  Deno.readTextFileSync(new URL("../../../deno.json", import.meta.url)),
);

/** What stands at each mark of a template, at first as the formatter writes; none makes a difference. */
const STYLES: Readonly<Record<string, readonly string[]>> = {
  // Between two statements at the top; # is a number.
  "¶": [
    "\n",
    "\n\n",
    "\r\n",
    " // note #\n",
    "/*! kept # */",
    '\n/** import { value } from "../lib/h0.ts"; # */\n',
    '\n// import { value } from "../lib/absent.ts";\n',
    "\ntype Text# = string;\n",
    "\ninterface Shape# { readonly a: number; b?: string }\n",
    `\nimport type { Word as Word# } from "../${TYPES}";\n`,
    `\nimport { type Word as Word# } from "../${TYPES}";\nexport type Words# = Word#[];\n`,
    "\ndeclare const absent#: number;\n",
    "\nexport type Named#<T> = T extends string ? 1 : 2;\n",
  ],
  // Between two tokens, and at the end of a statement.
  "§": [" ", "", "\n", "\t", " /* here # */ ", "// there\n"],
  ";": [";", " ;", "\n", "; // end\n"],
  // A comma before a closing bracket.
  "‚": ["", ","],
  // Types of a string.
  "¤": ["", ": string", ":string", ": (string)", ": string & string"],
  "°": ["", " as string", " satisfies string"],
};

export function textOf({ meaning, style }: Module): string {
  const { text, holes, idle, links, shape } = meaning;
  const dice = diceOf("style", style);
  let number = 0;
  const quoted = style === 0 || dice.chance(0.3)
    ? JSON.stringify(text)
    : dice.chance(0.5)
    ? `'${JSON.stringify(text).slice(1, -1)}'`
    : JSON.stringify(text).replace("é", "\\u00e9").replace("k", "\\u006b");
  const literals = [quoted, JSON.stringify(shape)];
  const template = [
    "¶",
    ...links.map((link, i) => {
      const { top } = linkText(link, i);
      return top === "" ? "" : `${top};¶`;
    }),
    shape === undefined ? "" : `export const shape =§@1;¶`,
    `export const idle¤ =§"${idle}";¶`,
    "export async function value(): Promise<string> {\n",
    "const parts: string[] =§[@0°‚];\n",
    ...links.map((link, i) => `parts.push(${linkText(link, i).value}°‚);\n`),
    `parts.push(§String([${",".repeat(holes)}].length)‚);\n`,
    'return parts.join("|"‚);\n}¶',
  ].join("");
  return template.replace(/[¶§;‚¤°]/g, (mark) => {
    const choices = STYLES[mark];
    const chosen = style === 0 ? choices[0] : dice.pick(choices);
    const id = number++;
    return chosen.replaceAll("#", String(id));
  }).replace(/@(\d)/g, (_, i) => literals[i]);
}

/** What a link adds to the top of a module, and the expression of its value. */
function linkText({ target, how }: Link, i: number) {
  const from = JSON.stringify(
    how === "package" || how === "alias"
      ? target
      : how === "subpath"
      ? `${target}/deep`
      : how === "npm"
      ? requestOf(target)
      : `../${target}`,
  );
  switch (how) {
    case "namespace":
      return {
        top: `import * as a${i} from ${from}`,
        value: `await a${i}.value()`,
      };
    case "reexport":
      return { top: `export { value as a${i}‚ } from ${from}`, value: '""' };
    case "effect":
      return { top: `import ${from}`, value: '""' };
    case "dynamic":
      return { top: "", value: `await (await import(${from})).value()` };
    case "json":
      return {
        top: `import a${i} from ${from} with { type: "json"‚ }`,
        value: `a${i}.entry`,
      };
    case "opened":
      return {
        top: "",
        value:
          `await Deno.readTextFile(new URL(${from}, import.meta.url)).catch(() => "absent")`,
      };
    default:
      return {
        top: `import { value as a${i}‚ } from ${from}`,
        value: `await a${i}()`,
      };
  }
}

function requestOf(name: string): string {
  return `npm:${name}@^1.0.0`;
}

/** The files of a world by their paths from the project's root. */
export function filesOfWorld(world: World): Record<string, string> {
  const { modules, packages, printer } = world;
  const npm = Object.entries(packages).map(([name, { version, ...entry }]) =>
    [`${name}@${version}`, entry] as const
  );
  const specifiers = Object.entries(packages)
    .map(([name, { version }]) => [requestOf(name), version] as const);
  return {
    ...world.assets,
    ...world.data,
    ...Object.fromEntries(
      Object.entries(modules).map(([path, module]) => [path, textOf(module)]),
    ),
    [TYPES]: `export type Word = string | ${world.types};\n`,
    "deno.json": JSON.stringify({ imports: importMap(world) }),
    "deno.lock": JSON.stringify({
      version: "5",
      specifiers: Object.fromEntries([[PRINTER, printer], ...specifiers]),
      npm: Object.fromEntries([[`typescript@${printer}`, {}], ...npm]),
    }),
    // The engine lists what a stage's process executes; the stages run in this one, and so it is empty.
    "engine/executors/stage_process.ts": "",
  };
}

function importMap({ aliases, remaps, spare }: World): Record<string, string> {
  const named = Object.entries(aliases).map(([alias, { target, how }]) =>
    how === "named"
      ? [alias, `./${target}`]
      : [alias, requestOf(target) + (how === "subpath" ? "/deep" : "")]
  );
  return Object.fromEntries([
    ["typescript", PRINTER],
    ...IMPORTABLE.map((name) => [name, requestOf(name)]),
    ...named,
    ...Object.entries(remaps).map(([path, to]) => [`./${path}`, `./${to}`]),
    ["spare", `${requestOf("idle")}/${spare}`],
  ]);
}
