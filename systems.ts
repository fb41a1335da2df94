/** Finds trained models and their tokenizers: in the last run's manifest, or as files of the user's. */
import { dirname, join } from "@std/path";
import { statIfThere } from "./engine/atomic.ts";
import { openWorkspace, type Workspace } from "./engine/workspace.ts";
import { inputError, suggestion } from "./schemas/errors.ts";

export interface ModelFiles {
  readonly modelPath: string;
  readonly tokenizerPath: string;
}

/** The model of a node or file, by default the best student of the last run. */
export function findModel(
  artifacts: string,
  given: { readonly model?: string; readonly tokenizer?: string },
): ModelFiles {
  const { model, tokenizer } = given;
  if (model !== undefined && statIfThere(model)?.isFile) {
    const tokenizerPath = tokenizer ?? join(dirname(model), "tokenizer.json");
    if (!statIfThere(tokenizerPath)?.isFile) {
      throw inputError(
        `Cannot find the tokenizer of "${model}" at "${tokenizerPath}"; name it with --tokenizer.`,
      );
    }
    return { modelPath: model, tokenizerPath };
  }
  const workspace = openWorkspace(artifacts);
  const node = model === undefined
    ? bestStudent(workspace)
    : modelNode(workspace, model);
  const prefix = node.slice(0, node.lastIndexOf("/") + 1);
  return {
    modelPath: outputPath(workspace, node, "model"),
    tokenizerPath: tokenizer ??
      outputPath(workspace, `${prefix}tokenize`, "tokenizer"),
  };
}

/** The student whose evaluation has the highest BLEU. */
function bestStudent(workspace: Workspace): string {
  const evaluated = Object.entries(workspace.manifest?.nodes ?? {})
    .flatMap(([name, { inputs, metrics }]) => {
      const student = Object.values(inputs)
        .find((input) => /(^|\/)student:/.test(input));
      const bleu = Number(metrics.bleu);
      return student !== undefined && /(^|\/)evaluate:/.test(name) &&
          Number.isFinite(bleu)
        ? [{ student, bleu }]
        : [];
    })
    .sort((a, b) => b.bleu - a.bleu);
  if (evaluated.length === 0) {
    throw inputError(
      `Cannot find a student in "${workspace.folder}"; run "deno task pipeline" first, or name a model with --model.`,
    );
  }
  return evaluated[0].student;
}

function modelNode(workspace: Workspace, name: string): string {
  const nodes = workspace.manifest?.nodes ?? {};
  const models = Object.keys(nodes).filter((node) =>
    "model" in nodes[node].outputs
  );
  const found = [name, `student:${name}`].find((node) => models.includes(node));
  if (found !== undefined) return found;
  const hint = suggestion(name, models).replace(/\?$/, "") ||
    `; there are ${models.join(", ") || "none"}`;
  throw inputError(
    `Cannot find model "${name}": it is neither a file nor a node of the last run that has a model${hint}.`,
  );
}

function outputPath(
  workspace: Workspace,
  node: string,
  output: string,
): string {
  const artifact = workspace.manifest?.nodes[node]?.outputs[output];
  const path = artifact && workspace.store.path(artifact);
  if (path === undefined || statIfThere(path) === undefined) {
    throw inputError(
      `Cannot load the ${output} of node "${node}" from "${workspace.folder}": it is not there; ` +
        'run "deno task pipeline".',
    );
  }
  return path;
}
