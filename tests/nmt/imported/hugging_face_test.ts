/** Tests of models of Hugging Face: weights by name and value, and what is not supported is named. */
import { assertEquals } from "@std/assert";
import { dirname } from "@std/path";
import { modelFiles } from "../../../nmt/imported/files.ts";
import { checkFolder, importModel } from "../../../nmt/imported/import.ts";
import {
  type StoredTensor,
  writeSafetensors,
} from "../../../nmt/tensor/safetensors.ts";
import { assertInputError } from "../../fixtures/input_error.ts";
import { counting, type MadePiece, SPECIALS, spm, withFiles } from "./made.ts";
import { HUGGING_FACE_CONFIG, huggingFaceArrays } from "./made_marian.ts";

const PIECES: readonly MadePiece[] = [
  ...SPECIALS,
  ["▁", -1],
  ["a", -2],
  ["b", -3],
];
const VOCABULARY = { "</s>": 0, "<unk>": 1, "▁": 2, a: 3, b: 4, "<pad>": 5 };

/** Runs a test with a model's folder. */
function withModel(
  { config = {}, arrays = {}, vocabulary = VOCABULARY }: {
    config?: Readonly<Record<string, unknown>>;
    arrays?: Readonly<Record<string, StoredTensor | undefined>>;
    vocabulary?: Readonly<Record<string, number>>;
  },
  test: (paths: string[]) => void,
): Promise<void> {
  return withFiles({
    "config.json": JSON.stringify({ ...HUGGING_FACE_CONFIG, ...config }),
    "vocab.json": JSON.stringify(vocabulary),
    "source.spm": spm(PIECES),
    "target.spm": spm(PIECES),
  }, (paths, folder) => {
    const path = `${folder}/model.safetensors`;
    const all = Object.entries({ ...huggingFaceArrays(), ...arrays })
      .flatMap(([name, array]) => array === undefined ? [] : [[name, array]]);
    writeSafetensors(path, Object.fromEntries(all));
    test([...paths, path]);
  });
}

/** [rows, columns] of a made array, turned around. */
function transposed(name: string): number[] {
  const { shape: [rows, columns], data } = huggingFaceArrays()[name];
  return Array.from(
    data,
    (_, i) => data[i % rows * columns + Math.floor(i / rows)],
  );
}

Deno.test("a model keeps its weights, by our names and ids, and padding begins a sentence", () =>
  withModel({}, (paths) => {
    const arrays = huggingFaceArrays();
    const { model, vocabulary, weights, ids, format } = importModel(paths);
    assertEquals(format, "hugging-face");
    assertEquals([vocabulary, [...ids]], [8 - 1, [2, 3, 4, 5, 6, 0]]);
    assertEquals(model.normEpsilon, 1e-5);
    assertEquals(model.autoregression, "self-attention");
    const embedding = arrays["model.shared.weight"].data;
    assertEquals([...weights.embedding], [
      ...[0, 0, 0, 0],
      ...embedding.slice(20),
      ...embedding.slice(0, 20),
    ]);
    assertEquals([...weights["output.bias"]], [
      ...[-1e4, -1e4],
      ...arrays.final_logits_bias.data.slice(0, 5),
    ]);
    for (
      const [parameter, name] of [
        ["encoder.0.feedForward.inner", "model.encoder.layers.0.fc1"],
        ["decoder.0.self.output", "model.decoder.layers.0.self_attn.out_proj"],
        ["decoder.0.cross.query", "model.decoder.layers.0.encoder_attn.q_proj"],
      ]
    ) {
      assertEquals(
        [...weights[`${parameter}.weight`]],
        transposed(`${name}.weight`),
      );
      assertEquals(weights[`${parameter}.bias`], arrays[`${name}.bias`].data);
    }
    assertEquals(
      [...weights["encoder.0.self.queryKeyValue.weight"].slice(0, 12)],
      ["q", "k", "v"].flatMap((map) =>
        transposed(`model.encoder.layers.0.self_attn.${map}_proj.weight`)
          .slice(0, 4)
      ),
    );
    assertEquals(
      weights["decoder.0.cross.norm.gain"],
      arrays["model.decoder.layers.0.encoder_attn_layer_norm.weight"].data,
    );
    assertEquals(
      weights["decoder.0.feedForward.norm.bias"],
      arrays["model.decoder.layers.0.final_layer_norm.bias"].data,
    );
  }));

Deno.test("16-bit floats, copies of the embedding and tables of sines are taken", () => {
  const shared = huggingFaceArrays()["model.shared.weight"];
  const angles = [0, 1, 2].flatMap((position) => [
    Math.sin(position),
    Math.sin(position / 100),
    Math.cos(position),
    Math.cos(position / 100),
  ]);
  const half = { shape: shared.shape, data: Float16Array.from(shared.data) };
  return withModel({
    arrays: {
      "model.shared.weight": half,
      "lm_head.weight": half,
      "model.encoder.embed_tokens.weight": half,
      "model.encoder.embed_positions.weight": {
        shape: [3, 4],
        data: Float32Array.from(angles),
      },
    },
  }, (paths) => {
    assertEquals(importModel(paths).weights.embedding[8], shared.data[0]);
  });
});

