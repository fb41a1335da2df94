/** Tests of reading texts out of JavaScript and Java properties without running anything. */
import { assertEquals, assertThrows } from "@std/assert";
import {
  assignments,
  calls,
  firstVariable,
} from "../../../../nmt/text/formats/literals.ts";
import { parseProperties } from "../../../../nmt/text/formats/properties.ts";
import { undoPseudo } from "../../../../nmt/text/formats/pseudo_localisation.ts";

Deno.test("the first variable of a module is read with its nesting, escapes and joined strings", () => {
  assertEquals(
    firstVariable(
      "import x from 'y'; export const en_us = {lang:{a:'it\\'s',\"b c\":\"\\u00e9\\n\",d:`t`,e:'x'+'y'},n:5,f(){}, ...x}",
    ),
    {
      lang: { a: "it's", "b c": "é\n", d: "t", e: "xy" },
      n: undefined,
      f: undefined,
    },
  );
  assertEquals(
    firstVariable(
      "var content = [undefined, 'a', , \"b\"];\nexport { content as default };",
    ),
    [undefined, "a", undefined, "b"],
  );
});

Deno.test("code in a module is neither run nor taken for text", () => {
  assertEquals(
    firstVariable(
      "export const a = { b: (() => { throw new Error('ran') })(), c: `${globalThis.d}`, ['e']: 'f', g: 'h' }",
    ),
    { b: undefined, c: undefined, g: "h" },
  );
  assertThrows(() => firstVariable("export const a = {"), SyntaxError);
});

Deno.test("assignments to constant keys are read inside a wrapper, and a key may have another's text", () => {
  const script =
    `(function (root, factory) { module.exports = factory(); }(this, function () {
    var Blockly = Blockly || { Msg: Object.create(null) };
    Blockly.Msg["A"] = "um";  // untranslated
    Blockly.Msg["B"] = "it's \\"dois\\"";
    Blockly.Msg["C"] = Blockly.Msg["A"];
    Blockly.Msg["D"] = Blockly.Msg["MISSING"];
    Blockly.Msg[key] = "no";
    Blockly.Msg["E"] += "no";
    return Blockly.Msg;
  }));`;
  assertEquals([...assignments(script)], [["A", "um"], ["B", 'it\'s "dois"'], [
    "C",
    "um",
  ]]);
});

Deno.test("calls are found by name and number, with their literal arguments", () => {
  const script = "function diag(code, category) {}\n" +
    'var d = { A: diag(1002, 1 /* Error */, "A_1002", "It is {0}."), B: diag(2, 3, "B_2", `x`, /*more*/ true) };\n' +
    'xdiag(1, 1, "no", "no"); diag("no");';
  assertEquals([...calls(script, "diag")], [
    [undefined, undefined, "A_1002", "It is {0}."],
    [undefined, undefined, "B_2", "x", undefined],
  ]);
});

Deno.test("properties have comments, three separators, continued lines and escapes", () => {
  const text = [
    "# a comment",
    "  ! another, \\",
    "a=1",
    "b : two words ",
    "c three",
    "d\\ e\\:=4",
    "f=one \\",
    "    line",
    "g=back\\\\",
    "h=\\u00e9\\t\\q",
    "i=",
    "",
    "a=last",
    "k=x = y # z",
  ].join("\r\n");
  assertEquals(Object.fromEntries(parseProperties(text)), {
    "a": "last",
    "b": "two words ",
    "c": "three",
    "d e:": "4",
    "f": "one line",
    "g": "back\\",
    "h": "é\tq",
    "i": "",
    "k": "x = y # z",
  });
});

Deno.test("the pseudo-localised letters become the English ones, and all others stay", () => {
  assertEquals(undoPseudo("Ðïð ñøt ðëþµg £ïñë"), "Did not debug Line");
  assertEquals(undoPseudo("{0} “ok” → 漢"), "{0} “ok” → 漢");
});
