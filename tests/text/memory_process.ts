/** Runs the stage corpus or tokenize on a folder's files in a process of its own, and prints its peak memory in bytes. */
import { join } from "@std/path";
import { Corpus, Data } from "../../schemas/data.ts";
import { Vocabulary } from "../../schemas/vocabulary.ts";
import corpusStage from "../../stages/corpus.ts";
import tokenizeStage from "../../stages/tokenize.ts";

const [stage, folder] = Deno.args;
const path = (name: string) => join(folder, name);
const common = {
  seed: 1,
  work: folder,
  log: () => {},
  progress: () => {},
};
const parts = { train: path("train.tsv"), validation: path("validation.tsv") };
if (stage === "corpus") {
  await corpusStage.run({
    ...common,
    config: {
      data: Data.parse({ train: path("pairs") }),
      languages: { source: "pt", target: "en" },
      corpus: Corpus.parse({}),
    },
    // As fetch leaves the user's file: by the name of the part.
    files: {},
    inputs: { files: { files: path("files") } },
    outputs: { ...parts, test: path("test.tsv"), report: path("report.json") },
  });
} else {
  await tokenizeStage.run({
    ...common,
    config: Vocabulary.parse({ size: 400 }),
    files: {},
    inputs: { corpus: parts },
    outputs: {
      tokenizer: path("tokenizer.json"),
      train: path("train.safetensors"),
      validation: path("validation.safetensors"),
    },
  });
}
const status = await Deno.readTextFile("/proc/self/status");
console.log(1024 * Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]));
