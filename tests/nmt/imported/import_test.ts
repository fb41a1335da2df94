/** Tests of the import of whole models: weights by name and value, vocabularies, and files that do not fit each other. */
import { assert, assertEquals } from "@std/assert";
import { basename } from "@std/path";
import { modelFiles } from "../../../nmt/imported/files.ts";
import { checkFolder, importModel } from "../../../nmt/imported/import.ts";
import { readMarianConfig } from "../../../nmt/imported/marian_config.ts";
import {
  isVocabulary,
  readVocabulary,
} from "../../../nmt/imported/vocabulary.ts";
import { saveModel } from "../../../nmt/transformer/checkpoint.ts";
import { parameterShapes } from "../../../nmt/transformer/parameters.ts";
import { loadSubwords } from "../../../nmt/text/subwords/subwords.ts";
import { assertInputError } from "../../fixtures/input_error.ts";
import {
  bin,
  BYTE,
  configuration,
  counting,
  floats,
  INT8,
  type MadeArray,
  type MadePiece,
  npz,
  SPECIALS,
  spm,
  withFiles,
} from "./made.ts";
import { MARIAN_SETTINGS, marianArrays } from "./made_marian.ts";

const PIECES: readonly MadePiece[] = [
  ...SPECIALS,
  ["▁", -1],
  ["a", -2],
  ["b", -3],
];
const SPM = spm(PIECES);
const FORBIDDEN = -1e4;
const good = npz(marianArrays());

/** The first bytes of Marian's list of likely subwords. */
const SHORT_LIST = Uint8Array.of(
  ...[0xf5, 0x17, 0x34, 0x01, 0xd5, 0x48, 0x1a, 0xf1],
);
const MADE = readMarianConfig(JSON.stringify(MARIAN_SETTINGS), "the model");

/** Arrays as a `.bin` has them. */
function inBin(arrays: Readonly<Record<string, MadeArray>>) {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, array]) => [
      name,
      array.data instanceof Int8Array
        ? {
          type: INT8,
          shape: array.shape,
          bytes: new Uint8Array(array.data.buffer),
        }
        : floats(array),
    ]),
  );
}

/** Lines of a `vocab.yml`. */
function pieceLines(count: number): string {
  return Array.from({ length: count }, (_, id) => `"piece ${id}": ${id}\n`)
    .join("");
}

/** The values of an array of a made model. */
function values(arrays: Readonly<Record<string, MadeArray>>, name: string) {
  return [...arrays[name].data];
}

Deno.test("a model of Marian keeps its weights, by our names and ids", () =>
  withFiles({ "m.npz": npz(marianArrays()), "v.spm": SPM }, (paths, folder) => {
    const { model, vocabulary, weights, ids, format, tokenizer } = importModel(
      paths,
    );
    const arrays = marianArrays();
    assertEquals([vocabulary, [...ids], format], [
      7,
      [2, 3, 4, 5, 6],
      "marian",
    ]);
    assertEquals(tokenizer.target, undefined);
    assertEquals([...weights.embedding], [
      ...new Array(8).fill(0),
      ...values(arrays, "Wemb"),
    ]);
    const [end, , ...others] = values(arrays, "decoder_ff_logit_out_b");
    assertEquals(
      [...weights["output.bias"]],
      [FORBIDDEN, FORBIDDEN, end, FORBIDDEN, ...others],
      "padding, begin and the unknown are never predicted",
    );
    const row = (name: string, index: number) =>
      values(arrays, name).slice(4 * index, 4 * index + 4);
    for (
      const [parameter, names] of [
        [
          "encoder.0.self.queryKeyValue",
          ["q", "k", "v"].map((map) => `encoder_l1_self_W${map}`),
        ],
        [
          "decoder.0.cross.keyValue",
          ["k", "v"].map((map) => `decoder_l1_context_W${map}`),
        ],
        ["decoder.0.cell.inputForget", [
          "decoder_l1_rnn_W",
          "decoder_l1_rnn_Wf",
        ]],
      ] as const
    ) {
      assertEquals(
        [...weights[`${parameter}.weight`]],
        [0, 1, 2, 3].flatMap((index) =>
          names.flatMap((name) => row(name, index))
        ),
      );
    }
    assertEquals([...weights["decoder.0.cell.inputForget.bias"]], [
      ...[0, 0, 0, 0],
      ...values(arrays, "decoder_l1_rnn_bf"),
    ]);
    for (
      const [parameter, name] of [
        ["decoder.0.cell.norm.gain", "decoder_l1_rnn_ffn_ln_scale"],
        ["decoder.0.cross.norm.bias", "decoder_l1_context_Wo_ln_bias"],
        ["encoder.0.feedForward.norm.gain", "encoder_l1_ffn_ffn_ln_scale"],
        ["encoder.0.feedForward.inner.weight", "encoder_l1_ffn_W1"],
        ["encoder.0.feedForward.outer.bias", "encoder_l1_ffn_b2"],
        ["encoder.0.self.output.weight", "encoder_l1_self_Wo"],
      ]
    ) assertEquals([...weights[parameter]], values(arrays, name), parameter);
    saveModel(`${folder}/model.safetensors`, { model, vocabulary, weights });
  }));

