/** Which language a text is in, for a model that is told so by a token. */
import { inputError } from "../base/input_error.ts";
import { marked } from "../nmt/text/subwords/language_tokens.ts";
import { languageAmong } from "../schemas/language.ts";

/**
 * What puts the token of a language before a sentence; the sentence alone where a model translates from one language.
 *
 * @param languages those that have a token; undefined for a model of one language, which is `own` where it says it
 * @param from the language that the user named
 * @param option what the user names it with, for errors
 * @throws an input error where the model has several and none is named, or another one is
 */
export function markingOf(
  languages: readonly string[] | undefined,
  from: string | undefined,
  own?: string,
  option = '"from"',
): { readonly mark: (sentence: string) => string; readonly language?: string } {
  if (languages === undefined) {
    const isOwn = from === undefined ||
      own !== undefined && languageAmong(from, [own]) !== undefined;
    if (isOwn) return { mark: (sentence) => sentence, language: own };
    throw inputError(
      `Cannot translate from "${from}": this model ${
        own === undefined
          ? "has no tokens of languages"
          : `translates from ${own} alone`
      }; leave out ${option}, or name another model.`,
    );
  }
  const language = from === undefined
    ? undefined
    : languageAmong(from, languages);
  if (language === undefined) {
    throw inputError(
      `Cannot translate${
        from === undefined ? "" : ` from "${from}"`
      }: this model translates from ${
        languages.join(", ")
      }; name the language of the text with ${option}.`,
    );
  }
  return { mark: (sentence) => marked(sentence, language), language };
}
