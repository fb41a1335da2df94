/** Tests of SentencePiece models: pieces and ids as in the file, what is not supported is named. */
import { assertEquals } from "@std/assert";
import { Tokenizer } from "tokenizers";
import { readSentencePiece } from "../../../nmt/imported/sentencepiece.ts";
import {
  missingPieces,
  tokenizerJson,
} from "../../../nmt/imported/tokenizer_json.ts";
import { takeNormalizer } from "../../../nmt/text/normalization/stored_normalizer.ts";
import { renumber } from "../../../nmt/imported/vocabulary.ts";
import { assertInputError } from "../../fixtures/input_error.ts";
import {
  BYTE,
  CONTROL,
  joined,
  type MadePiece,
  message,
  SPECIALS,
  spm,
  text,
  UNKNOWN,
  UNUSED,
  USER_DEFINED,
} from "./made.ts";

const WHAT = `the vocabulary "v.spm"`;
const LETTERS: readonly MadePiece[] = [..."abs</>▁"].map((letter) => [
  letter,
  -10,
]);
const PIECES: readonly MadePiece[] = [
  ...SPECIALS,
  ...LETTERS,
  ["▁a", -3],
  ["ab", -4],
  ["▁ab", -8],
  ["ba", -2, UNUSED],
];

/** Functions from text to pieces and ids of a model, and back. */
function tokenizerOf(
  bytes: Uint8Array<ArrayBuffer>,
  subwords?: readonly string[],
) {
  const model = readSentencePiece(bytes, WHAT);
  const vocabulary = renumber({
    subwords: subwords ?? model.pieces.map(({ text }) => text),
    end: subwords?.indexOf("</s>") ?? model.end,
    unknown: subwords?.indexOf("<unk>") ?? model.unknown,
  });
  const missing = missingPieces(model, vocabulary);
  const { normalize, tokenizer } = takeNormalizer(
    JSON.parse(tokenizerJson(model, vocabulary, missing)),
    WHAT,
  );
  const library = Tokenizer.fromString(JSON.stringify(tokenizer));
  return {
    unknown: vocabulary.unknown,
    known: vocabulary.subwords.length,
    encode: async (line: string) => {
      const encoding = await library.encode(normalize(line), null, {
        addSpecialTokens: false,
      });
      return { ids: encoding.getIds(), tokens: encoding.getTokens() };
    },
    decode: (ids: number[]) => library.decode(ids, false),
  };
}

Deno.test("pieces, ids and normalization are those of the file", () => {
  const model = readSentencePiece(
    spm([["<unk>", 0, UNKNOWN], ["<s>", 0, CONTROL], ["</s>", 0, CONTROL], [
      "a",
      -1.5,
    ]], {
      algorithm: 2,
      normalizer: [[3, 0], [4, 0]],
      trainer: [[35, 1]],
    }),
    WHAT,
  );
  assertEquals(model, {
    algorithm: "bpe",
    pieces: [
      { text: "<unk>", score: 0, kind: "unknown" },
      { text: "<s>", score: 0, kind: "control" },
      { text: "</s>", score: 0, kind: "control" },
      { text: "a", score: -1.5, kind: "normal" },
    ],
    unknown: 0,
    end: 2,
    bytes: true,
    normalization: {
      charsmap: new Uint8Array(),
      addsPrefix: false,
      removesSpaces: false,
    },
  });
});

Deno.test("text becomes the best pieces, with the ids after padding, begin and end", async () => {
  const { encode, decode } = tokenizerOf(spm(PIECES));
  const { ids, tokens } = await encode("ab a  s");
  assertEquals(tokens, ["▁ab", "▁a", "▁", "s"]);
  // A piece keeps its place: </s> went to 2, and two others came before it.
  assertEquals(
    ids,
    ["▁ab", "▁a", "▁", "s"].map((token) =>
      PIECES.findIndex(([piece]) => piece === token) + 2
    ),
  );
  assertEquals(await decode(ids), "ab a s");
});

Deno.test("no text becomes a special or unused piece, and what is unknown becomes one id", async () => {
  const { encode, decode, unknown } = tokenizerOf(spm(PIECES));
  assertEquals((await encode("</s>")).tokens, ["▁", "<", "/", "s", ">"]);
  assertEquals((await encode("bab")).tokens, ["▁", "b", "ab"]);
  const { ids } = await encode("sé漢s");
  assertEquals(ids.filter((id) => id === unknown).length, 1);
  assertEquals(await decode(ids), "s ⁇ s");
  assertEquals((await encode("")).ids, []);
});