Deno.test("a .bin gives what the .npz of the same model gives, and a short-list beside it does not matter", async () => {
  const arrays = marianArrays();
  await withFiles(
    { "m.npz": npz(arrays), "v.spm": SPM },
    (fromNpz) =>
      withFiles(
        {
          "m.bin": bin(inBin(arrays)),
          "lex.bin": SHORT_LIST,
          "v.spm": SPM,
          "config.yml": "beam-size: 6\nmodels: []\n",
        },
        (fromBin) => assertEquals(importModel(fromBin), importModel(fromNpz)),
      ),
  );
});

Deno.test("pre-norm, deeper blocks, separate embeddings and no bias have their names", () => {
  const post = marianArrays();
  const arrays: Record<string, MadeArray> = {};
  for (const [name, array] of Object.entries(post)) {
    if (name === "Wemb" || name === "decoder_ff_logit_out_b") continue;
    const renamed = name.replace("rnn_ffn_ln", "rnn_ln")
      .replace(/(_ln_(scale|bias))$/, "$1_pre").replace(
        /ffn_([Wb])2$/,
        "ffn_$13",
      );
    arrays[renamed] = array;
  }
  for (const stack of ["encoder", "decoder"]) {
    arrays[`${stack}_l1_ffn_W2`] = counting([6, 6], 5000);
    arrays[`${stack}_l1_ffn_b2`] = counting([1, 6], 6000);
    arrays[`${stack}_Wemb`] = counting(
      [5, 4],
      stack === "encoder" ? 7000 : 8000,
    );
    arrays[`${stack}_top_ln_scale`] = counting([1, 4], 9000);
    arrays[`${stack}_top_ln_bias`] = counting([1, 4], 9100);
  }
  // The older form: [d, V].
  arrays.decoder_ff_logit_out_W = counting([4, 5]);
  arrays["special:model.yml"] = marianArrays({
    "transformer-preprocess": "n",
    "transformer-postprocess": "da",
    "transformer-postprocess-top": "n",
    "transformer-ffn-depth": 3,
    "tied-embeddings-all": false,
    version: "v1.12.0 abc",
  })["special:model.yml"];
  return withFiles({ "m.npz": npz(arrays), "v.spm": SPM }, (paths) => {
    const { model, vocabulary, weights } = importModel(paths);
    assertEquals(
      Object.entries(weights).map(([name, { length }]) => [name, length]),
      Object.entries(parameterShapes(model, vocabulary)).map((
        [name, shape],
      ) => [
        name,
        shape.reduce((product, size) => product * size, 1),
      ]),
    );
    assertEquals(weights["encoder.0.feedForward.inner2.weight"][0], 5000);
    assertEquals(weights["decoder.embedding"][8], 8000);
    assertEquals(weights["decoder.norm.bias"][0], 9100);
    assertEquals([...weights["output.embedding"].slice(8, 12)], [0, 5, 10, 15]);
    assertEquals([...weights["output.bias"]], [
      FORBIDDEN,
      FORBIDDEN,
      0,
      FORBIDDEN,
      0,
      0,
      0,
    ]);
  });
});

