/** Logs a run to an MLflow server by its REST API; the tasks in its pages, from the runs of the experiment on. */
import { z } from "zod";
import type { Logged, LoggedModel } from "./logged.ts";
import type { Reader } from "./reader.ts";
import type { Answers } from "./tasks.ts";

/** Of the three views of the runs, the one with a chart for each metric. */
const charts = (reader: Reader) =>
  reader.click(reader.page.locator("label:has(input[value=CHART])").first());

/** The chart of a metric in its section, which is drawn when it is on the screen. */
async function chart(
  reader: Reader,
  section: string,
  metric: string,
): Promise<void> {
  const shown = (text: string) =>
    reader.page.getByText(text, { exact: true }).locator("visible=true")
      .first();
  await reader.seeIn(shown(section), shown(metric));
  await reader.answer(shown(metric), new RegExp(metric));
}

const row = (reader: Reader, name: string) =>
  reader.page.locator(".ag-row", {
    has: reader.page.getByText(name, { exact: true }),
  });

/** How long a training took, which stands in its row. */
async function duration(reader: Reader, name: string): Promise<void> {
  await row(reader, name).first().waitFor();
  await reader.answer(
    reader.page.locator('.ag-row [col-id*="duration" i]').first(),
    /[\d.]+ ?(ms|s|min|h)/,
  );
}

/** `best` is the model whose translations are read, `changed` one of another parameter than before. */
export const mlflowAnswers = (best: string, changed: string): Answers => ({
  "Which system is best, and is that sure?": {
    lacks: "no test of a difference",
    find: async (reader) => {
      await charts(reader);
      await chart(reader, "test", "test/bleu");
      await chart(reader, "test", "test/bleu_low");
    },
  },
  "Is int8 as good as fp32?": {
    find: async (reader) => {
      await charts(reader);
      await chart(reader, "test", "test/bleu_int8");
    },
  },
  "What changed since the earlier run?": {
    find: async (reader) => {
      for (const name of [changed, `${changed} before`]) {
        await reader.click(
          row(reader, name).locator("input.ag-checkbox-input").first(),
        );
      }
      await reader.click(reader.page.getByRole("button", { name: "Compare" }));
      await reader.answer(
        reader.page.getByText("distillation.alpha", { exact: true }).last(),
        /alpha/,
      );
    },
  },
  "Where did training go wrong?": {
    lacks: "curves without a remark",
    find: async (reader) => {
      await charts(reader);
      await chart(reader, "training", "training/loss");
      await chart(reader, "validation", "validation/nll");
    },
  },
  "What did it get wrong, and how?": {
    lacks: "no kinds of faults, no search",
    find: async (reader) => {
      const { page } = reader;
      await reader.click(row(reader, best).getByText(best, { exact: true }));
      await reader.click(page.getByRole("tab", { name: "Artifacts" }));
      await reader.click(page.getByText("translations.json").first());
      await reader.answer(
        page.getByText("reference", { exact: true }).first(),
        /reference/,
      );
    },
  },
  "Which layer learnt what?": { no: "no similarity of layers" },
  "What would it cost again?": {
    lacks: "no sum, no estimate",
    find: (reader) => duration(reader, best),
  },
  "Where did the time go?": {
    lacks: "of trainings alone",
    find: (reader) => duration(reader, best),
  },
  "Which data was used?": {
    lacks: "no licence, no sizes",
    find: async (reader) => {
      await row(reader, best).first().waitFor();
      await reader.answer(
        reader.page.getByTestId("open-dataset-drawer").first(),
        /\([0-9a-f]{20,}\)/,
      );
    },
  },
  "Can I cite and verify it?": { no: "no citation, no hashes" },
});

const Created = z.object({ experiment_id: z.string() });
const Run = z.object({
  run: z.object({ info: z.object({ run_id: z.string() }) }),
});

/** Returns the id of the experiment that it makes on a server. */
export async function logToMlflow(
  server: string,
  { experiment, models, earlier, data }: Logged,
): Promise<string> {
  const post = (path: string, body: unknown) =>
    answered(`${server}/api/2.0/mlflow/${path}`, "POST", body);
  const { experiment_id } = Created.parse(
    await post("experiments/create", { name: experiment }),
  );
  const log = async (model: LoggedModel) => {
    const { run: { info: { run_id } } } = Run.parse(
      await post("runs/create", {
        experiment_id,
        run_name: model.name,
        start_time: model.began,
      }),
    );
    const pairs = (fields: Readonly<Record<string, string>>) =>
      Object.entries(fields).map(([key, value]) => ({ key, value }));
    const last = Math.max(0, ...model.values.map(({ step }) => step));
    const table = "translations.json";
    const tags: Record<string, string> = {};
    if (model.sentences.length > 0) {
      tags["mlflow.loggedArtifacts"] = JSON.stringify([{
        path: table,
        type: "table",
      }]);
    }
    await post("runs/log-batch", {
      run_id,
      params: pairs(model.params),
      metrics: [
        ...model.values.map(({ step, tag, value }) => ({
          ...{ key: tag, value, step },
          // Evenly over the training, as the report has it.
          timestamp: Math.round(
            model.began + (model.ended - model.began) * step / last,
          ),
        })),
        ...Object.entries(model.scores).map(([key, value]) => ({
          ...{ key, value, step: 0, timestamp: model.ended },
        })),
      ],
      tags: pairs(tags),
    });
    await post("runs/log-inputs", {
      run_id,
      datasets: data.map(({ name, digest }) => ({
        tags: pairs({ "mlflow.data.context": "training" }),
        dataset: {
          ...{ name, digest, source_type: "local" },
          source: JSON.stringify({ uri: name }),
        },
      })),
    });
    if (model.sentences.length > 0) {
      const path = `${experiment_id}/${run_id}/artifacts/${table}`;
      await answered(
        `${server}/api/2.0/mlflow-artifacts/artifacts/${path}`,
        "PUT",
        {
          columns: ["line", "source", "reference", "translation", "chrf"],
          data: model.sentences.map((
            { line, source, reference, translation, chrf },
          ) => [line, source, reference, translation, chrf]),
        },
      );
    }
    await post("runs/update", {
      ...{ run_id, status: "FINISHED", end_time: model.ended },
    });
  };
  for (const model of [...earlier, ...models]) await log(model);
  return experiment_id;
}

async function answered(
  url: string,
  method: string,
  body: unknown,
): Promise<unknown> {
  const response = await fetch(url, {
    method,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: ${response.status} ${text}`);
  return JSON.parse(text === "" ? "{}" : text);
}
