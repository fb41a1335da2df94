/** What a stage has to declare of what it may touch to load any runtime. */
import { addonFolder, FOLDER_VARIABLES } from "./tensorflow_folder.ts";

export const RUNTIME_PERMISSIONS = {
  native: ["onnxruntime-node", addonFolder()],
  env: FOLDER_VARIABLES,
} as const;
