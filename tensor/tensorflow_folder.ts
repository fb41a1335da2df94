/** Where the native addon of TensorFlow lies, which a user builds outside the repository. */
import { join } from "@std/path";

/** The variables that say where. */
export const FOLDER_VARIABLES = [
  "CKD_TENSORFLOW",
  "XDG_CACHE_HOME",
  "HOME",
  "USERPROFILE",
] as const;

/** The folder whose `node_modules` has the package: $CKD_TENSORFLOW, or `ckd-tensorflow` in the user's cache folder. */
export function addonFolder(
  variable: (name: typeof FOLDER_VARIABLES[number]) => string | undefined = (
    name,
  ) => Deno.env.get(name),
): string {
  const own = variable("CKD_TENSORFLOW");
  if (own) return own;
  const home = variable("HOME") || variable("USERPROFILE") || "";
  const cache = variable("XDG_CACHE_HOME") || join(home, ".cache");
  return join(cache, "ckd-tensorflow");
}
