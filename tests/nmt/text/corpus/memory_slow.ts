/** Tests that the memory of corpus, tokenize and monolingual does not grow with the text, in processes of their own. */
import { assert } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { random } from "../../../../nmt/random.ts";
import { readTokens } from "../../../../nmt/text/subwords/tokens.ts";
import { withFolder } from "../../fixtures/folder.ts";

const PROCESS = fromFileUrl(
  new URL("../fixtures/memory_process.ts", import.meta.url),
);
const PAIRS = 100_000;
const MEGABYTES = 2 ** 20;
/** A heap that must do; without a limit V8 lets garbage lie for as long as a machine has memory. */
const HEAP = "--v8-flags=--max-old-space-size=64";

/** Lines of about 300 bytes, pairs or sentences, each different from every other. */
async function writeLines(path: string, between: string): Promise<void> {
  const next = random("memory", between.charCodeAt(0));
  const syllables = ["ba", "de", "ki", "lo", "nu", "ra", "sã", "ti"];
  const word = () =>
    syllables[Math.floor(8 * next())] + syllables[Math.floor(8 * next())] +
    syllables[Math.floor(8 * next())];
  const side = () => Array.from({ length: 22 }, word).join(" ");
  const pieces = function* () {
    for (let done = 0; done < PAIRS; done += 1000) {
      yield Array.from({ length: 1000 }, () => `${side()}${between}${side()}\n`)
        .join("");
    }
  };
  await Deno.writeTextFile(path, ReadableStream.from(pieces()));
}

async function peakOf(stage: string, folder: string): Promise<number> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", HEAP, PROCESS, stage, folder],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return Number(new TextDecoder().decode(stdout)) / MEGABYTES;
}

Deno.test({
  name:
    "100,000 pairs of 30 MB pass corpus and tokenize, and as many sentences monolingual, and the text is never in memory" +
    (Deno.build.os === "linux" ? "" : " (skipped: peaks are read on Linux)"),
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withFolder(async (folder) => {
      await Deno.mkdir(join(folder, "files"));
      await writeLines(join(folder, "files", "train"), "\t");
      await writeLines(join(folder, "sentences"), " ");
      const corpus = await peakOf("corpus", folder);
      const tokenize = await peakOf("tokenize", folder);
      const monolingual = await peakOf("monolingual", folder);
      const { pairs } = readTokens(join(folder, "train.safetensors"));
      assert(pairs > PAIRS - 1560 && pairs <= PAIRS - 1500);
      assert(corpus < 200, `corpus took ${corpus} MB`);
      assert(tokenize < 400, `tokenize took ${tokenize} MB`);
      const found = readTokens(join(folder, "monolingual.safetensors"));
      assert(found.pairs > 0.9 * PAIRS, `${found.pairs} sentences`);
      assert(monolingual < 400, `monolingual took ${monolingual} MB`);
    }),
});
