/** The schema of a runtime: default, refused values, and its part of keys. */
import { assertEquals } from "@std/assert";
import { parse } from "../../base/input_error.ts";
import {
  PROVIDERS,
  Runtime,
  type RuntimeChoice,
} from "../../schemas/experiment/runtime.ts";
import { identityOf } from "../../nmt/tensor/identities.ts";
import { assertInputError } from "../fixtures/input_error.ts";

Deno.test("ONNX Runtime on the CPU is the default", () => {
  assertEquals(parse(Runtime, {}, "runtime"), {
    name: "onnx",
    provider: "cpu",
  });
  assertEquals(identityOf(Runtime.parse({})), {
    name: "onnx",
    version: "1.30.0",
    provider: "cpu",
    precision: "float32",
  });
});

Deno.test("what no runtime can be is refused with what it can be", () => {
  assertInputError(
    () => parse(Runtime, { name: "reference", provider: "cuda" }, "runtime"),
    '"provider": expected cpu for runtime reference, found "cuda"',
  );
  assertInputError(
    () => parse(Runtime, { name: "tensorflow", provider: "webgpu" }, "runtime"),
    '"provider": expected cpu or cuda for runtime tensorflow, found "webgpu"',
  );
  assertInputError(
    () => parse(Runtime, { name: "torch" }, "runtime"),
    '"onnx"|"tensorflow"|"openvino"|"reference", found "torch"',
  );
  assertInputError(
    () => parse(Runtime, { precision: "bfloat16" }, "runtime"),
    '"precision": expected float32 for runtime onnx, found "bfloat16"',
  );
  assertInputError(
    () => parse(Runtime, { name: "openvino", provider: "cuda" }, "runtime"),
    '"provider": expected cpu for runtime openvino, found "cuda"',
  );
});

Deno.test("no two runtimes or providers have one identity", () => {
  const identities = Object.entries(PROVIDERS).flatMap(([name, providers]) =>
    providers.map((provider) =>
      JSON.stringify(identityOf(Runtime.parse({ name, provider })))
    )
  );
  assertEquals(new Set(identities).size, identities.length);
});

Deno.test("the precision of OpenVINO's products is in the key, where it is float32 by default", () => {
  const precisionOf = (choice: RuntimeChoice) =>
    identityOf(Runtime.parse({ name: "openvino", ...choice })).precision;
  assertEquals(precisionOf({}), "float32");
  assertEquals(precisionOf({ precision: "float32" }), "float32");
  assertEquals(precisionOf({ precision: "bfloat16" }), "bfloat16");
});
