/** An exported graph of which bits were changed on the way is not used, though it would open, nor one of another kind or with other subwords; where one is missing, the other is named. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Buffer } from "node:buffer";
import { cpSync } from "node:fs";
import { join } from "@std/path";
import { loadModel } from "../../apps/exported_model.ts";
import { readModels } from "../../apps/web/models.ts";
import { isInputError } from "../../base/input_error.ts";
import { sha256 } from "../../engine/files/hash.ts";
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

Deno.test("a model with subwords that its config does not tell of, or with a graph of another kind, is refused in one sentence before it translates", async () => {
  using folder = temporary();
  const config = join(folder.path, "config.json");
  const tokenizer = join(folder.path, "tokenizer.json");
  const graph = join(folder.path, "int8", "translate.onnx");
  const fresh = () =>
    cpSync(join(ROOT, "examples", "model"), folder.path, { recursive: true });
  const change = (path: string, from: string, to: string) => {
    const text = Deno.readTextFileSync(path);
    assertStringIncludes(text, from);
    Deno.writeTextFileSync(path, text.replace(from, to));
  };
  const served = async () => {
    const { code, out, err } = await task(
      ...["serve", "--int8", "--model", folder.path, "--port", "0"],
    );
    assertEquals({ code, out }, { code: 2, out: "" }, err);
    assertEquals(err.trim().split("\n").length, 1, err);
    return err;
  };
  const opened = async () => {
    const load = () => loadModel(folder.path, { precision: "int8" });
    const error = await assertRejects(load, Error);
    assert(isInputError(error), String(error));
    return error.message;
  };

  fresh();
  change(tokenizer, '"vocab": {', '"vocab": { "another": 4000,');
  const built = () =>
    assertThrows(() => readModels([folder.path], "int8"), Error).message;
  for (const said of [await served(), await opened(), built()]) {
    assertStringIncludes(said, `Cannot use "${tokenizer}": expected 4000`);
    assertStringIncludes(said, "found 4001 subwords");
  }
  fresh();
  change(config, '"parameters"', '"sources": ["pt", "de"], "parameters"');
  assertStringIncludes(await opened(), "with tokens of pt and de");
  fresh();
  const bytes = Deno.readFileSync(graph);
  const other = Buffer.from(
    Buffer.from(bytes).toString("latin1")
      .replaceAll("maximum_length", "another_length"),
    "latin1",
  );
  Deno.writeFileSync(graph, other);
  change(config, sha256(bytes), sha256(other));
  for (const said of [await served(), await opened()]) {
    assertStringIncludes(said, `Cannot open "${graph}": expected the inputs`);
    assertStringIncludes(said, "found the inputs another_length, beam, ");
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
