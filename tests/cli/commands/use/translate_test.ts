/** The task `translate`: text, columns, exported models, and what it refuses. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { cpSync } from "node:fs";
import { writeGraphs } from "../../../../nmt/export/folder.ts";
import { trainSubwords } from "../../../../nmt/text/subwords/subwords.ts";
import { saveModel } from "../../../../nmt/transformer/checkpoint.ts";
import {
  initialWeights,
  parameterShapes,
} from "../../../../nmt/transformer/parameters.ts";
import { Model } from "../../../../schemas/experiment/model.ts";
import { loadModel, translate } from "../../../../apps/exported_model.ts";
import { makeExport } from "../../../apps/web/made_export.ts";
import { makeRun, ROOT, temporary } from "../../../fixtures/made_run.ts";
import { assertInputError } from "../../../fixtures/input_error.ts";
import { task } from "../../fixtures/command_line.ts";

const empty = Deno.makeTempDirSync();

const model = `${empty}/model.safetensors`;
const tokenizer = `${empty}/tokenizer.json`;
{
  const shape = Model.parse({
    encoderLayers: 1,
    decoderLayers: 1,
    width: 8,
    feedForward: 8,
    heads: 2,
  });
  const weights = initialWeights(parameterShapes(shape, 300), 1);
  const saved = { model: shape, vocabulary: 300, weights };
  saveModel(model, saved);
  await writeGraphs(`${empty}/exported`, saved, 1);
  makeExport(`${empty}/exported`);
  Deno.writeTextFileSync(`${empty}/half.json`, '{"model": {');
  Deno.writeTextFileSync(`${empty}/nonsense.safetensors`, "no model at all");
  const bytes = Deno.readFileSync(model);
  Deno.writeFileSync(
    `${empty}/cut.safetensors`,
    bytes.subarray(0, bytes.length - 9),
  );
  await trainSubwords(
    Array.from({ length: 200 }, (_, i) => `${i} ${i * i} frases e palavras`),
    300,
    tokenizer,
  );
  Deno.copyFileSync(tokenizer, `${empty}/exported/tokenizer.json`);
}

const translating = (model: string, tokenizer: string) => [
  ...["translate", "--model", `${empty}/${model}`],
  ...["--tokenizer", `${empty}/${tokenizer}`],
];

for (
  const [what, model, tokenizer, part] of [
    ["a truncated model", "cut.safetensors", "tokenizer.json", "cut"],
    ["what is no model", "nonsense.safetensors", "tokenizer.json", "nonsense"],
    ["a truncated tokenizer", "model.safetensors", "half.json", "half.json"],
    ["a missing tokenizer", "model.safetensors", "none.json", "none.json"],
  ]
) {
  Deno.test(`${what} is one sentence and exit code 2`, async () => {
    const { code, out, err } = await task(...translating(model, tokenizer));
    assertEquals({ code, out }, { code: 2, out: "" });
    assertStringIncludes(err, part);
    assertEquals(err.trim().split("\n").length, 1);
  });
}

Deno.test("all lines before a broken one are translated, and it is named from 1", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--allow-all", "cli/tasks.ts"],
      ...translating("model.safetensors", "tokenizer.json"),
    ],
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const encoder = new TextEncoder();
  await writer.write(Uint8Array.of(
    ...encoder.encode("uma frase\n".repeat(3)),
    ...[0x61, 0xff, 0x0a],
    ...encoder.encode("depois\n"),
  ));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  assertEquals(code, 2);
  assertEquals(new TextDecoder().decode(stdout).split("\n").length - 1, 3);
  assertEquals(
    new TextDecoder().decode(stderr),
    "Cannot translate line 4 of standard input: it is not valid UTF-8.\n",
  );
});

const LINES = ["Frases 25. Palavras 36", "7"];

/** The lines that the task prints. */
async function printed(...args: string[]): Promise<string[]> {
  const { code, out, err } = await task(
    ...translating("model.safetensors", "tokenizer.json"),
    ...args,
  );
  assertEquals(code, 0, err);
  return out.trimEnd().split("\n");
}

