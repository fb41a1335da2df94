/** Tokens of Multi30k, German to English, made by the project's own stages, to compare trainings on. */
import { join } from "@std/path";
import { statIfThere } from "../../base/stat.ts";
import { ROOT } from "../../engine/keys/project.ts";
import { openWorkspace } from "../../engine/store/workspace.ts";
import { readTokens, type Tokens } from "../../nmt/text/subwords/tokens.ts";
import { corpora } from "../corpora.ts";

export interface TextSizes {
  /** Subwords. */
  readonly vocabulary: number;
  /** Pairs to train on; all of them unless given. */
  readonly pairs?: number;
}

/** The files of a part of Multi30k. */
function filesOf(part: "train" | "val") {
  const file = (language: string) =>
    join(corpora(), "multi30k", `${part}.${language}.gz`);
  return { source: file("de"), target: file("en") };
}

/** What is missing of the text and how to name it, in a sentence; nothing where all is there. */
export function missingText(): string | undefined {
  const paths = (["train", "val"] as const).flatMap((part) =>
    Object.values(filesOf(part))
  );
  const path = paths.find((path) => statIfThere(path)?.isFile !== true);
  return path &&
    `"${path}" is not there; name the folder that holds multi30k/ with CKD_BENCH_CORPUS`;
}

/** Runs the stages from the files to the tokens, in a folder of their own that is gone afterwards. */
export async function readText(
  { vocabulary, pairs }: TextSizes,
): Promise<Tokens> {
  const folder = await Deno.makeTempDir({ prefix: "ckd-parity-" });
  try {
    const experiment = join(folder, "parity.jsonc");
    const artifacts = join(folder, "artifacts");
    await Deno.writeTextFile(
      experiment,
      JSON.stringify({
        languages: { source: "de", target: "en" },
        data: { train: filesOf("train"), validation: filesOf("val") },
        corpus: { trainLimit: pairs, test: 1 },
        vocabulary: { size: vocabulary },
        students: {},
      }),
    );
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--allow-all",
        join(ROOT, "cli/main.ts"),
        "run",
        "tokenize",
        `--experiment=${experiment}`,
        `--artifacts=${artifacts}`,
        "--quiet",
      ],
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
    const { manifest, store } = openWorkspace(artifacts);
    const train = manifest?.nodes["tokenize"]?.outputs["train"];
    if (train === undefined) throw new Error("tokenize left no tokens");
    return readTokens(store.path(train));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
