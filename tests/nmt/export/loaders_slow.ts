/** An exported student in the libraries that its users have: optimum in Python, transformers.js in Node. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import { tmpdir } from "node:os";
import { EXPORT_PRECISIONS } from "../../../schemas/exported_model.ts";
import { loadModel } from "../../../nmt/transformer/checkpoint.ts";
import { createTranslator } from "../../../nmt/decoding/beam_search.ts";
import { translateLines } from "../../../nmt/decoding/translate.ts";
import { scoreTranslations } from "../../../nmt/metrics/score.ts";
import { Evaluation } from "../../../schemas/experiment/evaluation.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { loadSubwords } from "../../../nmt/text/subwords/subwords.ts";
import { statIfThere } from "../../../base/stat.ts";
import { readManifest } from "../../../engine/store/manifest.ts";
import { pipeline, ROOT } from "../../fixtures/command.ts";
import { objectPath } from "../../fixtures/made_run.ts";
import { findPython, runPython, runWithJson } from "../../fixtures/python.ts";
import { PARTS, trainedStudent } from "../../fixtures/trained.ts";

const TRANSFORMERS_JS = "@huggingface/transformers@4.3.2";
/** None of them trained on. */
const PAIRS = [...PARTS.test, ...PARTS.validation, ...PARTS.notes].slice(
  0,
  100,
);
const LINES = PAIRS.map(([source]) => source);
const BATCH = 20;
const BEAMS = [1, 5];
const PRECISIONS = { fp32: "float32", int8: "int8" } as const;

/**
 * How many of 100 translations may be others. Greedy search is the same everywhere; the libraries' beams do not narrow
 * where hypotheses end. In int8 a sum in another order can put a number on the other side of a border between two levels.
 */
const MOST_OTHERS = (precision: "fp32" | "int8", beam: number) =>
  (precision === "fp32" ? 0 : 2) + (beam === 1 ? 0 : 2);
const MOST_BLEU = 0.5;

const optimum = findPython("optimum.onnxruntime, transformers", {
  variable: "TEST_OPTIMUM_PYTHON",
  requirements: "tests/requirements-optimum.txt",
});

Deno.test("the folder that get writes translates 100 lines in optimum and transformers.js as the project does", async (t) => {
  const run = await trainedStudent();
  const work = await Deno.makeTempDir({ prefix: "loaders-" });
  const folder = join(work, "model");
  const got = await pipeline(
    ...["get", "export:no-kd", "--out", folder],
    ...["--artifacts", run.artifacts],
  );
  assertEquals(got.code, 0, got.err);
  const nodes = readManifest(run.artifacts)?.nodes ?? {};
  const { model } = nodes["student:no-kd"].outputs;
  const expected = await translations(
    folder,
    objectPath(run.artifacts, model),
  );
  try {
    await t.step({
      name: `in optimum, greedy and with a beam${optimum.missing ?? ""}`,
      ignore: optimum.missing !== undefined,
      fn: async () => {
        const precisions = EXPORT_PRECISIONS.map((precision) => ({
          // A scale of int8 covers a batch.
          batch: precision === "fp32" ? BATCH : 1,
          suffix: precision === "fp32" ? "" : "_quantized",
        }));
        const found = await runPython(optimum.python, OPTIMUM, {
          ...{ folder, lines: LINES, beams: BEAMS, precisions },
        }) as OptimumFound;
        assertEquals(found.ids, { eos: 2, pad: 0, begin: 1, longest: 1024 });
        assertEquals(found.special, ["</s>", "a"]);
        for (const [p, precision] of EXPORT_PRECISIONS.entries()) {
          for (const [i, beam] of BEAMS.entries()) {
            assertAlike(
              found.translations[p][i],
              expected[precision][i],
              MOST_OTHERS(precision, beam),
            );
          }
        }
      },
    });
    await t.step("in transformers.js, greedy", async () => {
      const library = await transformersJs();
      const script = join(ROOT, "tests/nmt/export/transformers_js.mjs");
      for (const precision of EXPORT_PRECISIONS) {
        const size = precision === "fp32" ? BATCH : 1;
        const batches = Array.from(
          { length: LINES.length / size },
          (_, i) => LINES.slice(i * size, (i + 1) * size),
        );
        const dtype = precision === "fp32" ? "fp32" : "q8";
        const input = { library, folder, dtype, batches };
        assertAlike(
          await runWithJson("node", [script], input),
          expected[precision][0],
          MOST_OTHERS(precision, 1),
        );
      }
    });
  } finally {
    await Deno.remove(work, { recursive: true });
  }
});

