/**
 * Language tokens: `<2tr>` before a sentence tells a model of several source languages which one it is in (Johnson et al.
 * 2017 tell the target so). Browsers run it too: it imports nothing.
 */

/** A token, or what begins with one. */
export const TOKEN = /^<2([A-Za-z0-9-]+)>/;

/**
 * The token of a language.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { languageOf, marked, tokenOf, unmarked } from "./language_tokens.ts";
 *
 * assertEquals(tokenOf("pt-BR"), "<2pt-BR>");
 * assertEquals(marked(" Dosya açılamadı ", "tr"), "<2tr> Dosya açılamadı");
 * assertEquals(languageOf("<2tr> Dosya"), "tr");
 * assertEquals(unmarked("<2tr> Dosya"), "Dosya");
 * ```
 */
export function tokenOf(language: string): string {
  return `<2${language}>`;
}

/** A sentence with the token of its language first; nothing stays nothing. */
export function marked(sentence: string, language: string): string {
  const text = sentence.trim();
  return text === "" ? "" : `${tokenOf(language)} ${text}`;
}

/** The language that a marked sentence, or a token alone, begins with. */
export function languageOf(sentence: string): string | undefined {
  return TOKEN.exec(sentence)?.[1];
}

/** A marked sentence without its token. */
export function unmarked(sentence: string): string {
  return sentence.replace(TOKEN, "").trimStart();
}
