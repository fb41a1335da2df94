/** The tasks in the report of this project. */
import type { Locator } from "playwright-core";
import type { Reader } from "./reader.ts";
import type { Answers } from "./tasks.ts";

/** Goes to a section by its link at the top. */
async function section(reader: Reader, name: string): Promise<Locator> {
  const link = reader.page.locator("nav a", {
    hasText: new RegExp(`^${name}$`),
  });
  const id = await link.getAttribute("href");
  await reader.click(link);
  return reader.page.locator(id ?? "");
}

/** An answer of the summary. */
const short = (reader: Reader, term: string) =>
  reader.page.locator(".answers > div", { hasText: new RegExp(`^${term}`) })
    .locator("dd");

export const OURS: Answers = {
  "Which system is best, and is that sure?": {
    find: async (reader) => {
      const { page } = reader;
      await reader.answer(
        page.locator("#summary .claim"),
        /\S+ is the best of \d+ students by [^]*[\d.]+ BLEU/,
      );
      await reader.answer(
        page.locator("#summary .sureness"),
        /(To|[Bb]etter than|[Ww]orse than) \S+[^]*p = [\d.]+[^]*seed/,
      );
    },
  },
  "Is int8 as good as fp32?": {
    find: (reader) =>
      reader.answer(
        short(reader, "8-bit integers"),
        /[+−]?\d\.\d\d \(\S+\) to [+−]?\d\.\d\d \(\S+\) BLEU against 32-bit floats/,
      ),
  },
  "What changed since the earlier run?": {
    find: (reader) =>
      reader.answer(
        short(reader, "Before and now"),
        /student:\S+ config\.distillation\.\S+ \S+ -> \S+[^]*BLEU: \S+ [+−]/,
      ),
  },
  "Where did training go wrong?": {
    find: async (reader) => {
      const training = short(reader, "Training");
      await reader.answer(
        training.locator("ul"),
        /went wrong after step|levelled out|still learning/,
      );
      for (const loss of ["training", "validation"]) {
        await reader.answer(
          training.locator(`svg[aria-label^="${loss} loss"]`),
          /loss from the first validation to the last: \S+ [\d.]+ to/,
        );
      }
    },
  },
  "What did it get wrong, and how?": {
    find: async (reader) => {
      const fault = short(reader, "Faults").locator("a").first();
      const [, kind] = /^(.+) \d+$/.exec(await fault.innerText()) ?? [];
      await reader.click(fault);
      await reader.answer(
        reader.page.locator("#sentences li").first(),
        new RegExp(`line \\d+ [^]*reference[^]*chrF \\d+, ${kind}`),
      );
    },
  },
  "Which layer learnt what?": {
    find: async (reader) => {
      const similarity = await section(reader, "Similarity of layers");
      const picture = similarity.locator("svg").first();
      await picture.waitFor();
      const { width } = await picture.boundingBox() ?? { width: 0 };
      await reader.hover(picture, { x: width - 30, y: 30 });
      await reader.answer(picture, /teacher \d\D*student \d\D*[01]\.\d\d/);
    },
  },
  "What would it cost again?": {
    find: (reader) =>
      reader.answer(
        short(reader, "Time and cost"),
        /[\dhms .]+ one after the other; at least [\dhms .]+ in parallel[^]*--force --dry-run/,
      ),
  },
  "Where did the time go?": {
    find: (reader) =>
      reader.answer(
        short(reader, "Time and cost"),
        /Longest: (\S+ \d+\s%,\s){4}/,
      ),
  },
  "Which data was used?": {
    find: (reader) =>
      reader.answer(
        short(reader, "Data"),
        /\S+ \(.+\)[^]*files [0-9a-f]{12}…; pairs: [\d,]+ training, [\d,]+ validation, [\d,]+ test/,
      ),
  },
  "Can I cite and verify it?": {
    find: async (reader) => {
      const verify = await section(reader, "Verify and cite");
      await reader.answer(
        verify,
        /manifest [0-9a-f]{64}[^]*pipeline verify[^]*pipeline reproduce[^]*EMNLP 2020/,
      );
    },
  },
};
