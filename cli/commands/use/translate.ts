/** The task `translate`: translates its arguments, or standard input line by line. */
import { inputError } from "../../../base/input_error.ts";
import { statIfThere } from "../../../base/stat.ts";
import { PROVIDERS } from "../../../schemas/experiment/runtime.ts";
import { command } from "../../command.ts";
import { linesOf } from "../../console/input_lines.ts";
import { load } from "../../load.ts";
import { suggestModels } from "../../models.ts";
import { positive } from "../../option_values.ts";
import {
  argument,
  artifacts,
  flag,
  negatedFlag,
  option,
  searchOptions,
} from "../../options.ts";

export default command({
  name: "translate",
  group: "use",
  summary: "translates text, or standard input line by line",
  needsPipeline: false,
  arguments: {
    text: argument("[text...]", "lines (default: those of standard input)"),
  },
  options: {
    model: option<string | undefined>(
      "<node>",
      "a node, a model file, or the folder of an export (default: best student)",
      { suggest: suggestModels },
    ),
    tokenizer: option("<file>", "the tokenizer of a model file"),
    from: option(
      "<language>",
      "the language of the text, for a model of several",
    ),
    split: flag("translates the sentences of a line one by one"),
    nBest: option<number | undefined>(
      "<n>",
      "prints the n best: line number, tab, translation",
      { parse: positive },
    ),
    scores: flag("prints log p / length before a translation, and a tab"),
    ...searchOptions,
    int8: flag("8-bit matrix products: faster, nearly the same"),
    shortlist: negatedFlag(
      "choose among all subwords, not those of a short-list",
    ),
    runtime: option<string>("<name>", Object.keys(PROVIDERS).join(", "), {
      default: "onnx",
      suggest: { values: () => Object.keys(PROVIDERS), files: false },
    }),
    provider: option<string>("<name>", "cpu, webgpu or cuda", {
      default: "cpu",
      suggest: { values: () => PROVIDERS.onnx, files: false },
    }),
    artifacts,
  },
  examples: [
    ['"Olá mundo"', "with the best student"],
    ["< source.txt > target.txt", "line by line"],
    ["--split < article.txt", "of lines with several sentences"],
    ["--model student:rkd --int8", "with another model, in 8 bits"],
    ["--model ./rkd --n-best 3 --scores", "with an exported one in a folder"],
  ],
  run: async ({ console }, { text, ...options }) => {
    const lines = text.length > 0
      ? linesIn(text)
      : linesOf(Deno.stdin.readable);
    const { runTranslation } = await load<
      typeof import("../../apps/translate.ts")
    >(import.meta.resolve("../../apps/translate.ts"));
    return await runTranslation(console, lines, options);
  },
});

/** The lines of the arguments; the name of a file is refused, as its text is probably meant. */
function linesIn(text: readonly string[]): AsyncGenerator<string> {
  for (const argument of text) {
    if (!statIfThere(argument)?.isFile) continue;
    throw inputError(
      `Cannot translate "${argument}" as text: it is a file; give what is in it by "< ${argument}", or give the text by standard input.`,
    );
  }
  return (async function* () {
    yield* text.flatMap((argument) => argument.split(/\r?\n/));
  })();
}