Deno.test("text is translated, split into sentences if wanted, and its best are in columns", async () => {
  const lines = await printed(...LINES);
  assertEquals(lines.length, 2);
  assertEquals(await printed(LINES.join("\n")), lines);
  const sentences = await printed("Frases 25.", "Palavras 36", "7");
  assertEquals(await printed("--split", ...LINES), [
    `${sentences[0]} ${sentences[1]}`,
    sentences[2],
  ]);
  const scored = (await printed("--scores", ...LINES))
    .map((line) => line.split("\t"));
  assertEquals(scored.map(([, text]) => text), lines);
  const best = (await printed("--n-best", "3", "--scores", ...LINES))
    .map((line) => line.split("\t"));
  assertEquals(best.map(([number]) => number), [..."111222"]);
  for (const [score] of scored) assert(/^-\d+\.\d{4}$/.test(score), score);
  for (const number of ["1", "2"]) {
    const own = best.filter(([line]) => line === number)
      .map(([, score]) => Number(score));
    assertEquals(own, own.toSorted((a, b) => b - a));
  }
});

Deno.test("the folder of an exported model translates as the model file does", async () => {
  const columns = ["--n-best", "3", "--scores", "--beam", "4", ...LINES];
  const { code, out, err } = await task(
    ...["translate", "--model", `${empty}/exported`, ...columns],
  );
  assertEquals(code, 0, err);
  const own = await printed(...columns);
  const text = (line: string) => line.replace(/\t[^\t]*\t/, "\t");
  assertEquals(out.trimEnd().split("\n").map(text), own.map(text));
});

Deno.test("an exported model with a damaged graph is refused by the task and by programs, as is a beam that no search has", async () => {
  using folder = temporary();
  cpSync(`${empty}/exported`, folder.path, { recursive: true });
  const intact = await loadModel(folder.path);
  for (const beam of [0, 1.5, NaN, 1000]) {
    const error = await assertRejects(() => translate(intact, ["7"], { beam }));
    assertInputError(() => {
      throw error;
    }, `expected a beam of 1 to 64, found ${beam}`);
  }
  await intact[Symbol.asyncDispose]();
  const graph = `${folder.path}/fp32/translate.onnx`;
  Deno.truncateSync(graph, 1000);
  const { code, out, err } = await task(
    ...["translate", "--model", folder.path, "7"],
  );
  assertEquals({ code, out }, { code: 2, out: "" });
  assertStringIncludes(err, `Cannot open "${graph}": `);
  assertStringIncludes(err, "export it again");
  const error = await assertRejects(() => loadModel(folder.path));
  assertInputError(() => {
    throw error;
  }, graph);
});

Deno.test("a name that a node and a folder have is the node, and ./NAME the folder", async () => {
  using folder = temporary();
  const artifacts = `${folder.path}/artifacts`;
  makeRun(artifacts);
  cpSync(`${empty}/exported`, `${folder.path}/rkd`, { recursive: true });
  const translated = async (name: string) => {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", "--allow-all", `${ROOT}/cli/tasks.ts`],
        ...["translate", "--artifacts", artifacts, "--model", name, "7"],
      ],
      cwd: folder.path,
    }).output();
    return { code, err: new TextDecoder().decode(stderr) };
  };
  assertEquals(await translated("./rkd"), { code: 0, err: "" });
  // What the run has as its model is none.
  const { code, err } = await translated("rkd");
  assertEquals(code, 2);
  assertStringIncludes(err, `the model "${artifacts}/objects/`);
});

for (
  const [args, part] of [
    [["--split", "--scores"], "Cannot use --scores with --split"],
    [["--split", "--n-best", "2"], "Cannot use --n-best with --split"],
    [["--n-best", "6"], "give --beam 6"],
    [["--n-best", "99999999999"], "expected a beam of 1 to 64, found 9999"],
    [["--n-best", "0"], "whole number from 1"],
    [["--beam", "65"], "expected a beam of 1 to 64, found 65"],
    [["--length-penalty", "2"], "Cannot use --length-penalty with"],
    [["--tokenizer", tokenizer], "Cannot use --tokenizer with"],
    [["--no-shortlist"], "Cannot use --no-shortlist with"],
    [["--runtime", "reference"], "Cannot use --runtime or --provider with"],
    [[tokenizer], "as text: it is a file"],
  ] as const
) {
  Deno.test(`of an exported model, ${args.join(" ").replace(empty, "")} is refused in one sentence`, async () => {
    const { code, out, err } = await task(
      ...["translate", "--model", `${empty}/exported`, ...args, "uma frase"],
    );
    assertEquals({ code, out }, { code: 2, out: "" });
    assertStringIncludes(err, part);
    assertEquals(err.trim().split("\n").length, 1);
  });
}
