/** The permissions that a stage declares to load any runtime. */
import { isAbsolute } from "@std/path";
import {
  FOLDER_VARIABLES,
  LIBRARIES,
  libraryFolder,
} from "./library_folder.ts";

/** A library has no place where no home is known, and only an absolute path is the same in every process. */
const folders = LIBRARIES.flatMap((library) => {
  const folder = libraryFolder(library);
  return folder !== undefined && isAbsolute(folder) ? [folder] : [];
});

export const RUNTIME_PERMISSIONS = {
  native: ["onnxruntime-node", ...folders],
  env: FOLDER_VARIABLES,
} as const;
