/** Where TensorFlow's addon is looked for, and what is said where it is missing or does not fit. */
import { assertEquals } from "@std/assert";
import {
  loadAddon,
  type Wanted,
} from "../../../../nmt/tensor/eager/tensorflow_addon.ts";
import { addonFolder } from "../../../../nmt/tensor/eager/tensorflow_folder.ts";
import { assertInputError } from "../../../fixtures/input_error.ts";
import { withFolder } from "../../fixtures/folder.ts";

const wanted: Wanted = {
  provider: "cpu",
  version: "4.22.0",
  library: "2.21.0",
};

Deno.test("the addon is looked for where a variable says, else in the user's cache folder", () => {
  const folder = (set: Readonly<Record<string, string>>) =>
    addonFolder((name) => set[name]);
  const variables = {
    CKD_TENSORFLOW: "/own",
    XDG_CACHE_HOME: "/caches",
    HOME: "/home/user",
  };
  assertEquals(folder(variables), "/own");
  assertEquals(
    folder({ ...variables, CKD_TENSORFLOW: "" }),
    "/caches/ckd-tensorflow",
  );
  assertEquals(
    folder({ HOME: variables.HOME }),
    "/home/user/.cache/ckd-tensorflow",
  );
});

/** Asserts the refusal of a folder: what was found there, and the command that builds the addon. */
function assertRefused(
  folder: string,
  provider: Wanted["provider"],
  ...parts: readonly string[]
): void {
  const act = () => loadAddon({ ...wanted, provider }, folder);
  assertInputError(
    act,
    `in ${folder}, found `,
    "tools/tensorflow/build",
    ...parts,
  );
}

Deno.test("what is missing or does not fit is one sentence with the folder and the command that builds it", () =>
  withFolder((folder) => {
    const root = `${folder}/node_modules/@tensorflow/tfjs-node`;
    assertRefused(folder, "cpu", "found no such package");
    Deno.mkdirSync(`${root}/lib/napi-v8`, { recursive: true });
    Deno.writeTextFileSync(`${root}/package.json`, '{ "version": "4.21.0" }');
    assertRefused(folder, "cpu", "found the package without its addon");
    Deno.writeTextFileSync(`${root}/lib/napi-v8/tfjs_binding.node`, "no ELF");
    assertRefused(folder, "cpu", "found version 4.21.0");
  }));

Deno.test("a file that is no addon is refused with the loader's reason", () =>
  withFolder((folder) => {
    const root = `${folder}/node_modules/@tensorflow/tfjs-node-gpu`;
    Deno.mkdirSync(`${root}/lib/napi-v8`, { recursive: true });
    Deno.writeTextFileSync(`${root}/package.json`, '{ "version": "4.22.0" }');
    Deno.writeTextFileSync(`${root}/lib/napi-v8/tfjs_binding.node`, "no ELF");
    assertRefused(
      folder,
      "cuda",
      "Cannot use runtime tensorflow on cuda: expected @tensorflow/tfjs-node-gpu 4.22.0",
      "an addon that does not load (",
      "tools/tensorflow/build --cuda",
    );
  }));
