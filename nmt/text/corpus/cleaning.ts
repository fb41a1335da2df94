/** Cleans pairs: drops those that are not useful translations, and strips what is not text. */
import type { Corpus } from "../../../schemas/experiment/data.ts";

export interface Pair {
  readonly source: string;
  readonly target: string;
}

/** A line of a TSV file: sides are joined by a TAB, which no clean side holds. */
export function lineOf({ source, target }: Pair): string {
  return `${source}\t${target}`;
}

/** The rules that drop a pair, in the order in which they are applied. */
export type Rule = typeof RULES[number];

export const RULES = [
  "paragraphs",
  "markup",
  "empty",
  "no words",
  "replacement character",
  "identical",
  "identifier",
  "placeholders",
  "alternatives",
  "too few words",
  "too many words",
  "length ratio",
  "duplicate",
] as const;

/** How the texts of a source are written. */
export interface Notation {
  readonly markup: boolean;
  readonly mnemonics: boolean;
}

export type Cleaned = { readonly pair: Pair } | { readonly rule: Rule };

/** Words of a sentence, and whether tags stay. */
export type SentenceLimits = Pick<
  Corpus,
  "minimumWords" | "maximumWords" | "markup"
>;

/** The limits of pairs. */
export type Limits = SentenceLimits & Pick<Corpus, "maximumRatio">;

/** Plain text may hold tags, and an ampersand is itself. */
export const TEXT_NOTATION: Notation = { markup: true, mnemonics: false };

/** Pairs shorter than this in letters are exempt from the ratio: "OK" may well be "Tamam". */
const RATIO_FROM = 12;

const TAG = /<\/?[a-zA-Z][^<>]*>/g;

/** Tags that begin a line or a cell, between which words are not to be joined. */
const DIVIDING_TAG =
  /^<\/?(?:address|article|aside|blockquote|br|dd|div|dl|dt|fieldset|figure|footer|form|h[1-6]|header|hr|li|main|nav|ol|option|p|pre|section|table|tbody|td|tfoot|th|thead|tr|ul)\b/i;

const PLACEHOLDER =
  /\{\{[^{}]*\}\}|\{[^{}]*\}|%\d*\$?[sd]\b|%\d+|%[A-Z]\w+%|\$\([\w~-]+\)|\$\{[^}]*\}|https?:\/\/\S+/g;

/**
 * The cleaned pair, or the rule that drops it; duplicates are found by `PairFile`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Corpus } from "../../../schemas/experiment/data.ts";
 * import { clean } from "./cleaning.ts";
 *
 * const notation = { markup: true, mnemonics: false };
 * assertEquals(
 *   clean({ source: "Ein <b>Haus</b>", target: "A <b>house</b>" }, notation, Corpus.parse({})),
 *   { pair: { source: "Ein Haus", target: "A house" } },
 * );
 * ```
 */
export function clean(raw: Pair, notation: Notation, limits: Limits): Cleaned {
  if (paragraphs(raw.source) !== paragraphs(raw.target)) {
    return { rule: "paragraphs" };
  }
  if (notation.markup && !agree(tagNames(raw.source), tagNames(raw.target))) {
    return { rule: "markup" };
  }
  const source = plain(raw.source, notation, limits);
  const target = plain(raw.target, notation, limits);
  const rule = fault(source, target, limits);
  return rule === undefined ? { pair: { source, target } } : { rule };
}

/**
 * The cleaned sentence of text that has no translations, or the rule that drops it: those rules of pairs that speak of a
 * side.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Corpus } from "../../../schemas/experiment/data.ts";
 * import { cleanSentence, TEXT_NOTATION } from "./cleaning.ts";
 *
 * const limits = Corpus.parse({});
 * assertEquals(cleanSentence("Ein <b>Haus</b>", TEXT_NOTATION, limits), { sentence: "Ein Haus" });
 * assertEquals(cleanSentence("12:30", TEXT_NOTATION, limits), { rule: "no words" });
 * ```
 */
export function cleanSentence(
  raw: string,
  notation: Notation,
  limits: SentenceLimits,
): { readonly sentence: string } | { readonly rule: Rule } {
  const sentence = plain(raw, notation, limits);
  const rule = RULES.find((rule) =>
    rule === "identifier"
      ? isIdentifier(sentence)
      : OF_A_SIDE[rule]?.(sentence, limits)
  );
  return rule === undefined ? { sentence } : { rule };
}

function fault(
  source: string,
  target: string,
  limits: Limits,
): Rule | undefined {
  return RULES.find((rule) => {
    const isFault = OF_A_SIDE[rule];
    return isFault === undefined
      ? OF_BOTH_SIDES[rule]?.(source, target, limits)
      : isFault(source, limits) || isFault(target, limits);
  });
}

