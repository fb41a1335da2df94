/** The command `convert`: a public model as the folder of an exported one. */
import { inputError, parse } from "../../../base/input_error.ts";
import { isName, NAME_LENGTH } from "../../../base/names.ts";
import { statIfThere } from "../../../base/stat.ts";
import { Languages } from "../../../schemas/experiment/data.ts";
import type { ModelDescriptor } from "../../../schemas/model_descriptor.ts";
import { Evaluation } from "../../../schemas/experiment/evaluation.ts";
import { command } from "../../command.ts";
import { EXIT } from "../../exit.ts";
import { load } from "../../load.ts";
import { argument, json, option, searchOptions } from "../../options.ts";

export default command({
  name: "convert",
  group: "share",
  summary: "a public model as ONNX files, without any training",
  needsPipeline: false,
  arguments: {
    model: argument(
      "<model>",
      "a folder of Marian's or Hugging Face's files, or a descriptor",
    ),
  },
  options: {
    from: option("<language>", "what it translates from, such as pt"),
    to: option("<language>", "what it translates to, such as en"),
    out: option<string>("<folder>", "a new folder", { isRequired: true }),
    name: option("<name>", "what it is called (default: its folder's name)"),
    licence: option("<terms>", "the terms of the model, for its card"),
    ...searchOptions,
    json,
  },
  examples: [
    ["tiny11 --from pt --to en --out exported", "for page, server and phones"],
  ],
  run: async ({ console }, { model, out, ...values }) => {
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
    const described = await descriptorOf(model);
    const convert = (folder: string) =>
      convertModel({
        model: folder,
        out,
        languages: languagesOf(values, described),
        name: values.name ?? described?.name,
        licence: values.licence ?? licenceOf(described),
        search,
      });
    const { config, format } = described === undefined
      ? await convert(model)
      : await fetched(described, (line) => console.err(line + "\n"), convert);
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

/**
 * The descriptor that a word names; undefined for a folder with the files of a model.
 *
 * @throws An input error for what is neither.
 */
async function descriptorOf(
  word: string,
): Promise<ModelDescriptor | undefined> {
  const isFolder = statIfThere(word)?.isDirectory ||
    word.includes("/") && !word.endsWith(".json");
  if (isFolder) {
    const { modelFiles } = await load<
      typeof import("../../../nmt/imported/files.ts")
    >(import.meta.resolve("../../../nmt/imported/files.ts"));
    modelFiles(word);
    return undefined;
  }
  const { readModelDescriptor } = await load<
    typeof import("../../../nmt/text/descriptors/models.ts")
  >(import.meta.resolve("../../../nmt/text/descriptors/models.ts"));
  return readModelDescriptor(word);
}

function languagesOf(
  { from, to }: { readonly from?: string; readonly to?: string },
  described: ModelDescriptor | undefined,
): Languages {
  const source = from ?? described?.languages.source;
  const target = to ?? described?.languages.target;
  if (source === undefined || target === undefined) {
    throw inputError(
      "Cannot convert a model without its languages: expected --from and --to, such as --from pt --to en.",
    );
  }
  return parse(Languages, { source, target }, "--from, --to");
}

/** The terms of a described model where they are stated and all the same. */
function licenceOf(described: ModelDescriptor | undefined): string | undefined {
  const licences = new Set(described?.files.map(({ licence }) => licence));
  const [licence] = licences;
  return licences.size === 1 && licence !== "not stated" ? licence : undefined;
}

async function fetched<Result>(
  descriptor: ModelDescriptor,
  log: (line: string) => void,
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  const { withModel } = await load<
    typeof import("../../../nmt/text/fetch/fetch_model.ts")
  >(import.meta.resolve("../../../nmt/text/fetch/fetch_model.ts"));
  return await withModel(descriptor, log, use);
}
