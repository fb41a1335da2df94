/** An exported graph of which bits were changed on the way is not used, though it would open; where one is missing, the other is named. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { cpSync } from "node:fs";
import { join } from "@std/path";
import { ROOT, task } from "../fixtures/command.ts";
import { temporary } from "../fixtures/made_run.ts";

const WEIGHT = 700_000;

Deno.test("a graph with a bit of another value is refused by translate, serve and web in one sentence", async () => {
  using folder = temporary();
  const model = join(folder.path, "model");
  cpSync(join(ROOT, "examples", "model"), model, { recursive: true });
  const graph = join(model, "int8", "translate.onnx");
  const bytes = Deno.readFileSync(graph);
  bytes[WEIGHT] ^= 1;
  Deno.writeFileSync(graph, bytes);
  for (
    const args of [
      ["translate", "--int8", "--model", model, "Olá"],
      ["serve", "--int8", "--model", model, "--port", "0"],
      ["web", "--model", model, "--port", "0"],
    ]
  ) {
    const { code, out, err } = await task(...args);
    assertEquals({ code, out }, { code: 2, out: "" }, err);
    assertEquals(err.trim().split("\n").length, 1, err);
    assertStringIncludes(err, `Cannot open "${graph}": expected SHA-256`);
  }
});

Deno.test("where only the graph of the other precision is there, it is named", async () => {
  using folder = temporary();
  const model = join(folder.path, "model");
  cpSync(join(ROOT, "examples", "model"), model, { recursive: true });
  const { code, err } = await task("translate", "--model", model, "Olá");
  assertEquals(code, 2);
  assertStringIncludes(err, "fp32/translate.onnx");
  assertStringIncludes(err, "; the folder has int8, ask for that.");
});
