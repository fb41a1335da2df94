/** Runs the project's own stages for the bench. */
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

/** What `read` makes of the file of an output of a stage on a text; its folder is gone afterwards. */
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
    const path = await runStages([node], {
      experiment,
      artifacts,
      options: ["--quiet"],
    });
    return await read(path(node, output));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * Brings nodes of an experiment up to date by the product's own command; gives the paths of outputs. The command writes to
 * standard error.
 */
export async function runStages(
  nodes: readonly string[],
  { experiment, artifacts, options }: {
    readonly experiment: string;
    readonly artifacts: string;
    readonly options: readonly string[];
  },
): Promise<(node: string, output: string) => string> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--allow-all", join(ROOT, "cli/main.ts"), "run"],
      ...nodes,
      ...[`--experiment=${experiment}`, `--artifacts=${artifacts}`],
      ...options,
    ],
    // Standard output is that of the bench.
    stdout: "null",
    stderr: "inherit",
  }).output();
  if (!success) {
    throw new Error(
      `Cannot run ${nodes.join(", ")}, as the lines above say`,
    );
  }
  const { manifest, store } = openWorkspace(artifacts);
  return (node, output) => {
    const artifact = manifest?.nodes[node]?.outputs[output];
    if (artifact === undefined) throw new Error(`${node} left no ${output}`);
    return store.path(artifact);
  };
}
