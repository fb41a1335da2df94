/** The stage that makes a short-list, and the export that has it inside. */
import { assert, assertEquals } from "@std/assert";
import { readShortlist } from "../../nmt/shortlist/shortlist.ts";
import {
  loadSubwords,
  trainSubwords,
} from "../../nmt/text/subwords/subwords.ts";
import { packSide, writeTokens } from "../../nmt/text/subwords/tokens.ts";
import { saveModel } from "../../nmt/transformer/checkpoint.ts";
import { Data } from "../../schemas/experiment/data.ts";
import { Evaluation } from "../../schemas/experiment/evaluation.ts";
import { ExportConfig } from "../../schemas/exported_model.ts";
import exportStage from "../../stages/export.ts";
import shortlistStage from "../../stages/shortlist.ts";
import { withFolder } from "../nmt/fixtures/folder.ts";
import { randomModel } from "../nmt/fixtures/plain_search.ts";
import { stageContext } from "../nmt/fixtures/stage_context.ts";

const NAMES = ["red", "green", "blue", "black", "white"];
const PAIRS = Array.from({ length: 60 }, (_, i) => {
  const [one, other] = [NAMES[i % 5], NAMES[(i + 1 + i % 3) % 5]];
  return [`x${one} x${other}`, `${one} and ${other}`];
});

Deno.test("the short-list of a corpus has what translates a subword, and the export chooses among it", () =>
  withFolder(async (folder) => {
    const path = (name: string) => `${folder}/${name}`;
    const tokenizer = path("tokenizer.json"), train = path("train");
    await trainSubwords(PAIRS.flat(), 290, tokenizer);
    const subwords = await loadSubwords(tokenizer);
    const [source, target] = await Promise.all(
      [0, 1].map(async (side) =>
        packSide(await subwords.encode(PAIRS.map((pair) => pair[side])))
      ),
    );
    writeTokens(train, { source, target, pairs: PAIRS.length });
    const passes: number[] = [];
    const { metrics } = await shortlistStage.run({
      config: { first: 2, best: 1 },
      ...stageContext(folder, ({ done }) => passes.push(done)),
      inputs: { tokens: { tokenizer, train } },
      outputs: { shortlist: path("shortlist") },
    });
    const shortlist = readShortlist(path("shortlist"), subwords.size);
    assertEquals(metrics, { ids: shortlist.ids.length });
    assertEquals(passes.length, 6);
    const frequent = await subwords.decode([shortlist.frequent]);
    assert(frequent[0].includes("and"), frequent[0]);
    assert(shortlist.ids.length > 5);

    saveModel(path("model"), randomModel(subwords.size, 1));
    Deno.writeTextFileSync(
      path("test.tsv"),
      PAIRS.slice(0, 5).map((pair) => pair.join("\t") + "\n").join(""),
    );
    const folders = [{ shortlist: path("shortlist") }, undefined].map(
      async (shortlist, i) => {
        const out = path(`export ${i}`);
        Deno.mkdirSync(out);
        await exportStage.run({
          config: {
            system: "rkd",
            languages: { source: "pt", target: "en" },
            data: Data.parse({ train: path("test.tsv") }),
            evaluation: Evaluation.parse({ beam: 2 }),
          },
          ...stageContext(folder),
          inputs: {
            model: { model: path("model") },
            tokens: { tokenizer },
            corpus: { test: path("test.tsv") },
            ...shortlist && { shortlist },
          },
          outputs: { folder: out },
        });
        return ExportConfig.parse(
          JSON.parse(Deno.readTextFileSync(`${out}/config.json`)),
        );
      },
    );
    const [listed, plain] = await Promise.all(folders);
    assertEquals(listed.shortlist, {
      frequent: shortlist.frequent.length,
      longest: 1,
    });
    assertEquals(plain.shortlist, undefined);
    assert(listed.bytes.int8 > plain.bytes.int8);
  }));
