/** The commands beside the pipeline: their arguments and what they say of bad ones. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { saveModel } from "../../nmt/transformer/checkpoint.ts";
import {
  initialWeights,
  parameterShapes,
} from "../../nmt/transformer/parameters.ts";
import { Model } from "../../schemas/experiment/model.ts";
import { trainSubwords } from "../../nmt/text/subwords/subwords.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));

async function tool(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", `${ROOT}/cli.ts`, ...args],
    stdin: "null",
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: decode(stdout), err: decode(stderr) };
}

const empty = Deno.makeTempDirSync();

const BAD: readonly (readonly [string, readonly string[], string])[] = [
  ["an unknown command", ["translat"], 'did you mean "translate"'],
  ["no command", [], "expected translate or score"],
  [
    "translating without a run",
    ["translate", "--artifacts", empty],
    "deno task pipeline",
  ],
  [
    "an unknown model",
    ["translate", "--artifacts", empty, "--model", "best"],
    'Cannot find model "best"',
  ],
  ["a beam of zero", ["translate", "--beam", "0"], "a whole number from 1"],
  ["scoring without a reference", ["score", "a.txt"], "references"],
  [
    "an unknown metric",
    ["score", "a", "b", "--metric", "blue"],
    'did you mean "bleu"',
  ],
];

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
  "translate",
  "--model",
  `${empty}/${model}`,
  "--tokenizer",
  `${empty}/${tokenizer}`,
];

const DAMAGED: readonly (readonly [string, readonly string[], string])[] = [
  [
    "a truncated model",
    translating("cut.safetensors", "tokenizer.json"),
    "cut.safetensors",
  ],
  [
    "a file that is no model",
    translating("nonsense.safetensors", "tokenizer.json"),
    "nonsense.safetensors",
  ],
  [
    "a truncated tokenizer",
    translating("model.safetensors", "half.json"),
    "half.json",
  ],
  [
    "a missing tokenizer",
    translating("model.safetensors", "none.json"),
    "none.json",
  ],
];

for (const [what, args, part] of [...BAD, ...DAMAGED]) {
  Deno.test(`${what} is one sentence and exit code 2`, async () => {
    const { code, out, err } = await tool(...args);
    assertEquals({ code, out }, { code: 2, out: "" });
    assertStringIncludes(err, part);
    assertEquals(err.trim().split("\n").length, 1);
  });
}

Deno.test("translate answers all lines before a broken one, and names that from 1", async () => {
  const translate = async (input: Uint8Array<ArrayBuffer>) => {
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", "--allow-all", `${ROOT}/cli.ts`],
        ...translating("model.safetensors", "tokenizer.json"),
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(input);
    await writer.close();
    const { code, stdout, stderr } = await child.output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, out: decode(stdout), err: decode(stderr) };
  };
  for (const before of [0, 1, 3]) {
    const { code, out, err } = await translate(
      Uint8Array.of(
        ...new TextEncoder().encode("uma frase\n".repeat(before)),
        ...[0x61, 0xff, 0x0a],
        ...new TextEncoder().encode("depois\n"),
      ),
    );
    assertEquals(code, 2);
    assertEquals(out.split("\n").length - 1, before);
    assertEquals(
      err,
      `Cannot translate line ${
        before + 1
      } of standard input: it is not valid UTF-8.\n`,
    );
  }
});

Deno.test("score gives BLEU and chrF of equal files as 100, as text and as JSON", async () => {
  const file = Deno.makeTempFileSync();
  Deno.writeTextFileSync(file, "the cat sat on the mat\nand it was good\n");
  const { code, out } = await tool("score", file, file, "--json");
  assertEquals(code, 0);
  const { bleu, chrf } = JSON.parse(out);
  assert(Math.abs(bleu.score - 100) < 1e-9);
  assertEquals(chrf.score, 100);
  assertStringIncludes((await tool("score", file, file)).out, "100");
  Deno.removeSync(file);
});
