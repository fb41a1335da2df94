/** Runs the project's own stages on a text, in a folder of their own that is gone afterwards. */
import { join } from "@std/path";
import { ROOT } from "../../engine/keys/project.ts";
import { openWorkspace } from "../../engine/store/workspace.ts";
import { type TextName, TEXTS } from "./texts.ts";

interface Wanted {
  readonly node: "corpus" | "tokenize";
  readonly output: string;
  /** Subwords. */
  readonly vocabulary?: number;
  /** Pairs to train on; all of them unless given. */
  readonly pairs?: number;
}

/** What `read` makes of the file of an output. */
export async function readOutput<T>(
  text: TextName,
  { node, output, vocabulary, pairs }: Wanted,
  read: (path: string) => T | Promise<T>,
): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "ckd-bench-" });
  try {
    const experiment = join(folder, "text.jsonc");
    const artifacts = join(folder, "artifacts");
    const settings = TEXTS[text].settings();
    await Deno.writeTextFile(
      experiment,
      JSON.stringify({
        ...settings,
        corpus: { ...settings.corpus, trainLimit: pairs },
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
        node,
        `--experiment=${experiment}`,
        `--artifacts=${artifacts}`,
        "--quiet",
      ],
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
    const { manifest, store } = openWorkspace(artifacts);
    const artifact = manifest?.nodes[node]?.outputs[output];
    if (artifact === undefined) throw new Error(`${node} left no ${output}`);
    return await read(store.path(artifact));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
