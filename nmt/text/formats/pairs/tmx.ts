/** Reads translation memories (TMX 1.4): the first segment in each of two languages of every unit. */
import { SaxesParser } from "saxes";
import type { Languages } from "../../../../schemas/experiment/data.ts";
import { languageAmong } from "../../../../schemas/language.ts";
import { inputError } from "../../../../base/input_error.ts";
import { MAXIMUM_LINE_BYTES, type NamedFile, readBytes } from "../lines.ts";
import type { Line } from "../parallel.ts";
import { decode, decoderOf } from "./encoding.ts";

/** Elements in a segment whose text is code of another program. */
const CODES = ["bpt", "ept", "ph", "it", "ut"];

/** How many units are left out: they have one of the languages, and lack the other or have several that may be it. */
export async function unitsLeftOut(
  file: NamedFile,
  languages: Languages,
): Promise<number> {
  const pairs = readTmx(file, languages);
  for (;;) {
    const { done, value } = await pairs.next();
    if (done) return value;
  }
}

/** The pairs of a translation memory; returns `unitsLeftOut`. */
export async function* readTmx(
  file: NamedFile,
  languages: Languages,
): AsyncGenerator<Line, number> {
  const fault = (what: string) =>
    inputError(`Cannot use "${file.name}": ${what}.`);
  const parser = new SaxesParser();
  /** The tags of the two sides, by those that a unit has. */
  const found = new Map<string, readonly string[]>();
  let texts = new Map<string, string>(), pairs: Line[] = [];
  let language = "", segment: string | undefined, codes = 0;
  let units = 0, leftOut = 0, seen = 0, root: string | undefined;
  parser.on("error", ({ message }) => {
    throw fault(
      `line ${parser.line} is no XML (${message.replace(/^[\d:]+ /, "")})`,
    );
  });
  parser.on("opentag", ({ name, attributes }) => {
    seen = parser.position;
    root ??= name;
    if (name === "tu") texts = new Map();
    if (name === "tuv") language = attributes["xml:lang"] ?? attributes.lang;
    if (name === "seg") segment = "";
    if (CODES.includes(name)) codes++;
  });
  const onText = (text: string) => {
    seen = parser.position;
    if (segment !== undefined && codes === 0) segment += text;
  };
  parser.on("text", onText);
  parser.on("cdata", onText);
  parser.on("closetag", ({ name }) => {
    if (CODES.includes(name)) codes--;
    if (name === "seg" && segment !== undefined) {
      if (!texts.has(language)) texts.set(language, segment);
      segment = undefined;
    }
    if (name !== "tu") return;
    units++;
    const names = [...texts.keys()], key = names.join();
    const tags = found.get(key) ??
      [languages.source, languages.target]
        .map((each) => languageAmong(each, names) ?? "");
    found.set(key, tags);
    const [source, target] = tags.map((tag) => texts.get(tag));
    if (
      source === undefined || target === undefined || tags[0] === tags[1]
    ) {
      if (tags.some((tag) => tag !== "")) leftOut++;
      return;
    }
    pairs.push({ source, target, number: units });
  });
  let count = 0;
  for await (const text of decoded(file)) {
    parser.write(text);
    if (root !== undefined && root !== "tmx") {
      throw fault(`its first element is "${root}", expected "tmx"`);
    }
    if (parser.position - seen > MAXIMUM_LINE_BYTES) {
      throw fault(
        `line ${parser.line} has a text of ${MAXIMUM_LINE_BYTES} characters or more`,
      );
    }
    count += pairs.length;
    yield* pairs;
    pairs = [];
  }
  parser.close();
  if (count === 0) {
    throw fault(
      `no unit has both "${languages.source}" and "${languages.target}", only ${
        [...found.keys()].slice(0, 8).join("; ") || "nothing"
      }`,
    );
  }
  return leftOut;
}

/** The text of an XML file, by its byte order mark or its declaration. */
async function* decoded(file: NamedFile): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined;
  for await (const chunk of readBytes(file)) {
    decoder ??= decoderAtStart(chunk, file.name);
    yield decode(decoder, chunk, file.name, true);
  }
}

function decoderAtStart(start: Uint8Array, name: string): TextDecoder {
  const [one, other] = start;
  if (one === 0xff && other === 0xfe) return new TextDecoder("utf-16le");
  if (one === 0xfe && other === 0xff) return new TextDecoder("utf-16be");
  const head = new TextDecoder("latin1").decode(start.subarray(0, 200));
  const [, label = "utf-8"] = /^<\?xml[^>]*encoding=["']([\w.-]+)/.exec(head) ??
    [];
  return decoderOf(label, name);
}
