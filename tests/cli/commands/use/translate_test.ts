/** The task `translate`: damaged models, and a broken line of standard input. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { trainSubwords } from "../../../../nmt/text/subwords/subwords.ts";
import { saveModel } from "../../../../nmt/transformer/checkpoint.ts";
import {
  initialWeights,
  parameterShapes,
} from "../../../../nmt/transformer/parameters.ts";
import { Model } from "../../../../schemas/experiment/model.ts";
import { ROOT } from "../../../fixtures/made_run.ts";
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
  saveModel(model, { model: shape, vocabulary: 300, weights });
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