type Tests<Arguments extends readonly unknown[]> = Readonly<
  Partial<Record<Rule, (...given: Arguments) => boolean>>
>;

/** The rules that drop a pair for one of its sides. */
const OF_A_SIDE: Tests<[side: string, limits: SentenceLimits]> = {
  empty: (side) => side === "",
  // Signs of vowels stand between the letters of Indic scripts.
  "no words": (side) => !/\p{L}\p{M}*\p{L}/u.test(side),
  "replacement character": (side) => side.includes("\ufffd"),
  alternatives: (side) => /\{\w+,\s*(plural|select)/.test(side),
  "too few words": (side, { minimumWords }) => words(side) < minimumWords,
  "too many words": (side, { maximumWords }) => words(side) > maximumWords,
};

/** The rules that compare the sides of a pair. */
const OF_BOTH_SIDES: Tests<[source: string, target: string, limits: Limits]> = {
  identical: (source, target) => source.toLowerCase() === target.toLowerCase(),
  identifier: (source, target) => isIdentifier(source) && isIdentifier(target),
  placeholders: (source, target) =>
    !agree(placeholders(source), placeholders(target)),
  "length ratio": (source, target, { maximumRatio }) => {
    const lengths = [lettersOf(source), lettersOf(target)];
    const longer = Math.max(...lengths), shorter = Math.min(...lengths);
    return longer >= RATIO_FROM && longer > maximumRatio * shorter;
  },
};

/**
 * How many letters of an alphabet say as much. English has about three letters for a character of Chinese or Japanese, and
 * two for a syllable of Korean.
 */
const LETTERS = [
  {
    script: /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/gu,
    each: 3,
  },
  { script: /\p{Script=Hangul}/gu, each: 2 },
];

/** The length of a text for the ratio: its characters, of which some count as several letters. */
function lettersOf(text: string): number {
  return LETTERS.reduce(
    (length, { script, each }) =>
      (text.match(script) ?? [])
        .reduce((sum, found) => sum + each - found.length, length),
    text.length,
  );
}

/** NFC, without control and zero-width characters, tags and access keys; each run of white space is one space. */
function plain(
  text: string,
  { markup, mnemonics }: Notation,
  limits: Pick<Corpus, "markup">,
): string {
  let result = spaced(text);
  if (markup && limits.markup === undefined) {
    result = spaced(withoutTags(result));
  }
  if (mnemonics) {
    result = spaced(
      result.replace(/ ?\(&{1,2}\w\)/g, "").replace(/&&(?=\S)/g, "")
        .replace(/(^|\s)&(?=\p{L})/gu, "$1"),
    );
  }
  return result;
}

/**
 * NFC without invisible characters, with single spaces. Soft hyphens and direction marks are removed, as texts use them
 * inconsistently; zero-width joiners stay, as Persian and Hindi spelling and emoji need them.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { spaced } from "./cleaning.ts";
 *
 * assertEquals(spaced(" soft\u00adhyphen \t\n gone "), "softhyphen gone");
 * ```
 */
export function spaced(text: string): string {
  return text.normalize("NFC")
    .replace(
      /[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/g,
      "",
    )
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim();
}

function paragraphs(text: string): number {
  return text.match(/\n\s*\n/g)?.length ?? 0;
}

function words(text: string): number {
  return text.split(" ").length;
}

/** A name of the program rather than text, such as `editor.action.clipboard` or `command:workbench.open`. */
function isIdentifier(text: string): boolean {
  return /^[\w.-]+$/.test(text) && /[._]\w/.test(text) ||
    /^(command|onCommand):/.test(text);
}

function tagNames(text: string): string[] {
  return (text.match(TAG) ?? []).map((tag) =>
    tag.slice(0, -1).split(/\s/, 1)[0]
  );
}

/** The placeholders of a text: both sides must have the same, in any order. */
function placeholders(text: string): string[] {
  return text.match(PLACEHOLDER) ?? [];
}

function agree(one: readonly string[], other: readonly string[]): boolean {
  const key = (items: readonly string[]) =>
    items.map((item) => item.replace(/\s+/g, "")).sort().join("\u0001");
  return key(one) === key(other);
}

/** A text without its tags: a space is left where one divides text. */
export function withoutTags(text: string): string {
  return text.replace(TAG, (tag) => DIVIDING_TAG.test(tag) ? " " : "");
}

/** A text without its placeholders, for comparisons. */
export function withoutPlaceholders(text: string): string {
  return text.replace(PLACEHOLDER, " ");
}
