/** Where TensorFlow's addon is looked for, and what is said where it is missing or does not fit. */
import {
  assert,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { isInputError } from "../../../../base/input_error.ts";
import {
  loadAddon,
  type Wanted,
} from "../../../../nmt/tensor/eager/tensorflow_addon.ts";
import { addonFolder } from "../../../../nmt/tensor/eager/tensorflow_folder.ts";

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

Deno.test("what is missing or does not fit is one sentence with the folder and the command that builds it", () => {
  const folder = Deno.makeTempDirSync();
  const root = `${folder}/node_modules/@tensorflow/tfjs-node`;
  const refuses = (found: string) => {
    const error = assertThrows(() => loadAddon(wanted, folder), Error);
    assert(isInputError(error), String(error.stack));
    assertStringIncludes(error.message, `in ${folder}, found ${found}`);
    assertStringIncludes(error.message, "tools/tensorflow/build");
  };
  try {
    refuses("no such package");
    Deno.mkdirSync(`${root}/lib/napi-v8`, { recursive: true });
    Deno.writeTextFileSync(`${root}/package.json`, '{ "version": "4.21.0" }');
    refuses("the package without its addon");
    Deno.writeTextFileSync(`${root}/lib/napi-v8/tfjs_binding.node`, "no ELF");
    refuses("version 4.21.0");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("a file that is no addon is refused with the loader's reason", () => {
  const folder = Deno.makeTempDirSync();
  const root = `${folder}/node_modules/@tensorflow/tfjs-node-gpu`;
  try {
    Deno.mkdirSync(`${root}/lib/napi-v8`, { recursive: true });
    Deno.writeTextFileSync(`${root}/package.json`, '{ "version": "4.22.0" }');
    Deno.writeTextFileSync(`${root}/lib/napi-v8/tfjs_binding.node`, "no ELF");
    const error = assertThrows(
      () => loadAddon({ ...wanted, provider: "cuda" }, folder),
      Error,
      "Cannot use runtime tensorflow on cuda: expected @tensorflow/tfjs-node-gpu 4.22.0",
    );
    assert(isInputError(error));
    assertStringIncludes(error.message, "an addon that does not load (");
    assertStringIncludes(error.message, "tools/tensorflow/build --cuda");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
