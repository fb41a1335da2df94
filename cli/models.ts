/** The option `--model` of the tasks that use a trained model. */
import type { GivenOptions, Suggest } from "./command.ts";
import type { Console } from "./console/console.ts";
import { readManifest } from "../engine/store/manifest.ts";
import { artifactFolder, printExperiment } from "./experiment.ts";
import { load } from "./load.ts";

/** Finds models and exported models in an artifact folder. */
export function loadModels(): Promise<typeof import("../apps/models.ts")> {
  return load(import.meta.resolve("../apps/models.ts"));
}

/** Says on a terminal which model was chosen and, where none is named, of which experiment the models are. */
export function printModels(
  console: Console,
  artifacts: string | undefined,
  model: string | readonly string[] | undefined,
  note?: string,
): void {
  if (console.size("err") === undefined) return;
  if (note !== undefined) console.err(`${note}\n`);
  if (model !== undefined && model.length > 0) return;
  const manifest = readManifest(artifactFolder(artifacts));
  if (manifest !== undefined) printExperiment(console, manifest.experiment);
}

/** Completes the names of models in the artifact folder that the line names. */
export const suggestModels: Suggest = {
  values: async (given: GivenOptions) => {
    const { modelNames } = await load<typeof import("../apps/model_node.ts")>(
      import.meta.resolve("../apps/model_node.ts"),
    );
    return modelNames(artifactFolder(given.get("--artifacts")?.at(-1)));
  },
  files: true,
};
