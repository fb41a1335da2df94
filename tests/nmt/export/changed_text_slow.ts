/** Python changes text by the code in the card of an exported model as the project does, on real text. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { loadModel, translate } from "../../../apps/exported_model.ts";
import { cased, uncased } from "../../../nmt/text/subwords/casing.ts";
import {
  mask,
  maskedPlaceholders,
  unmask,
} from "../../../nmt/text/subwords/placeholders.ts";
import { runPython, testWithPython } from "../../fixtures/python.ts";
import {
  corpusPairs,
  documentLines,
  TABLES,
  tablesMissing,
} from "../text/fixtures/real_lines.ts";
import { LINES, MOST, reservedExport } from "./reserved_export.ts";

/** What the card tells users to write, run in the folder. */
function cardScript(folder: string, use: string): string {
  const card = Deno.readTextFileSync(join(folder, "README.md"));
  const [, code] = /```python\n(import json[^]*?)```/.exec(card) ?? [];
  assert(code !== undefined);
  return `import os, sys\nos.chdir(${JSON.stringify(folder)})\n${code}\n` +
    `lines = json.load(sys.stdin)\nprint(json.dumps(${use}))`;
}

const OPTIONS = [
  { placeholders: MOST },
  { casing: true },
  { placeholders: MOST, casing: true },
  { placeholders: MOST, casing: true, languages: ["pt-BR", "tr"] },
];

for (const options of OPTIONS) {
  testWithPython(
    "onnxruntime, tokenizers, numpy",
    `the card's Python translates lines as the project does in int8, with ${
      Object.keys(options).join(", ")
    }`,
    async (python) => {
      await using model = await reservedExport(options);
      await using opened = await loadModel(model.folder, { precision: "int8" });
      const from = options.languages?.[0];
      const expected: string[] = [];
      // One by one, as what is rounded to int8 depends on what is beside it.
      for (const line of LINES) {
        expected.push(...await translate(opened, [line], { from }));
      }
      const more = from === undefined ? "" : `, ${JSON.stringify(from)}`;
      const script = cardScript(
        model.folder,
        `[translate(line${more}) for line in lines]`,
      );
      assertEquals(await runPython(python, script, LINES), expected);
    },
  );
}

testWithPython(
  "onnxruntime, tokenizers, numpy",
  `it changes real text as the project does, and back${tablesMissing}`,
  async (python) => {
    await using model = await reservedExport(
      { placeholders: MOST, casing: true },
    );
    const tables = tablesMissing === ""
      ? await Promise.all(TABLES.map((table) => corpusPairs(table, 10)))
      : [];
    const lines = [
      ...documentLines(),
      "\ue01e Word \ue01f\ue01eURL \ue01f the \ue01e\ue01e End",
      ...tables.flat().flatMap(({ source, target }) => [source, target]),
    ];
    const script = cardScript(
      model.folder,
      "[[masked(line)[0], unmasked(*masked(line)), cased(line), uncased(cased(line))] for line in lines]",
    );
    const expected = lines.map((line) => [
      ...[mask(line, maskedPlaceholders(line, MOST)), line],
      ...[cased(line), line],
    ]);
    assertEquals(await runPython(python, script, lines), expected);
    const literal = "{a} {b} {c} {d} \ue000 <b \ue01d>";
    const invented = "\ue000 of \ue001, \ue003 \ue01d\ue010 end \ue002";
    const marked = "\ue01f\ue01e\ue01f url \ue01ethe \ue01e 3 \ue01f";
    assertEquals(
      await runPython(
        python,
        cardScript(
          model.folder,
          '[masked(lines[0])[0], unmasked(lines[1], ["{a}", "\\\\1"]), uncased(lines[2])]',
        ),
        [literal, invented, marked],
      ),
      [
        mask(literal, maskedPlaceholders(literal, MOST)),
        unmask(invented, ["{a}", "\\1"]),
        uncased(marked),
      ],
    );
  },
);
