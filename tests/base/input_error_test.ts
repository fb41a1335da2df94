/** Tests of input errors: one sentence that names the place, what was expected, what was found and the nearest key. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import {
  inputError,
  isInputError,
  nearest,
  parse,
  suggestion,
} from "../../base/input_error.ts";

const Inner = z.strictObject({
  width: z.int().min(1).default(8),
  height: z.int().default(8),
});
const Schema = z.strictObject({
  name: z.string().optional(),
  inner: Inner.prefault({}),
  list: z.array(Inner).default([]),
  named: z.record(z.string().regex(/^[a-z]+$/, "expected small letters"), Inner)
    .default({}),
  either: z.union([z.string(), Inner]).optional(),
  kind: z.enum(["left", "right"]).default("left"),
}).transform((value) => ({ ...value, transformed: true }));

function message(value: unknown): string {
  const error = assertThrows(() => parse(Schema, value, 'file "x"'));
  assert(isInputError(error), `${error.stack}`);
  return error.message;
}

Deno.test("a value that fits is returned with its defaults", () => {
  assertEquals(parse(Schema, { inner: { width: 3 } }, "file"), {
    inner: { width: 3, height: 8 },
    list: [],
    named: {},
    kind: "left",
    transformed: true,
  });
});

const refusals: { title: string; value: unknown; expected: string }[] = [
  {
    title: "an unknown key names the nearest",
    value: { nmae: "a" },
    expected: 'unknown key "nmae", did you mean "name"',
  },
  {
    title: "a nested unknown key is named by its path",
    value: { inner: { widht: 1 } },
    expected: 'unknown key "inner.widht", did you mean "width"',
  },
  {
    title: "an unknown key in a list is named by its place",
    value: { list: [{}, { hight: 1 }] },
    expected: 'unknown key "list.1.hight", did you mean "height"',
  },
  {
    title: "an unknown key in a named record is named by its path",
    value: { named: { first: { widt: 1 } } },
    expected: 'unknown key "named.first.widt", did you mean "width"',
  },
  {
    title: "an unknown key near to none lists the known ones",
    value: { inner: { perplexity: 1 } },
    expected: 'unknown key "inner.perplexity", known keys are width, height',
  },
  {
    title: "a wrong type in the branch of a union that was meant is named",
    value: { either: { width: "1" } },
    expected: '"either.width": expected number, found "1"',
  },
  {
    title: "a value of no branch of a union names them all",
    value: { either: 5 },
    expected: '"either": expected string or object, found 5',
  },
  {
    title: "a value out of limits names the limit",
    value: { inner: { width: 0 } },
    expected: '"inner.width": expected number to be >=1, found 0',
  },
  {
    title: "a value that is none of several names them",
    value: { kind: "up" },
    expected: '"kind": expected one of "left"|"right", found "up"',
  },
  {
    title: "a name that breaks the rule of names says the rule",
    value: { named: { "Not This": {} } },
    expected: '"named.Not This": expected small letters',
  },
  {
    title: "a long value is cut",
    value: { name: ["x".repeat(100)] },
    expected: `"name": expected string, found ["${"x".repeat(55)}...`,
  },
];

for (const { title, value, expected } of refusals) {
  Deno.test(title, () => {
    assertEquals(message(value), `Cannot use file "x": ${expected}.`);
  });
}

Deno.test("the nearest name is none when nothing is near", () => {
  assertEquals(nearest("quikc", ["tiny", "quick"]), "quick");
  assertEquals(nearest("entirely-different", ["tiny", "quick"]), undefined);
  assertEquals(nearest("quick", []), undefined);
  assertEquals(nearest("en", ["GD", "EPL"]), undefined);
  assertEquals(suggestion("tinny", ["tiny"]), ', did you mean "tiny"?');
  assertEquals(suggestion("zzzzzzzz", ["tiny"]), "");
});

Deno.test("an input error is told from a fault of the program", () => {
  assert(isInputError(inputError("x")));
  assert(!isInputError(new Error("x")));
  assert(!isInputError("InputError"));
});
