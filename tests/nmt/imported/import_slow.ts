/** Imports what Marian and Transformers themselves write: numbers are what numpy reads, and translations are theirs. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { z } from "zod";
import { createTranslator } from "../../../nmt/decoding/beam_search.ts";
import { translateLines } from "../../../nmt/decoding/translate.ts";
import { importModel } from "../../../nmt/imported/import.ts";
import { readNpz } from "../../../nmt/imported/npz.ts";
import { partsOf } from "../../../nmt/imported/parts.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { readSafetensors } from "../../../nmt/tensor/safetensors.ts";
import { loadSubwords } from "../../../nmt/text/subwords/subwords.ts";
import type { Model } from "../../../schemas/experiment/model.ts";
import { random } from "../../../nmt/random.ts";
import { runPython, testWithPython } from "../../fixtures/python.ts";
import { withFolder } from "../fixtures/folder.ts";
import { type MadePiece, SPECIALS, spm } from "./made.ts";
import { LINES } from "./page_lines.ts";

/** A vocabulary of the lower-case letters. */
const PIECES: readonly MadePiece[] = [
  ...SPECIALS,
  ..."▁abcdefghijklmnopqrstuvwxyz",
].map((piece) => typeof piece === "string" ? [piece, -3] : piece);

/** Trains a little, writes what numpy reads of the model as safetensors, and translates. */
const MARIAN = `
import json, sys, os, numpy, pymarian
from safetensors.numpy import save_file
given = json.load(sys.stdin)
os.chdir(given["folder"])
out = os.dup(1); os.dup2(2, 1)
open("text", "w").write("\\n".join(given["lines"]) + "\\n")
pymarian.Trainer("--type transformer -t text text -v v.spm v.spm --dim-emb 16 --transformer-heads 2 --transformer-dim-ffn 24 "
  "--enc-depth 2 --dec-depth 2 --cpu-threads 1 --after-batches 100 --learn-rate 0.01 --mini-batch 64 --workspace 100 --seed 5 "
  "--label-smoothing 0 --quiet -m m.npz " + given["options"]).train()
read = numpy.load("m.npz")
save_file({name: read[name] for name in read.files if name != "special:model.yml"}, "numpy.safetensors")
translator = pymarian.Translator(models="m.npz", vocabs=["v.spm", "v.spm"], beam_size=1, normalize=0, cpu_threads=1, mini_batch=1,
  max_length_factor=3, quiet=True)
texts = [translator.translate(line) for line in given["lines"][:100]]
os.dup2(out, 1); print(json.dumps(texts))
`;

const RNN = "--transformer-decoder-autoreg rnn --dec-cell ssru";
const PRE =
  "--transformer-preprocess n --transformer-postprocess da --transformer-postprocess-top n";

const OPTIONS: readonly (readonly [string, Partial<Model>])[] = [
  [
    `${RNN} --tied-embeddings-all --transformer-ffn-activation relu`,
    { autoregression: "ssru", tiedEmbeddings: "all", activation: "relu" },
  ],
  [
    `${RNN} ${PRE} --tied-embeddings-src`,
    { norm: "pre", autoregression: "ssru", tiedEmbeddings: "input" },
  ],
  [
    "--output-omit-bias --transformer-ffn-activation swish",
    { norm: "post", tiedEmbeddings: "none", activation: "swish" },
  ],
  [
    "--tied-embeddings --transformer-ffn-depth 3",
    { feedForwardDepth: 3, tiedEmbeddings: "output" },
  ],
  // Marian itself decodes this one otherwise than it trained it: keys and values of earlier positions are not normalised.
  [
    `${PRE} --tied-embeddings-all`,
    { norm: "pre", autoregression: "self-attention" },
  ],
];

for (const [options, expected] of OPTIONS) {
  testWithPython(
    "pymarian, safetensors",
    `a model that Marian trains with ${options} translates as there`,
    (python) =>
      withFolder(async (folder) => {
        const files = ["m.npz", "v.spm", "numpy.safetensors", "tokenizer.json"];
        const [path, pieces, numpy, tokenizer] = files.map((name) =>
          join(folder, name)
        );
        Deno.writeFileSync(pieces, spm(PIECES));
        const theirs = z.array(z.string()).parse(
          await runPython(python, MARIAN, { folder, options, lines: LINES }),
        );
        const imported = importModel([path, pieces]);
        const { model } = imported;
        assertEquals({ ...model, ...expected }, model);
        const arrays = readNpz(partsOf(Deno.readFileSync(path)), "the model");
        const { tensors } = readSafetensors(numpy, "the model");
        const weights = [...arrays].filter(([name]) => name in tensors);
        assertEquals(arrays.size, weights.length + 1);
        assertEquals<unknown>(Object.fromEntries(weights), tensors);
        if (options.startsWith(PRE)) return;
        Deno.writeTextFileSync(tokenizer, imported.tokenizer.source);
        const translator = await createTranslator(
          await loadRuntime(),
          imported,
        );
        const ours = await translateLines(
          translator,
          await loadSubwords(tokenizer),
          LINES.slice(0, theirs.length),
          { beam: 1, lengthPenalty: 0 },
        );
        await translator.dispose();
        assert(new Set(theirs).size > 10, "the model says various things");
        // The two cut what does not end at another length.
        const differing = ours.flatMap((line, i) => {
          const other = theirs[i].trim();
          const length = Math.max(10, Math.min(line.length, other.length));
          return line.slice(0, length) === other.slice(0, length)
            ? []
            : [[line, other]];
        });
        assertEquals(differing, []);
      }),
  );
}