Deno.test("source.spm and target.spm share a vocabulary, and pieces that it lacks count as unknown", () => {
  const source = spm([...PIECES, ["c", -4]]);
  const target = spm([...PIECES.slice(0, 4), ["é", -4]]);
  const yml = `"</s>": 0\n<unk>: 1\n"\\u2581": 2\n'a': 3\n"\\xE9": 4\n`;
  return withFiles(
    {
      "m.npz": npz(marianArrays()),
      "source.spm": source,
      "target.spm": target,
      "opus.vocab.yml": yml,
      "decoder.yml": "beam-size: 6\nmodels: []\n",
    },
    (paths) => {
      const { vocabulary, known, weights, tokenizer } = importModel(paths);
      assertEquals(vocabulary, 9, "b and c are after the seven of the file");
      assertEquals(known, 7);
      const row = (
        id: number,
      ) => [...weights.embedding.slice(4 * id, 4 * id + 4)];
      assertEquals(row(7), row(3));
      assertEquals(row(8), row(3));
      assertEquals([...weights["output.bias"].slice(6)], [
        104,
        FORBIDDEN,
        FORBIDDEN,
      ]);
      const tokens = (json: string | undefined) =>
        JSON.parse(json ?? "").model.vocab.map(([token]: [string]) => token);
      assertEquals(tokens(tokenizer.source), [
        " <pad> ",
        " <s> ",
        " </s> ",
        "  ⁇ ",
        "▁",
        "a",
        " é",
        "b",
        "c",
      ]);
      assertEquals(tokens(tokenizer.target), [
        " <pad> ",
        " <s> ",
        " </s> ",
        "  ⁇ ",
        "▁",
        "a",
        "é",
        " b",
        " c",
      ]);
    },
  );
});

Deno.test("what the model says is decoded as the target's pieces, also by the file of the source", () => {
  const byte = (value: string): MadePiece => [`<0x${value}>`, -9, BYTE];
  const target = spm([...PIECES, byte("C3"), byte("A9")], {
    trainer: [[35, 1]],
    normalizer: [[4, 0]],
  });
  const names = ["</s>", "<unk>", "▁", "a", "b", "<0xC3>", "<0xA9>"];
  const arrays = marianArrays({ "dim-vocabs": [7, 7] });
  return withFiles({
    "m.npz": npz(arrays),
    "source.spm": SPM,
    "target.spm": target,
    "vocab.yml": names.map((name, id) => `"${name}": ${id}\n`).join(""),
  }, async (paths, folder) => {
    const { tokenizer, ids } = importModel(paths);
    const path = `${folder}/tokenizer.json`;
    for (const json of [tokenizer.source, tokenizer.target ?? ""]) {
      Deno.writeTextFileSync(path, json);
      const { decode } = await loadSubwords(path);
      const said = [2, 2, 3, 5, 6, 2, 4].map((id) => ids[id]);
      assertEquals(await decode([said]), [" aé b"]);
    }
  });
});

Deno.test("only the files of the model are its inputs, whatever lies beside them", async () => {
  const beside = { "notes.json": "{}", "decoder.yml": "models: []\n" };
  const yml = PIECES.map(([piece], id) => `"${piece}": ${id}\n`).join("");
  for (
    const [expected, others] of [
      [{ "m.npz": good, "v.spm": SPM }, { "lex.bin": SHORT_LIST }],
      [{ "m.npz": good, "v.spm": SPM }, {
        "long.yml": `"${"a".repeat(1_000_000)}`,
        "longer.yml": `'${"a".repeat(1_000_000)}': 1`,
      }],
      [{
        "m.npz": good,
        "source.spm": SPM,
        "target.spm": SPM,
        "vocab.yml": yml,
      }, {}],
      [
        { "config.json": "{}", "model.safetensors": "", "v.spm": SPM },
        { "pytorch_model.bin": "PK", "tokenizer_config.json": "{}" },
      ],
    ] as const
  ) {
    await withFiles({ ...expected, ...beside, ...others }, (_, folder) => {
      assertEquals(
        modelFiles(folder).map((path) => basename(path)),
        Object.keys(expected).sort(),
      );
    });
  }
});

