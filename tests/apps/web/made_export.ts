/** Exported models for tests of what is built of them: whole folders, in which only the graph is none. */
import { join } from "@std/path";
import { statIfThere } from "../../../base/stat.ts";
import { ExportConfig } from "../../../schemas/exported_model.ts";
import { Model } from "../../../schemas/experiment/model.ts";

export interface Made {
  readonly system?: string;
  readonly source?: string;
  readonly target?: string;
  /** BLEU in 8 bits. */
  readonly bleu?: number;
  readonly licence?: string;
  /** What the graph's file says. */
  readonly graph?: string;
}

/** Writes an exported model to a folder, and returns its path. */
export function makeExport(
  folder: string,
  {
    system = "rkd",
    source = "pt",
    target = "en",
    bleu = 30,
    licence = "MIT",
    graph = "graph",
  }: Made = {},
): string {
  /** Writes the graph of a precision where there is none; its bytes. */
  const graphBytes = (precision: string) => {
    const path = join(folder, precision, "translate.onnx");
    Deno.mkdirSync(join(folder, precision), { recursive: true });
    if (!statIfThere(path)) {
      Deno.writeTextFileSync(path, `${graph} ${precision}`);
    }
    return Deno.statSync(path).size;
  };
  const config: ExportConfig = ExportConfig.parse({
    schema: 1,
    system,
    languages: { source, target },
    model: Model.parse({}),
    parameters: 1000,
    vocabulary: 300,
    ids: { pad: 0, bos: 1, eos: 2, unk: null },
    maximumLength: 1023,
    beam: 5,
    lengthPenalty: 1,
    quality: {
      fp32: { bleu: bleu + 1, chrf: 50 },
      int8: { bleu, chrf: 50 },
      signature: "nrefs:1",
    },
    bytes: { fp32: graphBytes("fp32"), int8: graphBytes("int8") },
    licences: [{ data: "captions", licence }],
  });
  const write = (name: string, text: string) =>
    Deno.writeTextFileSync(join(folder, name), text);
  write("config.json", JSON.stringify(config));
  write("tokenizer.json", '{"model": {}}');
  write("README.md", `# ${system}: ${source} to ${target}\n`);
  return folder;
}
