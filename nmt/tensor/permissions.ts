/** The permissions that a stage declares to load any runtime. */
import { isAbsolute } from "@std/path";
import { addonFolder, FOLDER_VARIABLES } from "./eager/tensorflow_folder.ts";

const addon = addonFolder();

/** The addon has no place where no home is known, and only an absolute path is the same in every process. */
const hasAddon = addon !== undefined && isAbsolute(addon);

export const RUNTIME_PERMISSIONS = {
  native: ["onnxruntime-node", ...hasAddon ? [addon] : []],
  env: FOLDER_VARIABLES,
} as const;