Deno.test("a vocab.yml is read as PyYAML writes it", () => {
  const long = "x".repeat(130);
  const text = '</s>: 0\n<unk>: 1\n\u00a0: 2\n\u3000a b: 3\n"\\_\\a": 4\n' +
    `"\\N\\L\\P\\0\\v\\e": 5\n? ${long}\n: 6\r\n? '''a'''\n: 7\n`;
  const names = ["</s>", "<unk>", "\u00a0", "\u3000a b", "\u00a0\x07"];
  names.push("\x85\u2028\u2029\0\v\x1b", long, "'a'");
  assertEquals(
    readVocabulary(text, "vocab.yml"),
    Object.fromEntries(names.map((name, id) => [name, id])),
  );
  for (const { index } of text.matchAll(/\n/g)) {
    assert(isVocabulary(text.slice(0, index)), text.slice(0, index));
  }
  for (const line of ["? a\n? b\n: 2\n", ": 2\n", "'\u2028': 2\n"]) {
    assertInputError(
      () => readVocabulary(`</s>: 0\n<unk>: 1\n${line}`, "vocab.yml"),
      'Cannot read the vocabulary "vocab.yml": expected a subword and its id in line 3, found something else; get the file again.',
    );
  }
});

Deno.test("a vocab.yml of many lines is known by its first ones", () => {
  const files = { "m.npz": good, "v.spm": SPM };
  return withFiles(
    { ...files, "vocab.yml": pieceLines(5000) },
    (_, folder) => assertEquals(modelFiles(folder).length, 3),
  );
});

Deno.test("a folder is checked against an experiment without a look at its weights", async () => {
  const broken = changed({ Wemb: counting([1, 1]), none: counting([1, 1]) });
  const asBin = bin({
    Wemb: { type: 0x408, shape: [1], bytes: new Uint8Array(8) },
    ...inBin({ "special:model.yml": marianArrays()["special:model.yml"] }),
  });
  for (const [name, bytes] of [["m.npz", broken], ["m.bin", asBin]] as const) {
    await withFiles({ [name]: bytes, "v.spm": SPM }, (paths, folder) => {
      assertInputError(() => importModel(paths));
      const { model } = MADE;
      checkFolder(folder, { model, vocabulary: 7 });
      checkFolder(folder, { model: { ...model, dropout: 0.1 }, vocabulary: 7 });
      assertInputError(
        () =>
          checkFolder(folder, { model: { ...model, heads: 4 }, vocabulary: 9 }),
        `"teacher.model": { "heads": 2 }`,
        `"vocabulary": { "size": 7 }`,
      );
    });
  }
});

/** The made arrays with some changed; an undefined one is left out. */
function changed(changes: Readonly<Record<string, MadeArray | undefined>>) {
  return npz(
    Object.fromEntries(
      Object.entries({ ...marianArrays(), ...changes })
        .flatMap(([name, array]) => array === undefined ? [] : [[name, array]]),
    ),
  );
}

