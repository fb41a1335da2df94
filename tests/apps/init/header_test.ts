/** The first line of a corpus: what names columns in several languages, and what is text. */
import { assertEquals } from "@std/assert";
import { headerHints } from "../../../apps/init/header.ts";

const LANGUAGES = { source: "pt", target: "en" };

const isHeader = (source: string, target: string, format?: string) =>
  headerHints({ source, target }, LANGUAGES, format).length === 1;

Deno.test("names of columns are words for text and translation, and languages by their code or name", () => {
  for (
    const [source, target] of [
      ["Texto", "Translation"],
      ["Original", "Tradução"],
      ["text_source", "text_target"],
      ["src", "en"],
      ["Quelltext", "Zieltext"],
      ["原文", "译文"],
      ["Português", "Inglês"],
      [" SOURCE SENTENCE 1", "TARGET SENTENCE 1"],
    ]
  ) {
    assertEquals(isHeader(source, target, "TSV"), true, source);
  }
});

Deno.test("a sentence, a side that is one, and the first message of a catalogue are none", () => {
  assertEquals(isHeader("uma casa", "a house", "TSV"), false);
  assertEquals(isHeader("Texto", "The text", "TSV"), false);
  assertEquals(isHeader("Arquivo de texto", "Text file", "TSV"), false);
  assertEquals(isHeader("não", "no", "TSV"), false);
  assertEquals(isHeader("12", "12", "TSV"), false);
  // "no" is a code of another language.
  assertEquals(isHeader("No", "No", "TSV"), false);
  assertEquals(isHeader("Texto", "Text", "gettext"), false);
});

Deno.test("of two files, the headings are to be removed", () => {
  assertEquals(
    headerHints(
      { source: "Português", target: "English" },
      LANGUAGES,
      undefined,
    ),
    ['the first lines, "Português" and "English", seem to be headings and are counted as a pair; if so, remove them.'],
  );
});
