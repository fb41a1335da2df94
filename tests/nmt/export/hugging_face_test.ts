/** The files for Hugging Face's libraries: their special subwords, which no text of this project becomes. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { Tokenizer } from "tokenizers";
import { sharedTokenizer } from "../../../nmt/export/hugging_face.ts";
import {
  loadSubwords,
  trainSubwords,
} from "../../../nmt/text/subwords/subwords.ts";
import { importModel } from "../../../nmt/imported/import.ts";
import { modelFiles } from "../../../nmt/imported/files.ts";
import { createSubwords } from "../../../apps/web/page/model/subwords.ts";
import { Model } from "../../../schemas/experiment/model.ts";
import { BOS, EOS, PAD } from "../../../schemas/experiment/vocabulary.ts";
import { withFolder } from "../fixtures/folder.ts";
import { writeMarianFolder } from "../imported/marian_folder.ts";

const TEXTS = ["Guardar", "o gato", "</s>", "<pad> a <s>"];

/** The `tokenizer.json` of subwords that are learnt here, and of an imported model. */
const KINDS: Readonly<Record<string, (folder: string) => Promise<string>>> = {
  learnt: async (folder) => {
    const path = join(folder, "learnt.json");
    await trainSubwords(["Guardar o gato", "Save the cat </s>"], 270, path);
    return Deno.readTextFileSync(path);
  },
  imported: (folder) => {
    const model = join(folder, "marian");
    writeMarianFolder(model);
    return Promise.resolve(importModel(modelFiles(model)).tokenizer.source);
  },
};

for (const [kind, written] of Object.entries(KINDS)) {
  Deno.test(`${kind} subwords for others know the special ones: padding is not decoded, and a sentence gets its end`, () =>
    withFolder(async (folder) => {
      const { path, text, config } = await shared(folder, written);
      const tokenizer = Tokenizer.fromFile(path);
      const ids = (await tokenizer.encode("o gato")).getIds();
      assertEquals(ids.at(-1), EOS);
      assertEquals(ids.filter((id) => id <= EOS), [EOS]);
      const padded = [BOS, ...ids, PAD, PAD];
      assertEquals((await tokenizer.decode(padded, true)).trim(), "o gato");
      const added: { id: number; content: string; special: boolean }[] =
        JSON.parse(text).added_tokens;
      assertEquals(added.map(({ id }) => id), [PAD, BOS, EOS]);
      assert(added.every(({ special }) => special));
      assertEquals(
        added.map(({ content }) => content),
        [config.pad_token, config.bos_token, config.eos_token],
      );
      assertEquals(
        added.map(({ content }) => tokenizer.tokenToId(content)),
        [PAD, BOS, EOS],
      );
    }));

  Deno.test(`no text becomes a special subword of the ${kind} ones here or on the page, though others know them`, () =>
    withFolder(async (folder) => {
      const { path, text, before } = await shared(folder, written);
      const own = await loadSubwords(path);
      const expected = await (await loadSubwords(before)).encode(TEXTS);
      assertEquals(await own.encode(TEXTS), expected);
      const page = createSubwords(JSON.parse(text));
      assertEquals(
        TEXTS.map((line) => page.encode(line, "pt")),
        expected.map((ids) => [...ids]),
      );
      assert(expected.every((ids) => ids.every((id) => id > EOS)));
    }));
}

async function shared(
  folder: string,
  written: (folder: string) => Promise<string>,
) {
  const original = await written(folder);
  const { tokenizer, config } = sharedTokenizer(original, {
    model: Model.parse({}),
    vocabulary: 270,
    ids: { pad: PAD, bos: BOS, eos: EOS, unk: null },
    maximumLength: 1023,
    beam: 5,
    lengthPenalty: 1,
  });
  const before = join(folder, "before.json"), path = join(folder, "after.json");
  Deno.writeTextFileSync(before, original);
  Deno.writeTextFileSync(path, tokenizer);
  return { before, path, text: tokenizer, config };
}
