/** The part of a model card about an exported folder: files, example, inputs and outputs, quality of each precision. */
import { format } from "@std/fmt/bytes";
import {
  EXPORT_PRECISIONS,
  type ExportConfig,
} from "../../schemas/exported_model.ts";
import { isSharedText } from "./hugging_face.ts";
import { tokenOf } from "../text/subwords/language_tokens.ts";
import { SYMBOL_PATTERN } from "../text/subwords/placeholders.ts";

const SHARED_FILES =
  `| \`onnx/encoder_model.onnx\`, \`onnx/decoder_model_merged.onnx\`, both \`_quantized\` too | the graphs that optimum and transformers.js drive |
| \`tokenizer.json\`, \`tokenizer_config.json\` | the subwords of both languages |
| \`config.json\`, \`generation_config.json\` | sizes, ids, settings of search |`;

const OWN_FILES =
  `| \`tokenizer.json\` | the subwords of both languages, some of them reserved |
| \`config.json\` | sizes, ids, settings of search, how text is changed before it becomes subwords |`;

/** Python that masks the placeholders of a line, and puts them back. */
const MASKING = `rule = config["placeholders"]
SYMBOL = "${SYMBOL_PATTERN}"

def masked(line):
    every = list(dict.fromkeys(re.findall(rule["pattern"], line)))
    found = every[:rule["most"]]
    def symbol(match):
        if match[0] in found:
            return chr(rule["first"] + found.index(match[0]))
        return re.sub(SYMBOL, "\\ufffd", match[0])
    return re.sub(rule["pattern"], symbol, line), found

def unmasked(text, found):
    def value(match):
        number = ord(match[2]) - rule["first"]
        return match[1] + found[number] if number < len(found) else ""
    return re.sub(f"( ?)({SYMBOL})", value, text)

`;

/** Python that marks the case of the words of a line, and restores it. */
const CASING = `CAPITALIZED = chr(config["casing"]["capitalized"])
UPPER = chr(config["casing"]["upper"])
MARKS = (CAPITALIZED, UPPER)

def words(line):
    begin = None
    for index, character in enumerate(line + " "):
        kind = unicodedata.category(character)[0]
        if begin is None and kind == "L":
            begin = index
        if begin is not None and kind not in "LM":
            yield begin, index
            begin = None

def cased(line):
    line = "".join(CAPITALIZED + each if each in MARKS else each for each in line)
    for begin, end in reversed(list(words(line))):
        word = line[begin:end]
        lower = word.lower()
        if lower == word:
            continue
        if lower[:1].upper() + lower[1:] == word:
            mark = CAPITALIZED
        elif lower.upper() == word:
            mark = UPPER
        else:
            continue
        start = begin - (line[begin - 1:begin] == " ")
        line = line[:start] + mark + line[start:begin] + lower + line[end:]
    return line

def uncased(text):
    ends = dict(words(text))
    result, at = "", 0
    while at < len(text):
        mark, at = text[at], at + 1
        if mark not in MARKS:
            result += mark
        elif mark == CAPITALIZED and text[at:at + 1] in MARKS:
            result, at = result + text[at], at + 1
        else:
            begin = at + (text[at:at + 1] == " ")
            if begin in ends:
                word = text[begin:ends[begin]]
                upper = len(word) if mark == UPPER else 1
                result += text[at:begin] + word[:upper].upper() + word[upper:]
                at = ends[begin]
    return result

`;

const SHARED =
  `With Hugging Face's libraries, in Python and in JavaScript (where the search is
greedy):

\`\`\`python
from optimum.onnxruntime import ORTModelForSeq2SeqLM
from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(".")
model = ORTModelForSeq2SeqLM.from_pretrained(".")
ids = model.generate(**tokenizer(lines, return_tensors="pt", padding=True))
translations = tokenizer.batch_decode(ids, skip_special_tokens=True)
\`\`\`

\`\`\`js
import { pipeline } from "@huggingface/transformers";

const translate = await pipeline("translation", model, { dtype: "q8" });
const [{ translation_text }] = await translate(line);
\`\`\``;

const UNSHARED =
  `The model was trained on text that is changed so. Hugging Face's libraries do
not change it, so the folder has no files for these: they would translate worse
than the figures below, and break placeholders.`;

