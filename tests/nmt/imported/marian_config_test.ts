/** Tests of Marian's configuration: what is supported becomes a model, anything else is named. */
import { assertEquals } from "@std/assert";
import { readMarianConfig } from "../../../nmt/imported/marian_config.ts";
import { assertInputError } from "../../fixtures/input_error.ts";
import { MARIAN_SETTINGS } from "./made_marian.ts";

const WHAT = `the model "m.npz"`;

function read(settings: Readonly<Record<string, unknown>> = {}) {
  return readMarianConfig(
    `${JSON.stringify({ ...MARIAN_SETTINGS, ...settings })}\0`,
    WHAT,
  );
}

Deno.test("the settings of a Bergamot student become a model", () => {
  assertEquals(read(), {
    vocabularies: [5, 5],
    model: {
      encoderLayers: 1,
      decoderLayers: 1,
      width: 4,
      feedForward: 6,
      heads: 2,
      dropout: 0,
      norm: "post",
      normEpsilon: 1e-6,
      activation: "relu",
      feedForwardDepth: 2,
      autoregression: "ssru",
      tiedEmbeddings: "all",
      positions: "tensor2tensor",
      scaleEmbedding: true,
      outputBias: true,
    },
  });
});

for (
  const [name, settings, expected] of [
    ["self-attention", { "transformer-decoder-autoreg": "self-attention" }, {
      autoregression: "self-attention",
    }],
    ["swish", { "transformer-ffn-activation": "swish" }, {
      activation: "swish",
    }],
    ["feed-forward blocks of three maps", {
      "transformer-ffn-depth": 3,
      "transformer-decoder-ffn-depth": 3,
    }, { feedForwardDepth: 3 }],
    ["pre-norm", {
      "transformer-preprocess": "n",
      "transformer-postprocess": "da",
      "transformer-postprocess-top": "n",
      version: "v1.12.1 abc",
    }, { norm: "pre" }],
    ["untied embeddings", { "tied-embeddings-all": false }, {
      tiedEmbeddings: "none",
    }],
    ["tied inputs", {
      "tied-embeddings-all": false,
      "tied-embeddings-src": true,
    }, { tiedEmbeddings: "input" }],
    [
      "a tied output",
      { "tied-embeddings-all": false, "tied-embeddings": true },
      { tiedEmbeddings: "output" },
    ],
  ] as const
) {
  Deno.test(`${name} is read from the settings`, () => {
    const { model } = read();
    assertEquals(
      Object.entries({ ...model, ...expected }),
      Object.entries(read(settings).model),
    );
  });
}

for (
  const [setting, value, expected = "which is not supported"] of [
    ["type", "s2s"],
    ["type", "amun"],
    ["dec-cell", "gru"],
    ["transformer-decoder-autoreg", "average-attention", "rnn"],
    ["transformer-ffn-activation", "gelu", "swish"],
    ["transformer-preprocess", "n"],
    ["transformer-postprocess-emb", "nd"],
    ["transformer-train-position-embeddings", true],
    ["transformer-tied-layers", [1, 1]],
    ["transformer-no-projection", true],
    ["transformer-no-affine", true],
    ["transformer-rnn-projection", true],
    ["transformer-decoder-dim-ffn", 12],
    ["transformer-decoder-ffn-depth", 1],
    ["transformer-alibi-shift", true],
    ["lemma-dim-emb", 8],
    ["factors-dim-emb", 8],
    ["input-types", ["class", "sequence"]],
    ["right-left", true],
    ["dim-vocabs", [5], "dim-vocabs"],
    ["transformer-heads", 3, "heads"],
  ] as const
) {
  Deno.test(`the setting ${setting}: ${value} is refused by its name`, () => {
    assertInputError(
      () => read({ [setting]: value }),
      setting === "transformer-heads" ? "heads" : setting,
      expected,
    );
  });
}

Deno.test("a pre-norm model of a Marian that gave attention other keys is refused", () => {
  assertInputError(
    () =>
      read({
        "transformer-preprocess": "n",
        "transformer-postprocess": "da",
        "transformer-postprocess-top": "n",
        version: "v1.9.56 94aeaa46",
      }),
    `"version"`,
    "v1.9.56",
  );
});

Deno.test("text that is no YAML is refused", () => {
  assertInputError(() => readMarianConfig("a: [", WHAT), "expected YAML");
  assertInputError(() => readMarianConfig("", WHAT), WHAT);
});

/** Lists of nine references each to the list before: 9 to the power of `depth` values, all in a few lines. */
function bomb(depth: number): string {
  return Array.from(
    { length: depth },
    (_, i) =>
      `a${i}: &a${i} [${
        new Array(9).fill(i === 0 ? "x" : `*a${i - 1}`).join()
      }]`,
  ).join("\n");
}

for (
  const [name, text, part] of [
    ["refers to itself", "input-types: &a [*a]", "a reference"],
    [
      "has a group that refers to itself",
      "dim-emb: &a { a: *a }",
      "a reference",
    ],
    ["multiplies", `${bomb(9)}\ninput-types: *a8`, "a reference"],
    ["multiplies once", "a: &a [x]\ndim-emb: *a", "a reference"],
    ["nests", `dim-emb: ${"[".repeat(99)}${"]".repeat(99)}`, "deep nesting"],
    ["nests without end", `dim-emb: ${"[".repeat(99_999)}`, "expected YAML"],
    ["is a list", "- a", "expected"],
  ] as const
) {
  Deno.test(`a configuration that ${name} is refused in one sentence`, () => {
    assertInputError(() => readMarianConfig(text, WHAT), WHAT, part);
  });
}

for (
  const [value, found] of [
    [{ a: 1 }, "found a group of settings,"],
    [[["x"]], "found a list of 1,"],
    [new Array(9).fill(1), "found a list of 9,"],
    [["a", 1, null], "found a list of 3,"],
    [["a", 1], `found ["a",1],`],
    ["x".repeat(1e6), `found "${"x".repeat(56)}...,`],
    [0, "found 0,"],
    [false, "found false,"],
  ] as const
) {
  Deno.test(`what a setting is instead is shown: ${found}`, () => {
    assertInputError(
      () => read({ "input-types": value }),
      `expected "input-types" to be [], ${found}`,
    );
  });
}
