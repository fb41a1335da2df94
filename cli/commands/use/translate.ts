/** The task `translate`: translates standard input line by line. */
import { inputError, parse } from "../../../base/input_error.ts";
import { Evaluation } from "../../../schemas/experiment/evaluation.ts";
import { PROVIDERS, Runtime } from "../../../schemas/experiment/runtime.ts";
import { command } from "../../command.ts";
import { linesOf } from "../../console/input_lines.ts";
import { EXIT } from "../../exit.ts";
import { artifactFolder } from "../../experiment.ts";
import { load } from "../../load.ts";
import { loadModels, printModels, suggestModels } from "../../models.ts";
import {
  artifacts,
  flag,
  negatedFlag,
  option,
  searchOptions,
} from "../../options.ts";

export default command({
  name: "translate",
  group: "use",
  summary: "translates standard input line by line to standard output",
  needsPipeline: false,
  options: {
    model: option<string | undefined>(
      "<node>",
      "a node or a model file (default: best student)",
      { suggest: suggestModels },
    ),
    tokenizer: option("<file>", "the tokenizer of a model file"),
    ...searchOptions,
    int8: flag("8-bit matrix products: faster, nearly the same"),
    shortlist: negatedFlag(
      "choose among all subwords, not those of a short-list",
    ),
    runtime: option<string>("<name>", "onnx, tensorflow or reference", {
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
    ["< source.txt > target.txt", "line by line, with the best student"],
    ["--model student:rkd --int8", "with another one, in 8 bits"],
  ],
  run: async ({ console }, values) => {
    const { runtime: name, provider, int8 } = values;
    const defaults = Evaluation.parse({});
    const runtime = parse(Runtime, { name, provider }, "--runtime, --provider");
    if (int8 && (runtime.name !== "onnx" || runtime.provider !== "cpu")) {
      throw inputError(
        `Cannot use --int8 with runtime ${name} on ${provider}: only onnx on cpu has 8-bit matrix products; leave one of them out.`,
      );
    }
    const { findModel } = await loadModels();
    const { note, ...model } = findModel(
      artifactFolder(values.artifacts),
      values,
    );
    printModels(console, values.artifacts, values.model, note);
    const { translateStream } = await load<
      typeof import("../../../nmt/decoding/translate.ts")
    >(import.meta.resolve("../../../nmt/decoding/translate.ts"));
    await translateStream({
      ...model,
      shortlistPath: values.shortlist ? model.shortlistPath : undefined,
      runtime,
      precision: int8 ? "int8" : "float32",
      beam: values.beam ?? defaults.beam,
      lengthPenalty: values.lengthPenalty ?? defaults.lengthPenalty,
      lines: linesOf(Deno.stdin.readable),
      write: (line: string) => console.out(line + "\n"),
    });
    return EXIT.done;
  },
});
