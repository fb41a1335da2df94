/** The part of a model card about an exported folder: files, example, inputs and outputs, quality of each precision. */
import { format } from "@std/fmt/bytes";
import {
  EXPORT_PRECISIONS,
  type ExportConfig,
} from "../../schemas/exported_model.ts";
import { tokenOf } from "../text/subwords/language_tokens.ts";

const SHARED_FILES =
  `| \`onnx/encoder_model.onnx\`, \`onnx/decoder_model_merged.onnx\`, both \`_quantized\` too | the graphs that optimum and transformers.js drive |
| \`tokenizer.json\`, \`tokenizer_config.json\` | the subwords of both languages |
| \`config.json\`, \`generation_config.json\` | sizes, ids, settings of search |`;

const OWN_FILES =
  `| \`tokenizer.json\` | the subwords of both languages, with one for each of some numbered placeholders |
| \`config.json\` | sizes, ids, settings of search, how placeholders are masked |`;

/** Python that masks the placeholders of a line, and puts them back. */
const MASKING = `import json, re

rule = json.load(open("config.json"))["placeholders"]

def masked(line):
    every = list(dict.fromkeys(re.findall(rule["pattern"], line)))
    found = every[:rule["most"]]
    symbol = lambda match: chr(rule["first"] + found.index(match[0])) if match[0] in found else match[0]
    return re.sub(rule["pattern"], symbol, line), found

def unmasked(text, found):
    symbols = "|".join(chr(rule["first"] + number) for number in range(rule["most"]))
    value = lambda match: "".join(found[ord(match[0]) - rule["first"]:][:1])
    return re.sub(symbols, value, text)

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
  `The model was trained on text whose placeholders are masked. Hugging Face's
libraries do not mask them, so the folder has no files for these: they would
translate worse than the figures below, and break placeholders.`;

export function filesAndUse(
  { beam, ids, lengthPenalty, shortlist, placeholders, sources }: ExportConfig,
): string {
  const isMasked = placeholders !== undefined;
  return `## Files

| file | is |
| --- | --- |
| \`fp32/translate.onnx\`, \`int8/translate.onnx\` | ids in, best translation out: encoder, decoder and beam search |
${isMasked ? OWN_FILES : SHARED_FILES}

## Translate
${
    sources === undefined ? "" : `
A sentence begins with the token of its language and a space:
${sources.map((language) => `\`${tokenOf(language)} \``).join(", ")}.
`
  }
\`\`\`python
${isMasked ? MASKING : ""}import numpy, onnxruntime, tokenizers

tokenizer = tokenizers.Tokenizer.from_file("tokenizer.json")
tokenizer.encode_special_tokens = True  # "</s>" in a text is no end of it
session = onnxruntime.InferenceSession("int8/translate.onnx")

def translate(line):
${
    isMasked
      ? "    line, found = masked(line.strip())\n    ids = tokenizer.encode(line).ids"
      : "    ids = tokenizer.encode(line.strip()).ids"
  }
    translation, score = session.run(["translation", "score"], {
        "source": numpy.array([ids], numpy.int64),
        "beam": numpy.array([${beam}], numpy.int64),
        "maximum_length": numpy.array([0], numpy.int64),
        "count": numpy.array([1], numpy.int64),
    })
    ${
    isMasked
      ? "return unmasked(tokenizer.decode(translation[0].tolist()).strip(), found)"
      : "return tokenizer.decode(translation[0].tolist()).strip()"
  }
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

${isMasked ? UNSHARED : SHARED}`;
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
