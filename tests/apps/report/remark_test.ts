/** What the report says of a translation and of a training that went wrong. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { remarkOf as faultOf } from "../../../apps/report/browser/remark.ts";
import { remarkOf } from "../../../apps/report/sections/curves.ts";

const SENTENCE = {
  source: "Não foi possível abrir o arquivo",
  reference: "The file could not be opened",
};

for (
  const [output, fault] of [
    ["", "empty"],
    ["The file file file", "repeats itself"],
    ["to open to open to open it", "repeats itself"],
    ["Abbbbbbbbbbbbbbbb", "repeats itself"],
    ["The file couldnononononot be opened", "repeats itself"],
    ["!!!!!!!!!!", "repeats itself"],
    ["10000000 files", "too short"],
    ["-", "too short"],
    ["Não foi possível abrir", "copies the source"],
    ["The file", "too short"],
    ["The file and a folder or two could not be opened at once", "too long"],
    ["A drive has not been found", "other words"],
  ] as const
) {
  Deno.test(`the fault of "${output}" for "${SENTENCE.reference}" is: ${fault}`, () => {
    assertEquals(faultOf({ ...SENTENCE, output }, 20), fault);
  });
}

Deno.test("a translation whose reference has letters in a row, too, does not repeat itself", () => {
  const reference = "Waaaaaait!";
  assertEquals(
    faultOf({ ...SENTENCE, reference, output: "Stooooop!" }, 20),
    "other words",
  );
});

Deno.test("a translation with a high chrF has no fault", () => {
  const output = "The file could not be opened.";
  assertEquals(faultOf({ ...SENTENCE, output }, 95), "");
});

Deno.test("a training went wrong where its validation loss rose from the lowest, and is told apart from one that levelled out or still learns", () => {
  const training = (...losses: number[]) =>
    remarkOf(losses.map((nll, i) => ({ step: 100 * (i + 1), nll })));
  assertEquals(
    training(4, 2, 2.1, 2.5),
    "went wrong after step 200: the loss rose by 25 %",
  );
  assertEquals(training(4, 2, 1.999), "levelled out");
  assertStringIncludes(training(4, 3, 2), "still learning");
  assertEquals(training(4), "validated once");
});
