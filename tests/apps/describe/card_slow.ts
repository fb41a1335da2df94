/** Models of a real run are described as model cards, which the Hugging Face Hub's library reads. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { readManifest } from "../../../engine/store/manifest.ts";
import { objectPath } from "../../fixtures/made_run.ts";
import { runPython, testWithPython } from "../../fixtures/python.ts";
import { CITED, experimentCopy, RESEARCH } from "../../fixtures/trained.ts";

const run = await experimentCopy();

async function cardOf(...nodes: string[]): Promise<string> {
  const { code, out, err } = await run.pipeline(
    "describe",
    ...[...nodes, "--format", "model-card"],
  );
  assertEquals([code, err], [0, ""]);
  return out;
}

Deno.test("a model card tells data, licences, restriction, teacher and scores", async () => {
  const card = await cardOf("student:ckd");
  assertEquals(await cardOf("student:ckd"), card);
  assertMatch(
    card,
    /^---\n[^]*?\n---\n\n# ckd: pt to en\n\n> \*\*For research only/,
  );
  assertStringIncludes(card, `licence: ${RESEARCH}`);
  assertStringIncludes(card, "[MIT](https://spdx.org/licenses/MIT)");
  assertStringIncludes(card, `to be named: ${CITED}`);
  assertMatch(
    card,
    /Distilled from `teacher`, a [^]*encoder \[\[1,2\],\[3,4\]\]/,
  );
  const nodes = readManifest(run.artifacts)?.nodes ?? {};
  const rows = ["teacher", "ckd"].map((name) => {
    const { bleu, chrf } = nodes[`evaluate:${name}`].metrics;
    const [first, second] = [bleu, chrf].map((score) =>
      Number(score).toFixed(1)
    );
    return new RegExp(`^\\| ${name} .* ${first} \\| +${second} \\|`, "m");
  });
  for (const row of rows) assertMatch(card, row);
  assertStringIncludes(card, nodes["student:ckd"].outputs.model.sha256);

  // Its teacher is no repository on the Hub, which the field names.
  assert(!card.includes("base_model"));

  const alone = await cardOf("student:no-kd");
  assertStringIncludes(alone, "on the references alone, without a teacher");
  const teacher = await cardOf("teacher");
  assertMatch(teacher, /# teacher: pt to en/);
  assert(!/Distilled|without a teacher/.test(teacher));
  const best = await cardOf();
  assertMatch(best, /^# (no-kd|rkd|pkd|ckd|start): pt to en$/m);
});

Deno.test("an exported folder has the card that its stage knows; described, the run is told with it", async () => {
  const described = await cardOf("export:ckd");
  for (
    const part of [
      "library_name: transformers.js",
      "> **For research only.**",
      "| int8 |",
      "## Results",
      'InferenceSession("int8/translate.onnx")',
      "| export.ckd/export/fp32/translate.onnx | `",
      "| student.ckd/model.safetensors | `",
    ]
  ) assertStringIncludes(described, part);
  const { folder } = readManifest(run.artifacts)?.nodes["export:ckd"].outputs ??
    {};
  const own = Deno.readTextFileSync(
    `${objectPath(run.artifacts, folder)}.files/README.md`,
  );
  assertMatch(own, /# ckd: pt to en\n\n> \*\*For research only/);
  assertStringIncludes(own, `to be named: ${CITED}`);
  const { out: log } = await run.pipeline("log", "export:ckd");
  assertStringIncludes(log, "For research use only, as its data are");
});

const READ = `
import json, sys
from huggingface_hub import ModelCard

card = ModelCard(json.load(sys.stdin))
data = card.data
print(json.dumps({
    "language": data.language,
    "license": [data.license, data.license_name],
    "datasets": data.datasets,
    "pipeline_tag": data.pipeline_tag,
    "model_name": data.model_name,
    "scores": [[each.task_type, each.metric_type, each.metric_value] for each in data.eval_results],
}))
`;

testWithPython(
  "huggingface_hub",
  "huggingface_hub reads a card's metadata and scores",
  async (python) => {
    const card = await cardOf("student:ckd");
    const metrics = readManifest(run.artifacts)?.nodes["evaluate:ckd"].metrics;
    assertEquals(await runPython(python, READ, card), {
      language: ["pt", "en"],
      license: ["other", "research-only"],
      datasets: ["talks", "notes"],
      pipeline_tag: "translation",
      model_name: "ckd",
      scores: [
        ["translation", "bleu", metrics?.bleu],
        ["translation", "chrf", metrics?.chrf],
      ],
    });
  },
);
