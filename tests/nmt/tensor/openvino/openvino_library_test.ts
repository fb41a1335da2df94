/** What is said where OpenVINO's library is missing or does not load, or the CPU cannot do what is asked for. */
import { openLibrary } from "../../../../nmt/tensor/openvino/openvino_library.ts";
import { checkPrecision } from "../../../../nmt/tensor/openvino/openvino_runtime.ts";
import { assertInputError } from "../../../fixtures/input_error.ts";
import { withFolder } from "../../fixtures/folder.ts";

Deno.test("a library that is missing or does not load is one sentence with its path and the command that fetches it", () =>
  withFolder((folder) => {
    const path = `${folder}/libopenvino_c.so.2641`;
    const refused = (found: string) =>
      assertInputError(
        () => openLibrary("2026.4.1", folder),
        `Cannot use runtime openvino on cpu: expected OpenVINO 2026.4.1 as "${path}", found ${found}`,
        "; run tools/openvino/fetch.",
      );
    refused("no such file");
    Deno.writeTextFileSync(path, "no ELF");
    refused("a library that does not load (");
  }));

Deno.test("bfloat16 is refused on a CPU that would compute in 32-bit floats instead", () => {
  checkPrecision("float32", ["FP32"]);
  checkPrecision("bfloat16", ["FP32", "BF16"]);
  assertInputError(
    () => checkPrecision("bfloat16", ["FP32", "INT8"]),
    "expected a CPU that multiplies in bfloat16, found one of FP32, INT8; leave out",
  );
});
