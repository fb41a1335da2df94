/** Tests of normalization: characters by a map, white space as SentencePiece has it. */
import { assertEquals } from "@std/assert";
import { inputError } from "../../../../base/input_error.ts";
import {
  type Normalization,
  normalizer,
} from "../../../../nmt/text/normalization/normalizer.ts";
import {
  normalizerJson,
  takeNormalizer,
} from "../../../../nmt/text/normalization/stored_normalizer.ts";
import { assertInputError } from "../../../fixtures/input_error.ts";
import { charsmap, numbers } from "../../imported/made.ts";

const WHAT = "the subwords";
const damagedMap = (reason: string) =>
  inputError(`Cannot use the map of characters: ${reason}.`);
const PLAIN: Normalization = {
  charsmap: new Uint8Array(),
  addsPrefix: true,
  removesSpaces: true,
};
const MAPPED: Normalization = {
  ...PLAIN,
  charsmap: charsmap({
    "ﬁ": "fi",
    "e\u0301": "é",
    "\u00a0": " ",
    "▁": " ",
    "\u200b": "",
    "¨": " \u0308",
    e: "e",
    ab: "c",
    abab: "d",
    "😀": "smile",
  }),
};

for (
  const [name, spec, cases] of [
    ["without a map", PLAIN, {
      "": "",
      " ": "",
      "a": "▁a",
      "  two   words ": "▁two▁words",
      "\u00a0": "▁\u00a0",
      "▁": "",
      "\ufeffa": "▁\ufeffa",
      "\ud800": "▁\ufffd",
    }],
    ["with a map", MAPPED, {
      "ﬁx": "▁fix",
      "cafe\u0301": "▁café",
      "cafes": "▁cafes",
      "a\u00a0\u00a0b\u00a0": "▁a▁b",
      "▁x▁": "▁x",
      "\u200b": "",
      "\u200ba": "▁a",
      "a ¨": "▁a▁\u0308",
      "a¨b": "▁a▁\u0308b",
      "ab": "▁c",
      "aba": "▁ca",
      "ababab": "▁dc",
      "😀!": "▁smile!",
    }],
    ["that keeps spaces", { ...MAPPED, removesSpaces: false }, {
      "": "",
      " ": "▁▁",
      " a  b ": "▁▁a▁▁b▁",
      "\u200b": "▁",
    }],
    ["that adds none", { ...MAPPED, addsPrefix: false }, {
      " a  b ": "a▁b",
      "ﬁ": "fi",
    }],
  ] as const
) {
  Deno.test(`text is normalized ${name}, directly and from a tokenizer.json`, () => {
    const json = JSON.parse(JSON.stringify(normalizerJson(spec)));
    const taken = takeNormalizer({ ...json, model: {} }, WHAT);
    assertEquals(taken.tokenizer, {
      model: {},
      normalizer: null,
      pre_tokenizer: null,
    });
    for (const [text, expected] of Object.entries(cases)) {
      assertEquals(normalizer(spec, damagedMap)(text), expected, text);
      assertEquals(taken.normalize(text), expected, text);
    }
  });
}

Deno.test("a text becomes longer than any guess of its length", () => {
  const normalize = normalizer(
    { ...PLAIN, charsmap: charsmap({ x: "y".repeat(500) }) },
  );
  assertEquals(normalize("xx"), "▁" + "y".repeat(1000));
});

const map = MAPPED.charsmap;
for (
  const [name, bytes] of [
    ["of three bytes", map.slice(0, 3)],
    ["larger than its file", map.slice(0, 100)],
    ["of an odd size", new Uint8Array([...numbers(4, 5), ...map.slice(4)])],
    ["without an end", map.slice(0, -1)],
  ] as const
) {
  Deno.test(`a map of characters ${name} is refused`, () => {
    assertInputError(
      () => normalizer({ ...PLAIN, charsmap: bytes }, damagedMap),
      "Cannot use the map of characters: ",
    );
  });
}

Deno.test("a map that names a replacement beyond its end is refused before it is needed", () => {
  const damaged = charsmap({ a: "b" });
  const view = new DataView(damaged.buffer);
  for (let i = 4; i < view.getUint32(0, true); i += 4) {
    if (view.getUint32(i, true) === 0x80000000) {
      view.setUint32(i, 0x80001000, true);
    }
  }
  const read = () => normalizer({ ...PLAIN, charsmap: damaged }, damagedMap);
  assertInputError(read, "found 4096");
});

Deno.test("a map that leads in circles ends a match after 256 bytes", () => {
  // The second "a" of a match leads to the children of the first, so that it may be followed by itself.
  const a = "a".charCodeAt(0), circle = charsmap({ aa: "b" });
  const view = new DataView(circle.buffer);
  const unit = (node: number) => view.getUint32(4 + 4 * node, true);
  const set = (node: number, value: number) =>
    view.setUint32(4 + 4 * node, value, true);
  const children = (node: number) => node ^ (unit(node) >>> 10);
  const first = 256 ^ a, second = children(first) ^ a;
  set(children(first), unit(children(second)));
  set(second, (second ^ children(first)) << 10 | 0x100 | a);
  const normalize = normalizer({ ...PLAIN, charsmap: circle }, damagedMap);
  assertEquals(normalize("a".repeat(512)), "▁bb");
  assertEquals(normalize("a".repeat(513)), "▁bba");
});

Deno.test("the normalizer of another program is refused", () => {
  for (const json of [undefined, {}, { normalizer: { type: "NFC" } }]) {
    assertInputError(
      () => takeNormalizer(json, WHAT),
      "import the model again",
    );
  }
});
