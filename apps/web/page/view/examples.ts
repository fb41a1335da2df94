/** Sentences to try a model with, of our own, by language. */

const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  de: [
    "Die Datei konnte nicht geöffnet werden.",
    "Speichern unter",
    "Ein Mann fährt mit dem Fahrrad durch den Park.",
  ],
  en: [
    "The file could not be opened.",
    "Save as",
    "A man rides a bicycle through the park.",
  ],
  pt: [
    "Não foi possível abrir o arquivo.",
    "Salvar como",
    "Um homem anda de bicicleta no parque.",
  ],
  tr: [
    "Dosya açılamadı.",
    "Farklı kaydet",
    "Bir adam parkta bisiklete biniyor.",
  ],
};

/** The example after a text, in turn; undefined where a language has none. */
export function exampleAfter(
  text: string,
  language: string,
): string | undefined {
  const examples = EXAMPLES[language] ?? [];
  return examples[(examples.indexOf(text) + 1) % examples.length];
}
