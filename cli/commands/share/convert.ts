/** The command `convert`: a public model as the folder of an exported one. */
import { inputError, parse } from "../../../base/input_error.ts";
import { isName, NAME_LENGTH } from "../../../base/names.ts";
import { Languages } from "../../../schemas/experiment/data.ts";
import { Evaluation } from "../../../schemas/experiment/evaluation.ts";
import { command } from "../../command.ts";
import { EXIT } from "../../exit.ts";
import { load } from "../../load.ts";
import { number, positive } from "../../option_values.ts";
import { argument, json, option } from "../../options.ts";

export default command({
  name: "convert",
  group: "share",
  summary: "a public model as ONNX files, without any training",
  needsPipeline: false,
  arguments: {
    model: argument(
      "<folder>",
      "Marian's .npz or .bin with its .spm, or a folder of Hugging Face's",
    ),
  },
  options: {
    from: option<string>("<language>", "what it translates from, such as pt", {
      isRequired: true,
    }),
    to: option<string>("<language>", "what it translates to, such as en", {
      isRequired: true,
    }),
    out: option<string>("<folder>", "a new folder", { isRequired: true }),
    name: option("<name>", "what it is called (default: its folder's name)"),
    licence: option("<terms>", "the terms of the model, for its card"),
    beam: option<number | undefined>("<n>", "hypotheses kept a sentence", {
      parse: positive,
    }),
    lengthPenalty: option<number | undefined>(
      "<exponent>",
      "exponent of the length",
      { parse: number },
    ),
    json,
  },
  examples: [
    ["tiny11 --from pt --to en --out exported", "for page, server and phones"],
  ],
  run: async ({ console }, { model, from, to, out, ...values }) => {
    const languages = parse(
      Languages,
      { source: from, target: to },
      "--from, --to",
    );
    const search = parse(
      Evaluation.pick({ beam: true, lengthPenalty: true }),
      { beam: values.beam, lengthPenalty: values.lengthPenalty },
      "--beam, --length-penalty",
    );
    if (values.name !== undefined && !isName(values.name)) {
      throw inputError(
        `Cannot call a model ${
          JSON.stringify(values.name)
        }: expected a name of at most ${NAME_LENGTH} printable characters.`,
      );
    }
    const { convertModel } = await load<
      typeof import("../../../nmt/export/convert.ts")
    >(import.meta.resolve("../../../nmt/export/convert.ts"));
    const { config, format } = await convertModel({
      model,
      out,
      languages,
      name: values.name,
      licence: values.licence,
      search,
    });
    const { parameters, bytes } = config;
    if (values.json) {
      console.out(JSON.stringify({ out, format, parameters, bytes }) + "\n");
      return EXIT.done;
    }
    const megabytes = (count: number) => `${(count / 1e6).toFixed(1)} MB`;
    console.out(
      `${format}: ${parameters.toLocaleString("en")} parameters, ` +
        `${megabytes(bytes.fp32)} in fp32, ${megabytes(bytes.int8)} in int8\n`,
    );
    console.err(
      `Translate with it: deno task translate --model ${out}/model.safetensors\n` +
        `On a page: deno task web --model ${out}; by HTTP: deno task serve --model ${out}\n`,
    );
    return EXIT.done;
  },
});