/** Makes models and decodes greedily, without padding. */
const TRANSFORMERS = `
import json, sys, os
given = json.load(sys.stdin)
out = os.dup(1); os.dup2(2, 1)
import torch
from transformers import MarianConfig, MarianMTModel
n = given["vocabulary"]
def decoded(folder, options):
  torch.manual_seed(1)
  model = MarianMTModel(MarianConfig(vocab_size=n, d_model=16, encoder_layers=2, decoder_layers=1, encoder_attention_heads=2,
    decoder_attention_heads=2, encoder_ffn_dim=24, decoder_ffn_dim=24, max_position_embeddings=32, init_std=1.0,
    pad_token_id=n - 1, eos_token_id=0, decoder_start_token_id=n - 1, forced_eos_token_id=0, activation_function="swish",
    **options)).eval()
  model.final_logits_bias.normal_()
  model.save_pretrained(folder)
  outputs = []
  for source in given["sources"]:
    target = [n - 1]
    while len(target) < 13:
      logits = model(input_ids=torch.tensor([source + [0]]), decoder_input_ids=torch.tensor([target])).logits[0, -1, :n - 1]
      target.append(int(logits.argmax()))
      if target[-1] == 0: break
    outputs.append([id for id in target[1:] if id != 0])
  return outputs
with torch.no_grad():
  outputs = [decoded(**model) for model in given["models"]]
os.dup2(out, 1); print(json.dumps(outputs))
`;

testWithPython(
  "transformers, torch",
  "models that Transformers writes translate as there, their embeddings tied or separate",
  (python) =>
    withFolder(async (root) => {
      const subwords = [...PIECES.map(([piece]) => piece), "<pad>"];
      const next = random("sources", 1);
      const below = (most: number) => Math.floor(most * next());
      const sources = Array.from(
        { length: 50 },
        () =>
          Array.from(
            { length: 1 + below(9) },
            () => 2 + below(PIECES.length - 2),
          ),
      );
      const models = [true, false].map((isTied) => ({
        folder: join(root, isTied ? "tied" : "separate"),
        options: {
          share_encoder_decoder_embeddings: isTied,
          tie_word_embeddings: isTied,
          scale_embedding: !isTied,
        },
      }));
      const decoded = z.array(z.array(z.array(z.int()))).parse(
        await runPython(python, TRANSFORMERS, {
          ...{ sources, models },
          vocabulary: subwords.length,
        }),
      );
      for (const [i, { folder, options }] of models.entries()) {
        const theirs = decoded[i];
        Deno.writeTextFileSync(
          join(folder, "vocab.json"),
          JSON.stringify(
            Object.fromEntries(subwords.map((piece, id) => [piece, id])),
          ),
        );
        for (const side of ["source", "target"]) {
          Deno.writeFileSync(join(folder, `${side}.spm`), spm(PIECES));
        }
        const imported = importModel(
          [...Deno.readDirSync(folder)].map(({ name }) => join(folder, name)),
        );
        const isTied = options.tie_word_embeddings;
        assertEquals(imported.model.tiedEmbeddings, isTied ? "all" : "none");
        assertEquals(imported.model.scaleEmbedding, !isTied);
        const translator = await createTranslator(
          await loadRuntime(),
          imported,
        );
        const ours = await translator.translate(
          sources.map((ids) => Int32Array.from(ids, (id) => imported.ids[id])),
          { beam: 1, lengthPenalty: 0, maximumLength: 12 },
        );
        await translator.dispose();
        const various = new Set(theirs.map(String)).size;
        assert(various > 5, `the model says ${various} things`);
        assertEquals(
          ours.map(({ ids }) => [...ids]),
          theirs.map((ids) => ids.map((id) => imported.ids[id])),
        );
      }
    }),
);
