/** The folder of TensorFlow's native addon, which a user builds outside the repository. */
import { join } from "@std/path";

/** The variables that say where. */
export const FOLDER_VARIABLES = [
  "CKD_TENSORFLOW",
  "XDG_CACHE_HOME",
  "HOME",
  "USERPROFILE",
] as const;

/**
 * The folder whose `node_modules` has the package: $CKD_TENSORFLOW, or `ckd-tensorflow` in the user's cache folder;
 * undefined where the environment names neither that nor a home. As it is named, absolute or not.
 */
export function addonFolder(
  variable: (name: typeof FOLDER_VARIABLES[number]) => string | undefined = (
    name,
  ) => Deno.env.get(name),
): string | undefined {
  const own = variable("CKD_TENSORFLOW");
  if (own) return own;
  const home = variable("HOME") || variable("USERPROFILE");
  const cache = variable("XDG_CACHE_HOME") || home && join(home, ".cache");
  return cache ? join(cache, "ckd-tensorflow") : undefined;
}