/** Python that translates a line, of a language where there are several. */
function translation(config: ExportConfig): string {
  const { beam, sources, placeholders, casing } = config;
  const isMasked = placeholders !== undefined;
  const isCased = casing !== undefined;
  const line = sources === undefined ? "line" : 'f"<2{language}> {line}"';
  const isPlain = !isMasked && !isCased && sources === undefined;
  const before = isPlain ? ["ids = tokenizer.encode(line.strip()).ids"] : [
    isMasked ? "line, found = masked(line.strip())" : "line = line.strip()",
    ...isCased ? ["line = cased(line)"] : [],
    `ids = tokenizer.encode(${line}).ids`,
  ];
  const decoded = "tokenizer.decode(translation[0].tolist())";
  const text = isCased ? `uncased(${decoded})` : decoded;
  const after = isMasked
    ? `unmasked(${text}, found).strip()`
    : `${text}.strip()`;
  const imports = [
    ...isSharedText(config) ? [] : ["json"],
    ...["numpy", "onnxruntime"],
    ...isMasked ? ["re"] : [],
    "tokenizers",
    ...isCased ? ["unicodedata"] : [],
  ];
  return `import ${imports.join(", ")}

${isSharedText(config) ? "" : 'config = json.load(open("config.json"))\n'}${
    isMasked ? MASKING : ""
  }${
    isCased ? CASING : ""
  }tokenizer = tokenizers.Tokenizer.from_file("tokenizer.json")
tokenizer.encode_special_tokens = True  # "</s>" in a text is no end of it
session = onnxruntime.InferenceSession("int8/translate.onnx")

def translate(line${sources === undefined ? "" : ", language"}):
${
    before.map((each) => `    ${each}\n`).join("")
  }    translation, score = session.run(["translation", "score"], {
        "source": numpy.array([ids], numpy.int64),
        "beam": numpy.array([${beam}], numpy.int64),
        "maximum_length": numpy.array([0], numpy.int64),
        "count": numpy.array([1], numpy.int64),
    })
    return ${after}`;
}

export function filesAndUse(config: ExportConfig): string {
  const { ids, lengthPenalty, shortlist, sources } = config;
  const isShared = isSharedText(config);
  return `## Files

| file | is |
| --- | --- |
| \`fp32/translate.onnx\`, \`int8/translate.onnx\` | ids in, best translation out: encoder, decoder and beam search |
${isShared ? SHARED_FILES : OWN_FILES}

## Translate
${
    sources === undefined ? "" : `
A sentence begins with the token of its language and a space:
${sources.map((language) => `\`${tokenOf(language)} \``).join(", ")}.
`
  }
\`\`\`python
${translation(config)}
\`\`\`

| input | int64 | is |
| --- | --- | --- |
| \`source\` | [batch, length] | ids of each sentence, with or without the end of sentence ${ids.eos}, then padding ${ids.pad} |
| \`beam\` | [1] | hypotheses kept; 1 is greedy search |
| \`maximum_length\` | [1] | ids of a translation at most; 0 is twice the source's and 20 more |
| \`count\` | [1] | how many of the best translations are wanted, up to \`beam\` |

| output | | is |
| --- | --- | --- |
| \`translation\` | int64 [batch, longest] | ids of the best translation, then padding |
| \`score\` | float [batch] | its log probability |
| \`attention\` | float [batch, longest, source] | where the decoder looked for each id |
| \`alternatives\` | int64 [batch, count, longest] | the best translations, best first by score / length^${lengthPenalty} |
| \`scores\` | float [batch, count] | their log probabilities |${
    shortlist === undefined ? "" : `

\`translate.onnx\` alone chooses each id among the candidates of a short-list: the
${shortlist.frequent} most frequent ones, the source's own, and up to ${shortlist.longest} that translate
each of these. Log probabilities are those among the candidates.`
  }

${isShared ? SHARED : UNSHARED}`;
}

/** Sizes and scores of both precisions. */
export function quality({ quality, bytes, beam }: ExportConfig): string {
  if (quality === undefined) {
    const sizes = EXPORT_PRECISIONS.map((precision) =>
      `${format(bytes[precision])} in ${precision}`
    );
    return `\`translate.onnx\` takes ${
      sizes.join(" and ")
    }. Its quality was not measured.`;
  }
  const rows = EXPORT_PRECISIONS.map((precision) =>
    `| ${precision} | ${format(bytes[precision])} | ${
      quality[precision].bleu.toFixed(2)
    } | ${quality[precision].chrf.toFixed(2)} |`
  );
  return `BLEU (\`${quality.signature}\`) and chrF of the test set, beam ${beam}.

|  | \`translate.onnx\` | BLEU | chrF |
| --- | --- | --- | --- |
${rows.join("\n")}`;
}
