/** The exported models of a build: what the page shows of each, and the files that it needs. */
import { join } from "@std/path";
import { statIfThere } from "../../base/stat.ts";
import { sha256 } from "../../engine/files/hash.ts";
import { inputError } from "../../base/input_error.ts";
import type { ExportPrecision } from "../../schemas/exported_model.ts";
import {
  narrowest,
  parseLicence,
} from "../../nmt/text/descriptors/licences.ts";
import {
  checkGraph,
  graphPath,
  hashOf,
  readExport,
  tokenizerIn,
} from "../models.ts";
import type { SiteModel } from "./page/site.ts";

export interface Exported {
  readonly model: SiteModel;
  /** By their paths in the build. */
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/** The models of some folders, as `deno task pipeline run export:NAME` writes them; of each direction the teacher is last. */
export function readModels(
  folders: readonly string[],
  precision: ExportPrecision,
): Exported[] {
  const taken = new Set<string>();
  const idOf = (wanted: string) => {
    let id = wanted;
    for (let i = 2; taken.has(id); i++) id = `${wanted}-${i}`;
    taken.add(id);
    return id;
  };
  const models = [...new Set(folders)].flatMap((folder) =>
    readModel(folder, precision, idOf)
  );
  const direction = ({ model: { languages } }: Exported) =>
    `${languages.source} ${languages.target}`;
  const isTeacher = ({ model }: Exported) => Number(model.system === "teacher");
  return [...Map.groupBy(models, direction).values()].flatMap((group) =>
    group.toSorted((a, b) => isTeacher(a) - isTeacher(b))
  );
}

/** A model, once for each of its source languages. */
function readModel(
  folder: string,
  precision: ExportPrecision,
  idOf: (wanted: string) => string,
): Exported[] {
  const config = readExport(folder);
  const { system, languages, parameters, beam, lengthPenalty } = config;
  const { maximumLength, ids, vocabulary } = config;
  const card = join(folder, "README.md");
  if (!statIfThere(card)?.isFile) {
    throw inputError(
      `Cannot use the exported model "${folder}": expected README.md in it, found none; export it again.`,
    );
  }
  // A name may have any signs, an address may not, and points alone lead elsewhere.
  const name = system.replace(/[^\w.@-]+/g, "_").replace(/^\.*$/, "_");
  const idFrom = (source: string) =>
    idOf(`${source}-${languages.target}/${name}`);
  const id = idFrom(languages.source);
  const subwords = Deno.readFileSync(tokenizerIn(folder, config));
  const graphFile = graphPath(folder, precision);
  const graph = Deno.readFileSync(graphFile);
  checkGraph(graphFile, hashOf(graph), precision, config);
  const paths = {
    graph: `models/${id}/translate.onnx`,
    // Models of one experiment have theirs in common.
    tokenizer: `tokenizers/${sha256(subwords).slice(0, 16)}.json`,
    card: `models/${id}/card.txt`,
  };
  const model: SiteModel = {
    ...{ id, system, languages, precision, parameters, vocabulary },
    bleu: config.quality?.[precision].bleu,
    ...{ beam, lengthPenalty, maximumLength },
    ...{ end: ids.eos, padding: ids.pad, unknown: ids.unk },
    ...paths,
    licences: config.licences,
    use: narrowest(
      config.licences.map(({ licence }) => parseLicence(licence)),
    ),
  };
  const files = new Map([
    [paths.graph, graph],
    [paths.tokenizer, subwords],
    [paths.card, Deno.readFileSync(card)],
  ]);
  const further = (config.sources ?? [])
    .filter((source) => source !== languages.source)
    .map((source) => ({
      model: {
        ...{ ...model, id: idFrom(source), bleu: undefined },
        languages: { ...languages, source },
      },
      files,
    }));
  return [{ model, files }, ...further];
}
