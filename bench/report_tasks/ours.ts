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
    find: async (reader) => {
      const results = await section(reader, "Results");
      await reader.answer(
        results.locator('td[data-title^="int8 BLEU"]').last(),
        /[\d.]+ \([+−]?[\d.]+\)/,
      );
    },
  },
  "What changed since the earlier run?": {
    find: async (reader) => {
      const against = await section(reader, "Before and now");
      const change = against.locator("details", { hasText: "student:" })
        .first();
      await reader.click(change.locator("summary"));
      await reader.answer(change, /config\.distillation\.\S+ \S+ -> \S+/);
    },
  },
  "Where did training go wrong?": {
    find: async (reader) => {
      const curves = await section(reader, "Learning curves");
      await reader.click(curves.getByLabel("training loss"));
      await reader.answer(
        curves.locator("svg[role=img]"),
        /training loss from the first validation to the last: \S+ [\d.]+ to/,
      );
      await reader.answer(
        curves.locator('td[data-title="remark"]').last(),
        /went wrong after step|levelled out|still learning/,
      );
    },
  },
  "What did it get wrong, and how?": {
    find: async (reader) => {
      const sentences = await section(reader, "Sentences");
      const first = sentences.locator("li").first();
      await reader.answer(first, /line \d+ [^]*reference[^]*chrF \d/);
      const list = sentences.locator('[name="remark"]');
      await reader.choose(list, "other words");
      await reader.answer(first, /chrF \d+, other words/);
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
    find: async (reader) => {
      const cost = await section(reader, "Time and cost");
      await reader.answer(
        cost.locator("dl").first(),
        /all nodes, one after the other\s+[\dhms .]+\s+the longest chain of nodes/,
      );
      await reader.answer(
        cost.locator("p", { hasText: "--dry-run" }).first(),
        /--force --dry-run/,
      );
    },
  },
  "Where did the time go?": {
    find: async (reader) => {
      const cost = await section(reader, "Time and cost");
      await reader.answer(
        cost.locator("svg[role=img]"),
        /The nodes that took longest: \S+ \d+ %/,
      );
    },
  },
  "Which data was used?": {
    find: async (reader) => {
      const data = await section(reader, "Data");
      await reader.answer(data, /\S+: [^]*Files: [0-9a-f]{64}[^]*training/);
    },
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
