/** An exported model for programs: its folder is opened once, then it translates lines. */
import type {
  ExportConfig,
  ExportPrecision,
} from "../schemas/exported_model.ts";
import { checkBeam } from "./beam.ts";
import { damagedGraph, graphIn, readExport, tokenizerIn } from "./models.ts";
import { markingOf } from "./source_language.ts";
import type { Translator } from "../nmt/decoding/beam_search.ts";
import { translateLines } from "../nmt/decoding/translate.ts";
import { openTranslation } from "../nmt/export/translator.ts";
import { loadSubwords, type Subwords } from "../nmt/text/subwords/subwords.ts";

/** A model that is open; dispose of it when it is not needed any more. */
export interface ExportedModel extends AsyncDisposable {
  readonly config: ExportConfig;
  readonly translator: Translator;
  readonly subwords: Subwords;
}

/**
 * Opens the folder of an exported model, as `get export:NAME --out` and `convert` write it.
 *
 * @param precision `fp32`, or `int8` for a quarter of the size and nearly the same translations
 * @throws an input error where the folder has no exported model, or a damaged one
 */
export async function loadModel(
  folder: string,
  { precision = "fp32", threads }: {
    readonly precision?: ExportPrecision;
    readonly threads?: number;
  } = {},
): Promise<ExportedModel> {
  const config = readExport(folder);
  const graph = graphIn(folder, precision, config);
  const subwords = await loadSubwords(tokenizerIn(folder, config));
  const translator = await openTranslation(graph, { threads })
    .catch((error: Error) => {
      throw damagedGraph(graph, error.message);
    });
  return {
    ...{ config, translator, subwords },
    [Symbol.asyncDispose]: () => translator.dispose(),
  };
}

/**
 * Translates lines of one sentence each; a line of white space gives an empty line.
 *
 * @param beam hypotheses kept a sentence, from 1 to 64, by default as many as the model was measured with
 * @param from the language of the lines, where the model translates from several
 * @throws an input error for another beam, or one that names a line with too many subwords, before any is translated
 *
 * @example
 * ```ts
 * import { assertMatch } from "@std/assert";
 * import { loadModel, translate } from "@ckd/ckd";
 * import { trainedStudent } from "../tests/fixtures/trained.ts";
 *
 * const { exported: folder } = await trainedStudent();
 * await using model = await loadModel(folder);
 * const [english] = await translate(model, ["o gato vê 3 livros"], { beam: 2 });
 * assertMatch(english, /^the .*3 /);
 * ```
 */
export async function translate(
  { config, translator, subwords }: ExportedModel,
  lines: readonly string[],
  { beam = config.beam, from }: {
    readonly beam?: number;
    readonly from?: string;
  } = {},
): Promise<string[]> {
  checkBeam(beam);
  const { mark } = markingOf(
    subwords.languages,
    from,
    config.languages.source,
  );
  const { lengthPenalty } = config;
  const search = { beam, lengthPenalty };
  return await translateLines(translator, subwords, lines.map(mark), search);
}
