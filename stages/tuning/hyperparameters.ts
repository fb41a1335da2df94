/**
 * The hyperparameters of a trial in a file, as a selection is one. A student that takes a selection and the trial that it
 * selects differ in nothing, so they have one key and are trained once.
 */
import { stage } from "../../engine/graph/stage.ts";
import { Hyperparameters } from "../../schemas/experiment/tuning.ts";

export default stage({
  name: "hyperparameters",
  module: import.meta.url,
  config: Hyperparameters,
  inputs: {},
  outputs: {
    choice: { path: "choice.json", mediaType: "application/json" },
  },
  resources: { cores: 1 },
  run: async ({ config, outputs }) => {
    const { writeSelection } = await import(
      "../../schemas/experiment/tuning.ts"
    );
    writeSelection(outputs.choice, config);
    return {};
  },
});
