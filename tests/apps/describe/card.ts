/** Checks of models as model cards. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path";
import { readManifest } from "../../../engine/store/manifest.ts";
import { runPython } from "../../fixtures/python.ts";
import { CITED, RESEARCH, type Trained } from "../../fixtures/trained.ts";

async function cardOf(run: Trained, ...nodes: string[]): Promise<string> {
  const { code, out, err } = await run.pipeline(
    "describe",
    ...[...nodes, "--format", "model-card"],
  );
  assertEquals([code, err], [0, ""]);
  return out;
}

export async function checkCard(run: Trained): Promise<void> {
  const card = await cardOf(run, "student:ckd");
  assertEquals(await cardOf(run, "student:ckd"), card);
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

  const alone = await cardOf(run, "student:no-kd");
  assertStringIncludes(alone, "on the references alone, without a teacher");
  assert(!alone.includes("base_model"));
  const teacher = await cardOf(run, "teacher");
  assertMatch(teacher, /# teacher: pt to en/);
  assert(!/Distilled|without a teacher/.test(teacher));
  await checkExport(run);
  const best = await cardOf(run);
  assertMatch(best, /^# (no-kd|rkd|pkd|ckd|start): pt to en$/m);
}

/** The folder has what its stage knows; described, the run is told with it. */
async function checkExport(run: Trained): Promise<void> {
  const described = await cardOf(run, "export:ckd");
  for (
    const part of [
      "library_name: onnx",
      "> **For research only.**",
      "| int8 |",
      "## Results",
      'InferenceSession("int8/translate.onnx")',
      "| export.ckd/export/fp32/translate.onnx | `",
      "| student.ckd/model.safetensors | `",
    ]
  ) assertStringIncludes(described, part);
  const { out } = await run.pipeline(
    "run",
    ...["export:ckd", "--json"],
  );
  const { nodes } = JSON.parse(out);
  const { outputs: { folder: { sha256 } } } = nodes.find((
    { name }: { readonly name: string },
  ) => name === "export:ckd");
  const own = Deno.readTextFileSync(
    join(
      run.artifacts,
      ...["objects", sha256.slice(0, 2), `${sha256.slice(2)}.files`],
      "README.md",
    ),
  );
  assertMatch(own, /# ckd: pt to en\n\n> \*\*For research only/);
  assertStringIncludes(own, `to be named: ${CITED}`);
  const { out: log } = await run.pipeline("log", "export:ckd");
  assertStringIncludes(log, "For research use only, as its data are");
}

const READ = `
import json, sys
from huggingface_hub import ModelCard

card = ModelCard(json.load(sys.stdin))
data = card.data
print(json.dumps({
    "language": data.language,
    "license": [data.license, data.license_name],
    "datasets": data.datasets,
    "base_model": data.base_model,
    "pipeline_tag": data.pipeline_tag,
    "model_name": data.model_name,
    "scores": [[each.task_type, each.metric_type, each.metric_value] for each in data.eval_results],
}))
`;

export async function readCard(run: Trained, python: string): Promise<void> {
  const card = await cardOf(run, "student:ckd");
  const metrics = readManifest(run.artifacts)?.nodes["evaluate:ckd"].metrics;
  assertEquals(await runPython(python, READ, card), {
    language: ["pt", "en"],
    license: ["other", "research-only"],
    datasets: ["talks", "notes"],
    base_model: "phrases-pt-en/teacher",
    pipeline_tag: "translation",
    model_name: "ckd",
    scores: [
      ["translation", "bleu", metrics?.bleu],
      ["translation", "chrf", metrics?.chrf],
    ],
  });
}
