/** What is said where TensorFlow's addon is missing or does not fit. */
import {
  loadAddon,
  type Wanted,
} from "../../../../nmt/tensor/eager/tensorflow_addon.ts";
import { assertInputError } from "../../../fixtures/input_error.ts";
import { withFolder } from "../../fixtures/folder.ts";

const wanted: Wanted = {
  provider: "cpu",
  version: "4.22.0",
  library: "2.21.0",
};

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
