/** Aligns LibreOffice's help pages, HTML in each language, by the id of each element. */
import { readDeb } from "../fetch/deb.ts";
import { unescapeXml } from "./entities.ts";

/** The elements that a translator sees, with the id that is the same in every language. */
const ELEMENT =
  /<(p|h[1-6])\s+id="((?:par|hd|tit|lst|cel)_[^"]+)"([^>]*)>(.*?)<\/\1>/gs;

/** A tag, with its slash, name, what follows that, and its end, which the last may lack; or text. */
const PIECE = /<(\/?)([a-z][\w:-]*)(?![\w:-])([^>]*)(>|$)|[^<]+|</gi;

const SPACE = /[\s\u00a0\u200b]+/gu;

/** Tags that stand between two words, and those of them that have no end. */
const SEPARATING = new Set(["br", "td", "tr", "p", "div"]);
const EMPTY = new Set(["br", "img", "meta", "input", "wbr"]);

const PATH =
  /^(?:\.\/)?usr\/share\/libreoffice\/help\/[^/]+\/text\/(.+\.html)$/;

/** Longer texts are lists and listings, words a side. */
const MAXIMUM_WORDS = 100;

/**
 * Writes a table `page TAB element TAB other language TAB English` out of two packages of help, by language: the texts
 * that are in both, each pair once, pages in alphabetical order.
 */
export async function writeHelp(
  { en: english, ...others }: Readonly<Record<string, string>>,
  to: string,
): Promise<void> {
  const [other, ...more] = Object.values(others);
  if (english === undefined || other === undefined || more.length > 0) {
    throw new Error(
      "Cannot align help pages: expected English and one other language.",
    );
  }
  const pages = await readPages(english), foreign = await readPages(other);
  const seen = new Set<string>();
  let lines = "";
  for (const page of [...pages.keys()].sort()) {
    const theirs = textsOf(foreign.get(page) ?? "");
    for (const [element, texts] of textsOf(pages.get(page) ?? "")) {
      const translations = theirs.get(element) ?? [];
      if (translations.length !== texts.length) continue;
      texts.forEach((text, i) => {
        const pair = `${translations[i]}\t${text}`;
        if (!isTranslation(translations[i], text) || seen.has(pair)) return;
        seen.add(pair);
        lines += `${page}\t${element}\t${pair}\n`;
      });
    }
  }
  await Deno.writeTextFile(to, lines);
}

/** The HTML of each page by its name, which is the same in every language. */
async function readPages(path: string): Promise<Map<string, string>> {
  const files = await readDeb(path, (path) => PATH.test(path));
  return new Map(
    files.map(({ path, text }) => [PATH.exec(path)?.[1] ?? path, text]),
  );
}

/** The texts of each element of a page; listings of code are left out. */
function textsOf(html: string): Map<string, string[]> {
  const texts = new Map<string, string[]>();
  for (const [, , id, attributes, content] of html.matchAll(ELEMENT)) {
    if (attributes.includes("code")) continue;
    const text = content.includes("hidden") ? shown(content) : plain(content);
    const spaced = text.replace(SPACE, " ").trim();
    if (spaced === "") continue;
    const known = texts.get(id);
    if (known === undefined) texts.set(id, [spaced]);
    else known.push(spaced);
  }
  return texts;
}

function plain(html: string): string {
  const text = html.replace(/<[^>]*>?/g, (tag) => {
    // Without its end it is text.
    if (!tag.endsWith(">")) return tag;
    const [, name = ""] = /^<([a-z]*)/i.exec(tag) ?? [];
    return SEPARATING.has(name.toLowerCase()) ? " " : "";
  });
  return unescapeXml(text);
}

/** The text of an element with variants by operating system: the default one. */
function shown(html: string): string {
  let text = "", muted = 0;
  const open: boolean[] = [];
  for (
    const [piece, slash, name, attributes, end] of html.matchAll(PIECE)
  ) {
    if (name === undefined || end === "") {
      if (muted === 0) text += unescapeXml(piece);
      continue;
    }
    const isEmpty = EMPTY.has(name.toLowerCase());
    if (slash === "" && isEmpty) text += " ";
    if (slash === "" && !isEmpty) {
      const isHidden = name.toLowerCase() === "span" &&
        /\shidden(?=[\s=]|\/?$)/.test(attributes) &&
        !/\sid="default/.test(attributes);
      open.push(isHidden);
      muted += Number(isHidden);
    }
    if (!isEmpty && (slash !== "" || attributes.endsWith("/"))) {
      muted -= Number(open.pop() ?? false);
    }
  }
  return text;
}

/** Whether two texts look like prose and its translation, and not like a formula, code or something left as it was. */
function isTranslation(other: string, english: string): boolean {
  const either = (test: (text: string) => boolean) =>
    test(other) || test(english);
  if (other === english) return false;
  if (either((text) => text.startsWith("="))) return false;
  if (either((text) => !/\p{L}|\p{No}|\p{Nl}/u.test(text))) return false;
  if (either((text) => text.includes("\ufffd"))) return false;
  if (either((text) => text.split(" ").length > MAXIMUM_WORDS)) return false;
  const [one, two] = [[...other].length, [...english].length];
  const letters = english.match(/[\p{L} ]/gu)?.length ?? 0;
  if (letters < 0.6 * two) return false;
  const ratio = one / two;
  return ratio >= 1 / 3 && ratio <= 3 || two < 12 && one < 36;
}
