/** A short-list in Marian itself and here: the same translations of a model that Marian trains. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { z } from "zod";
import { createTranslator } from "../../../nmt/decoding/beam_search.ts";
import { translateLines } from "../../../nmt/decoding/translate.ts";
import { exportedGraphs } from "../../../nmt/export/graphs.ts";
import { openTranslation } from "../../../nmt/export/translator.ts";
import { importModel } from "../../../nmt/imported/import.ts";
import { readMarianShortlist } from "../../../nmt/shortlist/marian.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { loadSubwords } from "../../../nmt/text/subwords/subwords.ts";
import { runPython, testWithPython } from "../../fixtures/python.ts";
import { withFolder } from "../fixtures/folder.ts";
import { type MadePiece, SPECIALS, spm } from "../imported/made.ts";
import { LINES } from "../imported/page_lines.ts";
import { marianFile } from "./made_shortlist.ts";

/** Marian fills candidates up to a multiple of so many with ids of no meaning, so that lists here are blocks of so many. */
const BLOCK = 8;

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
/** Each block has a few letters, the first one the space, and then letters of another script. */
const PIECES: readonly MadePiece[] = [
  [...SPECIALS, "▁"],
  ...LETTERS.match(/.{1,3}/g) ?? [],
].flatMap((pieces, block) => [
  ...pieces,
  ...Array.from(
    { length: BLOCK - pieces.length },
    (_, i) => String.fromCodePoint(0x4e00 + BLOCK * block + i),
  ),
]).map((piece) => typeof piece === "string" ? [piece, -3] : piece);

/** Trains a little, and translates with the short-list and without, which are read from other folders. */
const MARIAN = `
import json, sys, os, pymarian
given = json.load(sys.stdin)
os.chdir(given["folder"])
out = os.dup(1); os.dup2(2, 1)
open("text", "w").write("\\n".join(given["lines"]) + "\\n")
pymarian.Trainer("--type transformer -t text text -v v.spm v.spm --dim-emb 16 --transformer-heads 2 --transformer-dim-ffn 24 "
  "--enc-depth 2 --dec-depth 2 --transformer-decoder-autoreg rnn --dec-cell ssru --tied-embeddings-all --cpu-threads 1 "
  "--after-batches 100 --learn-rate 0.01 --mini-batch 64 --workspace 100 --seed 5 --label-smoothing 0 --quiet -m m.npz").train()
def texts(options):
  translator = pymarian.Translator("--models m.npz --vocabs v.spm v.spm --beam-size 1 --normalize 0 --cpu-threads 1 --mini-batch 1 "
    "--max-length-factor 3 --quiet" + options)
  return [translator.translate(line) for line in given["lines"][:100]]
found = [texts(" --shortlist lex.bin 1"), texts("")]
os.dup2(out, 1); print(json.dumps(found))
`;

testWithPython(
  "pymarian",
  "with a short-list, search and graph say what Marian says with it",
  (python) =>
    withFolder(async (folder) => {
      const [path, pieces, list, tokenizer, graph] = [
        ...["m.npz", "v.spm", "lex.bin", "tokenizer.json", "translate.onnx"],
      ].map((name) => join(folder, name));
      Deno.writeFileSync(pieces, spm(PIECES));
      const blocks = PIECES.length / BLOCK;
      const lists = PIECES.map((_, id) => {
        const own = Math.floor(id / BLOCK);
        const other = (own + id) % blocks;
        return [...new Set([own, other])].sort((a, b) => a - b).flatMap(
          (block) => Array.from({ length: BLOCK }, (_, i) => BLOCK * block + i),
        );
      });
      Deno.writeFileSync(list, marianFile({ first: BLOCK, lists }));
      const [theirs, free] = z.array(z.array(z.string())).parse(
        await runPython(python, MARIAN, { folder, lines: LINES }),
      );
      const imported = importModel([path, pieces]);
      const shortlist = readMarianShortlist(list, imported);
      Deno.writeTextFileSync(tokenizer, imported.tokenizer.source);
      const subwords = await loadSubwords(tokenizer);
      const { translate } = exportedGraphs(imported, "float32", 0, shortlist);
      Deno.writeFileSync(graph, translate);
      for (
        const translator of [
          await createTranslator(await loadRuntime(), imported, { shortlist }),
          await openTranslation(graph),
        ]
      ) {
        const ours = await translateLines(
          translator,
          subwords,
          LINES.slice(0, theirs.length),
          { beam: 1, lengthPenalty: 0 },
        );
        await translator.dispose();
        // The two cut what does not end at another length.
        const differing = ours.flatMap((line, i) => {
          const other = theirs[i].trim();
          const length = Math.max(10, Math.min(line.length, other.length));
          return line.slice(0, length) === other.slice(0, length)
            ? []
            : [[line, other]];
        });
        assertEquals(differing, []);
      }
      assert(new Set(theirs).size > 10, "the model says various things");
      const changed = theirs.filter((line, i) => line !== free[i]).length;
      assert(changed > 5, `the short-list changes ${changed} translations`);
    }),
);
