/** The option `--model` of the tasks that use a trained model. */
import type { GivenOptions, Suggest } from "./command.ts";
import { artifactFolder } from "./experiment.ts";
import { load } from "./load.ts";

/** Finds models and exported models in an artifact folder. */
export function loadModels(): Promise<typeof import("../apps/models.ts")> {
  return load(import.meta.resolve("../apps/models.ts"));
}

/** Completes the names of models in the artifact folder that the line names. */
export const suggestModels: Suggest = {
  values: async (given: GivenOptions) => {
    const { modelNames } = await loadModels();
    return modelNames(artifactFolder(given.get("--artifacts")?.at(-1)));
  },
  files: true,
};