for (
  const [name, files, ...parts] of [
    [
      "a model that lacks arrays",
      {
        "m.npz": changed({
          encoder_l1_self_Wq: undefined,
          encoder_l1_self_bq: undefined,
        }),
        "v.spm": SPM,
      },
      "lacks",
      `"encoder_l1_self_Wq", "encoder_l1_self_bq"`,
    ],
    [
      "a model with more arrays",
      {
        "m.npz": changed({ encoder_l2_self_Wq: counting([4, 4]) }),
        "v.spm": SPM,
      },
      "not expected",
      `"encoder_l2_self_Wq"`,
    ],
    ["an array of another shape", {
      "m.npz": changed({ encoder_l1_ffn_W1: counting([6, 4]) }),
      "v.spm": SPM,
    }, `"encoder_l1_ffn_W1" of shape [4,6], found [6,4]`],
    ["weights of 8-bit integers in an .npz", {
      "m.npz": changed({
        encoder_l1_ffn_b1: { shape: [1, 6], data: new Int8Array(6) },
      }),
      "v.spm": SPM,
    }, "expected floats"],
    ["a model without its configuration", {
      "m.npz": changed({ "special:model.yml": undefined }),
      "v.spm": SPM,
    }, "special:model.yml"],
    [
      "a vocabulary of another size",
      { "m.npz": good, "v.spm": spm([...PIECES, ["c", 0]]) },
      "expected the 6 subwords",
      "found a model of 5",
    ],
    ["a model without a vocabulary", { "m.npz": good }, "found 0 .spm"],
    ["two vocabularies without common ids", {
      "m.npz": good,
      "srcvocab.spm": SPM,
      "trgvocab.spm": SPM,
    }, "one vocab.yml"],
    ["a vocabulary with an id twice", {
      "m.npz": good,
      "source.spm": SPM,
      "target.spm": SPM,
      "vocab.yml": "</s>: 0\n<unk>: 1\na: 1\n",
    }, "each once, found 1"],
    ["a vocabulary with a subword twice", {
      "m.npz": good,
      "source.spm": SPM,
      "target.spm": SPM,
      "vocab.yml": "</s>: 0\n<unk>: 1\n</s>: 2\n",
    }, `"</s>" twice`],
    ["a vocabulary without </s>", {
      "m.npz": good,
      "source.spm": SPM,
      "target.spm": SPM,
      "vocab.yml": "<unk>: 0\n",
    }, "id for </s>"],
    [
      "one .spm beside two vocabularies",
      {
        "m.npz": good,
        "v.spm": SPM,
        "a.yml": "</s>: 0\n<unk>: 1\n",
        "b.yml": "</s>: 1\n<unk>: 0\n",
      },
      "a.yml",
      "b.yml",
      "leave only the files of one model in the folder",
    ],
    ["a vocabulary with a line without an end", {
      "m.npz": good,
      "v.spm": SPM,
      "vocab.yml": `${pieceLines(5000)}"${"b".repeat(2_000_000)}": 2`,
    }, "in line 5001"],
    ["a configuration without an end", {
      "m.npz": changed({
        "special:model.yml": configuration("a".repeat(1 << 20)),
      }),
      "v.spm": SPM,
    }, "configuration of at most 1048576 bytes"],
    ["no model", { "v.spm": SPM }, "neither in 1 files"],
    [
      "two models",
      { "a.npz": good, "b.npz": good, "v.spm": SPM },
      "a.npz",
      "b.npz",
      "leave only the files of one model in the folder",
    ],
    [
      "a pickle",
      { "pytorch_model.bin": "PK", "source.spm": SPM },
      "a pickle",
      "python -c",
    ],
    [
      "a file that is no model",
      { "m.bin": "no model at all", "v.spm": SPM },
      "m.bin",
    ],
  ] as const
) {
  Deno.test(`${name} is refused in one sentence`, () =>
    withFiles(
      files,
      (paths) => assertInputError(() => importModel(paths), ...parts),
    ));
}

Deno.test("a file that is not there is refused", () => {
  assertInputError(
    () => importModel(["/nowhere/m.npz", "/nowhere/v.spm"]),
    "/nowhere/m.npz",
  );
});

Deno.test("a file that is larger than any vocabulary is refused unread", () =>
  withFiles({ "m.npz": good, "v.spm": SPM }, (paths) => {
    Deno.truncateSync(paths[1], (64 << 20) + 1);
    assertInputError(() => importModel(paths), paths[1], "found 67108865");
  }));

Deno.test("unknown characters have an id", () =>
  withFiles({ "m.npz": good, "v.spm": SPM }, (paths) => {
    const { unknown, ids } = importModel(paths);
    assertEquals(unknown, ids[1]);
    assert(unknown > 2);
  }));
