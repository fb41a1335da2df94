/** Translating lines of text. */
import { assert, assertStringIncludes } from "@std/assert";
import { createTranslator } from "../../../nmt/decoding/beam_search.ts";
import {
  checkVocabulary,
  translateLines,
} from "../../../nmt/decoding/translate.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import {
  loadSubwords,
  trainSubwords,
} from "../../../nmt/text/subwords/subwords.ts";
import { modelFiles } from "./model_files.ts";
import { refusal } from "../fixtures/refusal.ts";

Deno.test("a line break that the model says is a space", async () => {
  await using model = await modelFiles(({ model, vocabulary, weights }) => {
    // Nothing but the last id decides: "a" follows a line break, and a line break "a".
    const empty = Object.fromEntries(
      Object.entries(weights).map((
        [name, values],
      ) => [name, new Float32Array(values.length)]),
    );
    empty["decoder.norm.gain"].fill(-1);
    return { model, vocabulary, weights: empty };
  });
  const { vocab } =
    JSON.parse(await Deno.readTextFile(model.tokenizerPath)).model;
  const { width } = model.saved.model;
  model.saved.weights.embedding[vocab["a"] * width] = 5;
  model.saved.weights.embedding[vocab["Ċ"] * width] = -5;
  const translator = await createTranslator(await loadRuntime(), model.saved);
  const subwords = await loadSubwords(model.tokenizerPath);
  const [line] = await translateLines(translator, subwords, ["1"], {
    beam: 1,
    lengthPenalty: 1,
  });
  await translator.dispose();
  assertStringIncludes(line, "a a a a");
  assert(!line.includes("\n"));
});

Deno.test("another model's tokenizer is an input error", async () => {
  await using model = await modelFiles();
  await trainSubwords(["the file", "the folder"], 262, model.tokenizerPath);
  const subwords = await loadSubwords(model.tokenizerPath);
  assertStringIncludes(
    await refusal(() => checkVocabulary(model.saved, subwords)),
    "it has 300 subwords and its tokenizer 262",
  );
});
