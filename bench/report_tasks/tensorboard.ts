/** The tasks in TensorBoard. */
import type { Reader } from "./reader.ts";
import type { Answers } from "./tasks.ts";

/** Goes to a tab by its title. */
const tab = (reader: Reader, title: string) =>
  reader.click(
    reader.page.locator('[role="tab"]', { hasText: new RegExp(title, "i") })
      .first(),
  );

/** The table of parameters and scores, whose column has a value. */
async function column(reader: Reader, name: string): Promise<void> {
  await tab(reader, "HParams");
  const table = reader.page.locator("tf-hparams-table-view");
  await table.locator("vaadin-grid-cell-content", { hasText: /@\d/ }).first()
    .waitFor();
  const head = table.locator("vaadin-grid-cell-content", {
    hasText: new RegExp(`^\\s*${name}\\s*$`),
  }).first();
  if (await head.count() === 0) {
    // Five scores are shown; another is ticked in the list on the left.
    await reader.click(
      reader.page.locator("tf-hparams-query-pane paper-checkbox", {
        hasText: new RegExp(`^\\s*${name}\\s*$`),
      }),
    );
  }
  await reader.answer(head, new RegExp(name));
}

/** `best` is the model whose translations are read. */
export const tensorboardAnswers = (best: string): Answers => ({
  "Which system is best, and is that sure?": {
    lacks: "no test of a difference",
    find: async (reader) => {
      await column(reader, "test/bleu");
      await reader.answer(
        reader.page.locator("vaadin-grid-cell-content", {
          hasText: /^\s*test\/bleu_low\s*$/,
        }).first(),
        /low/,
      );
    },
  },
  "Is int8 as good as fp32?": {
    find: (reader) => column(reader, "test/bleu_int8"),
  },
  "What changed since the earlier run?": {
    lacks: "no difference is marked",
    find: (reader) => column(reader, "distillation.alpha"),
  },
  "Where did training go wrong?": {
    lacks: "curves without a remark",
    find: async (reader) => {
      const { page } = reader;
      // Sections after the second are closed.
      await reader.type(
        page.locator("metrics-tag-filter-component input"),
        "loss|nll",
      );
      for (const tag of ["training/loss", "validation/nll"]) {
        await reader.answer(
          page.locator("card-view", { hasText: tag }).first(),
          new RegExp(tag.replace("/", "\\s*/")),
        );
      }
    },
  },
  "What did it get wrong, and how?": {
    lacks: "no kinds of faults, no search",
    find: async (reader) => {
      await tab(reader, "Text");
      // The circle beside a run shows it alone.
      await reader.click(
        reader.page.locator("tf-multi-checkbox .name-row", {
          has: reader.page.getByText(best, { exact: true }),
        }).locator(".isolator-container"),
      );
      await reader.answer(
        reader.page.locator("tf-text-loader", { hasText: best }).first()
          .locator("th", { hasText: "translation" }),
        /translation/,
      );
    },
  },
  "Which layer learnt what?": { no: "no similarity of layers" },
  "What would it cost again?": {
    lacks: "no sum, no estimate",
    find: (reader) => column(reader, "time/training_seconds"),
  },
  "Where did the time go?": {
    lacks: "of trainings alone",
    find: (reader) => column(reader, "time/training_seconds"),
  },
  "Which data was used?": {
    lacks: "no licence",
    find: (reader) => column(reader, "data"),
  },
  "Can I cite and verify it?": { no: "no citation, no hashes" },
});
