/** The folders outside the repository that native libraries of some runtimes are in. */
import { join } from "@std/path";

/** The runtimes whose library a user gets by a script in tools/. */
export const LIBRARIES = ["tensorflow", "openvino"] as const;
type Library = typeof LIBRARIES[number];

/** The variable that names the folder of each. */
const OWN = {
  tensorflow: "CKD_TENSORFLOW",
  openvino: "CKD_OPENVINO",
} as const satisfies Record<Library, string>;

/** The variables that say where. */
export const FOLDER_VARIABLES = [
  ...Object.values(OWN),
  "XDG_CACHE_HOME",
  "HOME",
  "USERPROFILE",
] as const;

/**
 * The folder of a runtime's library: that of its variable, such as $CKD_OPENVINO, or `ckd-openvino` in the user's cache
 * folder; undefined where the environment names neither that nor a home. As it is named, absolute or not.
 */
export function libraryFolder(
  library: Library,
  variable: (name: typeof FOLDER_VARIABLES[number]) => string | undefined = (
    name,
  ) => Deno.env.get(name),
): string | undefined {
  const own = variable(OWN[library]);
  if (own) return own;
  const home = variable("HOME") || variable("USERPROFILE");
  const cache = variable("XDG_CACHE_HOME") || home && join(home, ".cache");
  return cache ? join(cache, `ckd-${library}`) : undefined;
}