Deno.test("separate embeddings have their own names", () =>
  withModel({
    config: {
      share_encoder_decoder_embeddings: false,
      tie_word_embeddings: false,
      activation_function: "relu",
    },
    arrays: {
      "model.shared.weight": undefined,
      "model.encoder.embed_tokens.weight": counting([6, 4], 7000),
      "model.decoder.embed_tokens.weight": counting([6, 4], 8000),
      "lm_head.weight": counting([6, 4], 9000),
    },
  }, (paths) => {
    const { weights, model } = importModel(paths);
    assertEquals(
      ["encoder", "decoder", "output"].map((part) =>
        weights[`${part}.embedding`][8]
      ),
      [7000, 8000, 9000],
    );
    assertEquals(model.activation, "relu");
  }));

for (
  const [name, change, ...parts] of [
    [
      "another architecture",
      { config: { model_type: "t5" } },
      `"model_type"`,
      `found "t5"`,
    ],
    ["pre-norm", { config: { normalize_before: true } }, `"normalize_before"`],
    [
      "a norm of embeddings",
      { config: { normalize_embedding: true } },
      `"normalize_embedding"`,
    ],
    ["learned positions in the configuration", {
      config: { static_position_embeddings: false },
    }, `"static_position_embeddings"`],
    [
      "another activation",
      { config: { activation_function: "gelu" } },
      "activation_function",
    ],
    ["another number of heads in the decoder", {
      config: { decoder_attention_heads: 4 },
    }, `"decoder_attention_heads" to be 2, found 4`],
    [
      "a larger decoder",
      { config: { decoder_ffn_dim: 8 } },
      `"decoder_ffn_dim" to be 6, found 8`,
    ],
    ["a vocabulary of its own for the target", {
      config: { decoder_vocab_size: 9 },
    }, `"decoder_vocab_size"`],
    [
      "a vocabulary of another size",
      { vocabulary: { ...VOCABULARY, c: 6 } },
      "expected the 7 subwords",
      "found a model of 6",
    ],
    ...["pad_token_id", "eos_token_id", "decoder_start_token_id"].map((id) =>
      [`a ${id} beyond the vocabulary`, {
        config: { [id]: 6 },
      }, `"${id}" to be below the "vocab_size" of 6, found 6`] as const
    ),
    ["another end of a sentence than the vocabulary's", {
      config: { eos_token_id: 3 },
    }, `"eos_token_id" to be 0, that of "</s>", found 3`],
    [
      "padding that is the unknown subword",
      { config: { pad_token_id: 1 } },
      `"pad_token_id"`,
      "found 1",
    ],
    [
      "a configuration without its kind of model",
      { config: { model_type: undefined } },
      `"model_type"`,
    ],
    ["a configuration that is deeply nested", {
      config: { d_model: JSON.parse("[".repeat(9999) + "]".repeat(9999)) },
    }, "deep nesting"],
    [
      "a vocabulary with a gap",
      { vocabulary: { ...VOCABULARY, a: 9 } },
      "ids 0 to 5",
      "found 9",
    ],
    ["learned positions", {
      arrays: { "model.encoder.embed_positions.weight": counting([2, 4], 1) },
    }, "learned positions"],
    ["copies that differ", {
      arrays: { "lm_head.weight": counting([6, 4], 1) },
    }, `"lm_head.weight" to equal "model.shared.weight"`],
    ["a value that is no number", {
      arrays: {
        final_logits_bias: {
          shape: [1, 6],
          data: new Float32Array(6).fill(NaN),
        },
      },
    }, "found NaN"],
    ["integers", {
      arrays: { final_logits_bias: { shape: [1, 6], data: new Int32Array(6) } },
    }, "found Int32Array"],
    [
      "a missing array",
      { arrays: { final_logits_bias: undefined } },
      `"final_logits_bias"`,
    ],
  ] as const
) {
  Deno.test(`${name} is refused in one sentence`, () =>
    withModel(
      change,
      (paths) => assertInputError(() => importModel(paths), ...parts),
    ));
}

Deno.test("a vocabulary of the target's own is refused by its name", () =>
  withModel({}, (paths) => {
    const path = paths[0].replace("config.json", "target_vocab.json");
    Deno.writeTextFileSync(path, JSON.stringify(VOCABULARY));
    const folder = dirname(path);
    assertInputError(() => modelFiles(folder), path, "not supported");
    assertInputError(() => importModel([...paths, path]), path);
  }));

Deno.test("a folder is checked against an experiment without a look at its weights", () =>
  withModel({}, (paths) => {
    const { model, vocabulary } = importModel(paths);
    const folder = dirname(paths[0]);
    Deno.writeTextFileSync(`${folder}/model.safetensors`, "no weights");
    checkFolder(folder, { model, vocabulary });
    assertInputError(
      () => checkFolder(folder, { model, vocabulary: vocabulary + 1 }),
      `"size": ${vocabulary}`,
    );
  }));

Deno.test("a folder with a pickle alone is refused with the way to convert it", () =>
  withModel({}, (paths) => {
    const pickle = paths[0].replace("config.json", "pytorch_model.bin");
    Deno.writeTextFileSync(pickle, "PK");
    assertInputError(
      () => importModel([...paths.slice(0, -1), pickle]),
      "a pickle",
      "save_pretrained",
    );
  }));
