/** Times the tokenizing of real pairs as the tokenize stage does it, from a file to packed ids. */
import { loadSubwords } from "../../nmt/text/subwords/subwords.ts";
import { tokenize } from "../../nmt/text/subwords/tokenize.ts";
import { numbers, preparedFile, report } from "../figures.ts";

const { threads } = numbers({});
// Before the library starts its threads.
Deno.env.set("RAYON_NUM_THREADS", String(threads));
const subwords = await loadSubwords(preparedFile("tokenizer.json"));
const started = performance.now();
const path = preparedFile("train.tsv");
const { tokens } = await tokenize(path, subwords, 1000, "bench");
const seconds = (performance.now() - started) / 1000;
await report(
  { pairs_per_s: tokens.pairs / seconds },
  threads,
  "tokenizers from Deno",
);
