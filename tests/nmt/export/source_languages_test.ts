/** A model of several source languages: the task, the server, a program and a build tell it which, and refuse others. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { loadModel, translate } from "../../../apps/exported_model.ts";
import { readExport } from "../../../apps/models.ts";
import { readModels } from "../../../apps/web/models.ts";
import { TranslateAnswer } from "../../../schemas/http_api.ts";
import { serve } from "../../apps/serve/served.ts";
import { task } from "../../cli/fixtures/command_line.ts";
import { refusal } from "../fixtures/refusal.ts";
import { reservedExport } from "./reserved_export.ts";

const LANGUAGES = ["pt", "tr"];
const LINES = ["the file number 3", "the folder of the store"];

Deno.test("the task, the server and a program tell a model the language of a text, which changes its translation", async () => {
  await using model = await reservedExport({ languages: LANGUAGES });
  const { folder } = model;
  await using opened = await loadModel(folder);
  const expected: Record<string, string[]> = {};
  for (const from of LANGUAGES) {
    expected[from] = await translate(opened, LINES, { from });
    const { code, out, err } = await task(
      ...["translate", "--model", folder, "--from", from, ...LINES],
    );
    assertEquals(code, 0, err);
    assertEquals(out, expected[from].map((line) => `${line}\n`).join(""));
  }
  assert(`${expected.pt}` !== `${expected.tr}`);
  assertEquals(await translate(opened, [" "], { from: "tr" }), [""]);
  // A region is of its language.
  assertEquals(
    await translate(opened, LINES, { from: "pt-BR" }),
    expected.pt,
  );

  await using server = await serve("--model", folder);
  for (const from of LANGUAGES) {
    const response = await server.translate({ text: LINES, from });
    const { translations } = TranslateAnswer.parse(await response.json());
    assertEquals(translations.map(({ text }) => text), expected[from]);
  }
  for (const [from, same] of [["pt-BR", "pt"], ["TR", "tr"]]) {
    const response = await server.translate({ text: LINES, from });
    const { translations } = TranslateAnswer.parse(await response.json());
    assertEquals(translations.map(({ text }) => text), expected[same]);
  }
  for (const from of ["uk", undefined, 3]) {
    const response = await server.translate({ text: LINES, from });
    assertEquals(response.status, 400);
    assertEquals(
      (await response.json()).error,
      `Cannot use the request: "from": expected the language of the text, one of pt, tr, found ${
        JSON.stringify(from) ?? "nothing"
      }.`,
    );
  }
  const description = await (await fetch(`${server.url}/openapi.json`)).json();
  assertEquals(description.info.title, "Translation from pt, tr to en");
  const { schema } = description.paths["/translate"].post.requestBody
    .content["application/json"];
  assertEquals(schema.properties.from, {
    description: "The language of the text.",
    examples: LANGUAGES,
    type: "string",
  });
  assertEquals(schema.required, ["from", "text"]);
});

Deno.test("a language that a model does not know, or none, is one sentence and exit code 2", async () => {
  await using several = await reservedExport({ languages: LANGUAGES });
  await using one = await reservedExport({});
  const cases: [args: string[], sentence: string][] = [
    [
      [several.folder, "--from", "uk"],
      'Cannot translate from "uk": this model translates from pt, tr; name the language of the text with --from.',
    ],
    [
      [several.folder],
      "Cannot translate: this model translates from pt, tr; name the language of the text with --from.",
    ],
    [
      [one.folder, "--from", "tr"],
      'Cannot translate from "tr": this model translates from pt alone; leave out --from, or name another model.',
    ],
    [
      [one.modelPath, "--from", "tr"],
      'Cannot translate from "tr": this model has no tokens of languages; leave out --from, or name another model.',
    ],
  ];
  for (const [args, sentence] of cases) {
    const { code, out, err } = await task(
      "translate",
      "the file",
      "--model",
      ...args,
    );
    assertEquals({ code, out }, { code: 2, out: "" });
    assertEquals(err.trim(), sentence);
  }
  assertEquals(
    (await task("translate", "the file", "--model", one.folder, "--from", "pt"))
      .code,
    0,
  );
  await using opened = await loadModel(several.folder);
  assertEquals(
    await refusal(() => translate(opened, LINES)),
    'Cannot translate: this model translates from pt, tr; name the language of the text with "from".',
  );
});

Deno.test("the folder and the card list the languages, and a page has the model once for each", async () => {
  await using model = await reservedExport({ languages: LANGUAGES });
  const config = readExport(model.folder);
  assertEquals(config.sources, LANGUAGES);
  const card = Deno.readTextFileSync(join(model.folder, "README.md"));
  assertStringIncludes(card, "# rkd: pt, tr to en");
  assertStringIncludes(card, "language:\n  - pt\n  - tr\n  - en\n");
  assertStringIncludes(card, "`<2pt> `, `<2tr> `");
  const models = readModels([model.folder], "int8").map(({ model }) => model);
  assertEquals(models.map(({ id, languages }) => [id, languages.source]), [
    ["pt-en/rkd", "pt"],
    ["tr-en/rkd", "tr"],
  ]);
  assertEquals(new Set(models.map(({ graph }) => graph)).size, 1);
  const page = await task(
    ...["web", "--model", model.folder, "--out", join(model.folder, "site")],
  );
  assertStringIncludes(page.out, "(pt to en, tr to en; rkd; int8;");
});
