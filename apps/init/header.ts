/** Hints at a first line that seems to name the columns of a corpus, and is counted as a pair. */
import type { Pair } from "../../nmt/text/corpus/cleaning.ts";
import type { Languages } from "../../schemas/experiment/data.ts";

/** What columns are called, by language. */
const WORDS: Readonly<Record<string, string>> = {
  en:
    "source target src tgt trg text sentence sentences original translation translated language lang reference",
  de:
    "text satz original übersetzung quelle quelltext quellsprache ziel zieltext zielsprache sprache",
  es: "texto frase oración original traducción fuente origen destino idioma",
  fr: "texte phrase original traduction source cible langue",
  it: "testo frase originale traduzione origine destinazione lingua",
  nl: "tekst zin origineel vertaling bron doel taal",
  pl: "tekst zdanie oryginał tłumaczenie źródło cel język",
  pt:
    "texto frase sentença original tradução fonte origem alvo destino idioma língua",
  ru: "текст предложение оригинал перевод источник язык",
  tr: "metin cümle özgün kaynak hedef çeviri dil",
  uk: "текст речення оригінал переклад джерело мова",
  ja: "原文 訳文 翻訳 テキスト",
  ko: "원문 번역 번역문 텍스트",
  zh: "原文 译文 譯文 翻译 翻譯 文本",
};

/** Formats whose first line may name the columns; two files have none. */
const FORMATS: readonly (string | undefined)[] = ["TSV", "CSV", undefined];

/** A sentence on the first pair of a corpus where both sides are what columns are called. */
export function headerHints(
  { source, target }: Pair,
  languages: Languages,
  format: string | undefined,
): string[] {
  if (!FORMATS.includes(format)) return [];
  const known = new Set(Object.values(WORDS).flatMap((row) => row.split(" ")));
  const codes = [languages.source, languages.target];
  for (const written of ["en", ...codes]) {
    const names = new Intl.DisplayNames(written, { type: "language" });
    for (const code of codes) {
      const { language } = new Intl.Locale(code);
      for (const name of [code, language, names.of(code), names.of(language)]) {
        known.add((name ?? "").toLowerCase());
      }
    }
  }
  const isName = (cell: string) => {
    const lower = cell.trim().toLowerCase();
    const words = lower.split(/[^\p{L}\p{M}]+/u).filter((word) => word !== "");
    return known.has(lower) ||
      words.length > 0 && words.every((word) => known.has(word));
  };
  if (!isName(source) || !isName(target)) return [];
  return [
    format !== undefined
      ? `the first line, "${source}" and "${target}", seems to name the columns and is counted as a pair; if so, remove it, or let it name the languages: "${languages.source}" and "${languages.target}".`
      : `the first lines, "${source}" and "${target}", seem to be headings and are counted as a pair; if so, remove them.`,
  ];
}
