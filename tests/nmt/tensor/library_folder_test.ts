/** Where the native libraries of runtimes are looked for. */
import { assertEquals } from "@std/assert";
import {
  FOLDER_VARIABLES,
  LIBRARIES,
  libraryFolder,
} from "../../../nmt/tensor/library_folder.ts";

const asked = new Set<string>();

for (const library of LIBRARIES) {
  const own = `CKD_${library.toUpperCase()}`;

  Deno.test(`the library of ${library} is looked for where ${own} says, else in the user's cache folder`, () => {
    const folder = (set: Readonly<Record<string, string>>) =>
      libraryFolder(library, (name) => {
        asked.add(name);
        return set[name];
      });
    const variables = {
      [own]: "/own",
      XDG_CACHE_HOME: "/caches",
      HOME: "/home/user",
    };
    assertEquals(folder(variables), "/own");
    assertEquals(folder({ ...variables, [own]: "" }), `/caches/ckd-${library}`);
    const users = `/home/user/.cache/ckd-${library}`;
    assertEquals(folder({ HOME: "/home/user" }), users);
    assertEquals(folder({ XDG_CACHE_HOME: "", HOME: "/home/user" }), users);
    assertEquals(folder({ USERPROFILE: "/home/user" }), users);
    assertEquals(folder({}), undefined);
  });
}

Deno.test("the variables that tell a folder are those that stages may read", () => {
  assertEquals([...asked].sort(), [...FOLDER_VARIABLES].sort());
});
