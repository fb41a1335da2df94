/** The folder of an exported model that masks placeholders, or marks case: what translates with it, and what it is not for. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { loadModel, translate } from "../../../apps/exported_model.ts";
import { readExport } from "../../../apps/models.ts";
import { lacking } from "../../../nmt/text/subwords/placeholders.ts";
import { TranslateAnswer } from "../../../schemas/http_api.ts";
import { serve } from "../../apps/serve/served.ts";
import { task } from "../../cli/fixtures/command_line.ts";
import { LINES, MOST, reservedExport } from "./reserved_export.ts";

Deno.test("an export that masks placeholders says how, has no files for libraries that do not, and its card says why", async () => {
  await using model = await reservedExport({ placeholders: MOST });
  const { folder } = model;
  const config = readExport(folder);
  assertEquals(config.placeholders?.most, MOST);
  assertEquals(
    [...Deno.readDirSync(folder)].map(({ name }) => name).sort(),
    ["README.md", "config.json", "fp32", "int8", "tokenizer.json"],
  );
  assertEquals(config.model_type, undefined);
  const card = Deno.readTextFileSync(join(folder, "README.md"));
  assertStringIncludes(card, "Hugging Face's libraries do\nnot change it");
  assertStringIncludes(card, "def masked(line):");
  assert(!card.includes("transformers"));
});

Deno.test("the task, the server and a program give the same translations of it, and say which placeholders are lost", async () => {
  await using model = await reservedExport({ placeholders: MOST });
  const { folder } = model;
  await using opened = await loadModel(folder);
  const expected = await translate(opened, LINES);
  assert(expected.every((text) => !/[\ue000-\ue01f]/.test(text)));
  const lost = LINES.map((line, i) => lacking(line, expected[i]));
  assert(lost.some(({ length }) => length > 0));

  const { code, out, err } = await task(
    "translate",
    "--model",
    folder,
    ...LINES,
  );
  assertEquals(code, 0, err);
  assertEquals(out, expected.map((line) => `${line}\n`).join(""));
  assertEquals(
    err,
    lost.map((names, i) =>
      names.length === 0
        ? ""
        : `Line ${i + 1}: its translation lacks ${names.join(", ")}.\n`
    ).join(""),
  );

  await using server = await serve("--model", folder);
  const response = await server.translate({ text: LINES });
  const { translations } = TranslateAnswer.parse(await response.json());
  assertEquals(translations.map(({ text }) => text), expected);
  assertEquals(translations.map(({ lost = [] }) => lost), lost);
});

Deno.test("an export of marked case says its marks, has no files for libraries that know none, and translates alike in the task", async () => {
  await using model = await reservedExport({ casing: true });
  const { folder } = model;
  const config = readExport(folder);
  assertEquals(config.casing, { capitalized: 0xe01e, upper: 0xe01f });
  assertEquals([config.placeholders, config.model_type], [
    undefined,
    undefined,
  ]);
  await using opened = await loadModel(folder);
  const expected = await translate(opened, LINES);
  assert(expected.every((text) => !/[\ue01e\ue01f]/.test(text)));
  const { code, out, err } = await task(
    "translate",
    "--model",
    folder,
    ...LINES,
  );
  assertEquals({ code, err }, { code: 0, err: "" });
  assertEquals(out, expected.map((line) => `${line}\n`).join(""));
});