Deno.test("byte pairs are joined in the order of their scores", async () => {
  const pieces: MadePiece[] = [
    ...SPECIALS,
    ["▁a", -0.5],
    ["ab", -1],
    ["▁ab", -2],
    ["aba", -3],
    ...LETTERS.map(([piece], i): MadePiece => [piece, -10 - i]),
  ];
  const { encode, decode } = tokenizerOf(spm(pieces, { algorithm: 2 }));
  const { ids, tokens } = await encode("abab sab");
  assertEquals(tokens, ["▁ab", "ab", "▁", "s", "ab"]);
  assertEquals(await decode(ids), "abab sab");
});

Deno.test("a character without a piece becomes its bytes where the model says so", async () => {
  const bytes = Array.from({ length: 256 }, (_, byte): MadePiece => [
    `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
    0,
    BYTE,
  ]);
  for (const algorithm of [1, 2]) {
    const { encode, decode } = tokenizerOf(
      spm([...PIECES.slice(0, -1), ...bytes], {
        algorithm,
        trainer: [[35, 1]],
      }),
    );
    const { ids, tokens } = await encode("sé");
    assertEquals(tokens, ["▁", "s", "<0xC3>", "<0xA9>"]);
    assertEquals(await decode(ids), "sé");
  }
});

Deno.test("pieces that a vocabulary lacks have ids after it, and its other subwords decode", async () => {
  const { encode, decode, known } = tokenizerOf(
    spm(PIECES),
    ["</s>", "<unk>", ..."abs</▁", "▁a", "▁ab", "▁elsewhere"],
  );
  const { ids, tokens } = await encode("abs>");
  assertEquals(tokens, ["▁ab", "s", ">"]);
  assertEquals(ids.map((id) => id >= known), [false, false, true]);
  assertEquals(await decode([...ids.slice(0, 2), known - 1]), "abs elsewhere");
});

for (
  const [name, bytes, ...parts] of [
    ["nothing", new Uint8Array(), "one piece for <unk>"],
    [
      "text",
      text("this is no model of pieces\n"),
      "expected a protocol buffer",
    ],
    [
      "a file cut short",
      spm(PIECES).slice(0, -3),
      "expected a protocol buffer",
    ],
    ["a number without an end", new Uint8Array(9).fill(0xff), "without an end"],
    ["a file without </s>", spm(PIECES.slice(1)), "end of sentence, found 0"],
    ["a piece that is there twice", spm([...PIECES, ["ab", 0]]), `"ab" twice`],
    ["an empty piece", spm([...PIECES, ["", 0]]), "empty one"],
    [
      "a score that is no number",
      spm([...SPECIALS, ["a", NaN]]),
      `score for "a"`,
    ],
    [
      "a piece of other bytes",
      joined(
        spm(SPECIALS),
        message([[1, message([[1, Uint8Array.of(0xff)]])]]),
      ),
      "expected text",
    ],
    [
      "pieces that are user-defined",
      spm([...PIECES, ["<x>", 0, USER_DEFINED]]),
      `"<x>", a piece that is user-defined`,
    ],
    [
      "an unknown kind of piece",
      spm([...PIECES, ["x", 0, 9]]),
      "of no known kind",
    ],
    [
      "a piece of a thousand and one letters",
      spm([...SPECIALS, ["a".repeat(1001), -1]], { algorithm: 2 }),
      "at most 1000 characters, found one of 1001",
    ],
    [
      "a file larger than any",
      new Uint8Array((64 << 20) + 1),
      "at most 67108864 bytes",
    ],
    [
      "more pieces than any model has",
      new Uint8Array(2 * 1_000_001).map((_, i) => i % 2 === 0 ? 0x0a : 0),
      "at most 1000000 pieces",
    ],
    [
      "more fields than any model has",
      new Uint8Array(2 * 2_000_001).fill(0x08),
      "at most 2000000 fields",
    ],
    [
      "a damaged map of characters",
      spm(PIECES, { charsmap: Uint8Array.of(1, 2, 3) }),
      "map of characters",
      "expected a trie",
    ],
    ["words as pieces", spm(PIECES, { algorithm: 3 }), "found word"],
    [
      "unused pieces of byte pairs",
      spm(PIECES, { algorithm: 2 }),
      "found unused ones",
    ],
    ["spaces after words", spm(PIECES, { trainer: [[24, 1]] }), "as a suffix"],
    ["spaces as they are", spm(PIECES, { normalizer: [[5, 0]] }), "as it is"],
    [
      "a normalizer of decoded text",
      joined(spm(PIECES), message([[5, message([[2, text("x")]])]])),
      "a normalizer of it",
    ],
  ] as const
) {
  Deno.test(`${name} is refused in one sentence`, () => {
    assertInputError(() => readSentencePiece(bytes, WHAT), WHAT, ...parts);
  });
}
