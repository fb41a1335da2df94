/** Reads pages of the documentation: fenced blocks, commands, tables, links. */
import { assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";

export const ROOT = fromFileUrl(new URL("../..", import.meta.url));

export const read = (path: string) => Deno.readTextFileSync(join(ROOT, path));

/** All pages, relative to the root. */
export const PAGES = [
  ...["README.md", "CONTRIBUTING.md"],
  ...["docs", "docs/how-to", "docs/explanation", "docs/results"].flatMap((
    folder,
  ) =>
    [...Deno.readDirSync(join(ROOT, folder))]
      .filter(({ name }) => name.endsWith(".md"))
      .map(({ name }) => `${folder}/${name}`)
  ),
];

/** Bytes that a picture, and all of them, may take: every clone has them all. */
export const MOST = { one: 150_000, all: 600_000 };

/** A fenced block of a page. */
export interface Block {
  /** The heading `##` above it; empty above the first one. */
  readonly section: string;
  readonly language: string;
  readonly text: string;
  /** The last path in backquotes of the paragraph before it. */
  readonly path: string;
}

export function blocksOf(page: string): Block[] {
  let section = "";
  const parts = /^## (.+)$|^((?:(?!```|## ).+\n)*)\n?```(\w*)\n([^]*?)^```$/gm;
  return [...read(page).matchAll(parts)].flatMap(
    ([, heading, before = "", language, text]) => {
      if (heading !== undefined) {
        section = heading;
        return [];
      }
      const path = [...before.matchAll(/`([\w-]+(?:[./][\w-]+)+)`/g)]
        .at(-1)?.[1] ?? "";
      return [{ section, language, text, path }];
    },
  );
}

/** A file's text after a change that a page shows as a diff without line numbers. */
export function withDiff(text: string, diff: string, path: string): string {
  const lines = diff.trimEnd().split("\n");
  const side = (left: string) =>
    lines.filter((line) => !line.startsWith(left))
      .map((line) => `${line.slice(1)}\n`).join("");
  const before = side("+");
  assertEquals(
    text.split(before).length,
    2,
    `A page changes lines of ${path} that are not there once:\n${before}`,
  );
  return text.replace(before, () => side("-"));
}

/** The commands of a shell block: one goes on where a quote is open or a line ends in a backslash or a bar. */
export function commandsOf(block: string): string[] {
  const commands: string[] = [];
  let begun = "";
  for (const line of block.trimEnd().split("\n")) {
    begun += (begun === "" ? "" : "\n") + line.replace(/(^|\s+)#\s.*$/, "");
    const isOpen = /[\\|]$/.test(begun) || begun.split("'").length % 2 === 0;
    if (isOpen) continue;
    if (begun !== "") commands.push(begun);
    begun = "";
  }
  assertEquals(begun, "", "A block ends in the middle of a command.");
  return commands;
}

/** The rows of all tables of a page, each a list of its cells. */
export function rowsOf(page: string): string[][] {
  return read(page).split("\n").filter((line) => line.startsWith("| "))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

/** A test that a table names: a file, and a part of the title of one of its tests. */
export interface NamedTest {
  readonly row: string;
  readonly path: string;
  readonly title: string;
}

/** The tests that the rows of a page's tables name in their second column. */
export function namedTests(page: string): NamedTest[] {
  return rowsOf(page).flatMap(([row, test = ""]) => {
    const [, path, title] = /^`(tests\/[^`]+)`: (.+?)(?: …)?$/.exec(test) ?? [];
    return path === undefined ? [] : [{ row, path, title }];
  });
}

export interface Link {
  readonly target: string;
  readonly text: string;
  readonly isPicture: boolean;
}

/** The links and pictures of a page that lead to files of the project. */
export function linksOf(page: string): Link[] {
  const prose = read(page).replace(/^```[\s\S]*?^```$/gm, "")
    .replace(/`[^`\n]*`/g, "code");
  const link = /(!?)\[([^\]]*)\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g;
  return [...prose.matchAll(link)]
    .map(([, mark, text, target]) => ({
      target,
      text,
      isPicture: mark === "!",
    }))
    .filter(({ target }) => !/^\w+:/.test(target));
}

/** The headings of a page as links name them. */
export function headingsOf(path: string): string[] {
  return [...Deno.readTextFileSync(path).matchAll(/^#+ (.+)$/gm)]
    .map(([, heading]) =>
      heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-")
    );
}
