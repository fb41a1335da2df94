/** The command `convert`: a public model as the folder of an exported one. */
import { basename, isAbsolute, join } from "@std/path";
import { inputError, parse } from "../../../base/input_error.ts";
import { quoted } from "../../../base/shell_word.ts";
import { isName, NAME_LENGTH } from "../../../base/names.ts";
import { Languages } from "../../../schemas/experiment/data.ts";
import type { ModelDescriptor } from "../../../schemas/model_descriptor.ts";
import { Evaluation } from "../../../schemas/experiment/evaluation.ts";
import { command } from "../../command.ts";
import { EXIT } from "../../exit.ts";
import { load } from "../../load.ts";
import {
  argument,
  json,
  negatedFlag,
  option,
  searchOptions,
} from "../../options.ts";

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
    shortlist: negatedFlag("leave out the short-list of Marian's, lex*.bin"),
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
    if (values.licence !== undefined) {
      const { checkLicence } = await load<
        typeof import("../../../nmt/text/descriptors/licences.ts")
      >(import.meta.resolve("../../../nmt/text/descriptors/licences.ts"));
      checkLicence(values.licence);
    }
    const { convertModel } = await load<
      typeof import("../../../nmt/export/convert.ts")
    >(import.meta.resolve("../../../nmt/export/convert.ts"));
    const { inFolder, licenceOf, publicModel } = await load<
      typeof import("../../../apps/public_model.ts")
    >(import.meta.resolve("../../../apps/public_model.ts"));
    const found = publicModel(model);
    const { descriptor: described } = found;
    const convert = (folder: string) =>
      convertModel({
        model: folder,
        out,
        languages: languagesOf(values, described),
        name: values.name,
        source: described,
        licence: values.licence ?? licenceOf(found),
        search,
        usesShortlist: values.shortlist,
      });
    const { config, format, shortlist } = await inFolder(
      found,
      (line) => console.err(line + "\n"),
      convert,
    );
    const { parameters, bytes } = config;
    if (values.json) {
      const made = { out, format, parameters, bytes, shortlist };
      console.out(JSON.stringify(made) + "\n");
      return EXIT.done;
    }
    const megabytes = (count: number) => `${(count / 1e6).toFixed(1)} MB`;
    console.out(
      `${format}: ${parameters.toLocaleString("en")} parameters, ` +
        `${megabytes(bytes.fp32)} in fp32, ${megabytes(bytes.int8)} in int8${
          shortlist === undefined ? "" : `, with ${basename(shortlist)}`
        }\n`,
    );
    // Without a path it could be the name of a node.
    const made = (name: string) =>
      quoted(isAbsolute(out) ? join(out, name) : `./${join(out, name)}`);
    console.err(
      `Translate with it: deno task translate --model ${
        made("model.safetensors")
      }\n` +
        `On a page: deno task web --model ${
          made("")
        }; by HTTP: deno task serve --model ${made("")}\n`,
    );
    return EXIT.done;
  },
});

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