interface OptimumFound {
  readonly ids: Readonly<Record<string, number>>;
  /** What "</s>" encodes to and back, and "a" with padding. */
  readonly special: readonly string[];
  /** For each precision and beam. */
  readonly translations: readonly (readonly (readonly string[])[])[];
}

/** What the project finds, for each beam, a line at a time. */
async function translations(
  folder: string,
  model: string,
): Promise<Record<"fp32" | "int8", string[][]>> {
  const subwords = await loadSubwords(join(folder, "tokenizer.json"));
  const saved = loadModel(model, "the student");
  const runtime = await loadRuntime();
  const found: Record<"fp32" | "int8", string[][]> = { fp32: [], int8: [] };
  for (const precision of EXPORT_PRECISIONS) {
    const translator = await createTranslator(runtime, saved, {
      precision: PRECISIONS[precision],
    });
    for (const beam of BEAMS) {
      const texts: string[] = [];
      for (const line of LINES) {
        const options = { beam, lengthPenalty: 1 };
        texts.push(
          ...await translateLines(translator, subwords, [line], options),
        );
      }
      found[precision].push(texts);
    }
    await translator.dispose();
  }
  return found;
}

/** Fails where more than `most` are others, or where BLEU is. */
function assertAlike(
  found: unknown,
  expected: readonly string[],
  most: number,
): void {
  assert(Array.isArray(found));
  assertEquals(found.length, expected.length);
  assert(new Set(expected).size > expected.length / 4);
  const others = expected.keys().filter((i) => found[i] !== expected[i])
    .toArray();
  const first = JSON.stringify([found[others[0]], expected[others[0]]]);
  assert(others.length <= most, `${others.length} are others, first ${first}`);
  const references = PAIRS.map(([, target]) => target);
  const [own, theirs] = [expected, found].map((lines) =>
    scoreTranslations(Evaluation.parse({}), lines, references).bleu
  );
  assertAlmostEquals(theirs, own, MOST_BLEU);
}

/** The library's file, installed once: it is no dependency of the project. */
async function transformersJs(): Promise<string> {
  const project = join(tmpdir(), "ckd-transformers-js", TRANSFORMERS_JS);
  const file = join(
    project,
    "node_modules/@huggingface/transformers/dist/transformers.node.mjs",
  );
  if (statIfThere(file) === undefined) {
    Deno.mkdirSync(project, { recursive: true });
    Deno.writeTextFileSync(join(project, "package.json"), "{}");
    const { success, stderr } = await new Deno.Command("npm", {
      // Scripts would download the libraries of graphics cards.
      args: ["install", "--ignore-scripts", "--no-audit", TRANSFORMERS_JS],
      cwd: project,
    }).output();
    assert(success, new TextDecoder().decode(stderr));
  }
  return toFileUrl(file).href;
}

const OPTIMUM = `
import json, sys
import onnxruntime
from optimum.onnxruntime import ORTModelForSeq2SeqLM
from transformers import AutoConfig, AutoTokenizer
job = json.load(sys.stdin)
folder, lines = job["folder"], job["lines"]
config = AutoConfig.from_pretrained(folder)
tokenizer = AutoTokenizer.from_pretrained(folder)
decode = lambda ids: tokenizer.batch_decode(ids, skip_special_tokens=True)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
def translated(suffix, batch):
    decoder = "decoder_model_merged" + suffix + ".onnx"
    names = {
        "encoder_file_name": "encoder_model" + suffix + ".onnx",
        "decoder_file_name": decoder,
        "decoder_with_past_file_name": decoder,
    } if suffix else {}
    model = ORTModelForSeq2SeqLM.from_pretrained(folder, session_options=options, **names)
    found = []
    for beam in job["beams"]:
        texts = []
        for i in range(0, len(lines), batch):
            inputs = tokenizer(lines[i:i + batch], return_tensors="pt", padding=True)
            texts += decode(model.generate(**inputs, num_beams=beam))
        found.append(texts)
    return model.generation_config, found
made = [translated(**precision) for precision in job["precisions"]]
print(json.dumps({
    "ids": {
        "eos": config.eos_token_id,
        "pad": tokenizer.pad_token_id,
        "begin": made[0][0].decoder_start_token_id,
        "longest": tokenizer.model_max_length,
    },
    "special": decode(tokenizer(["</s>", "a"], padding=True).input_ids),
    "translations": [found for _, found in made],
}))
`;
