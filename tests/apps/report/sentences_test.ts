/** Which test sentences a report has where all would be too many. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { remarkOf } from "../../../apps/report/browser/remark.ts";
import {
  keptOf,
  sentencesOf,
} from "../../../apps/report/sections/sentences.ts";
import { sourceOf } from "../../../apps/report/source.ts";
import { trainedOf } from "../../../apps/report/trained.ts";
import pipeline from "../../../pipeline.ts";
import { pipeline as command } from "../../fixtures/command.ts";
import { makeRun, type RealTexts, temporary } from "../../fixtures/made_run.ts";

/** Sentences of 10 characters a side, which a system translates the better the later they are, or the earlier. */
function system(count: number, sign: 1 | -1) {
  return {
    pairs: Array.from({ length: count }, () => ({
      source: "0123456789",
      target: "0123456789",
    })),
    lines: Array.from({ length: count }, () => "0123456789"),
    scores: Array.from({ length: count }, (_, i) => sign * i),
  };
}

Deno.test("all sentences are kept where there is room for them", () => {
  const systems = [system(50, 1), system(50, -1)];
  assertEquals(
    keptOf(systems, 50 * 40),
    Array.from({ length: 50 }, (_, i) => i),
  );
  assertEquals(keptOf([]), []);
});

Deno.test("of too many sentences the worst and best of each system are kept, and others from everywhere, in order and in the room that there is", () => {
  const kept = keptOf([system(1000, 1), system(1000, -1)], 100 * 40);
  assertEquals(kept.length, 100);
  assertEquals(kept, kept.toSorted((a, b) => a - b));
  for (const extreme of [0, 1, 10, 989, 998, 999]) {
    assert(kept.includes(extreme), `${extreme}`);
  }
  for (const from of [100, 300, 500, 700]) {
    assert(kept.some((i) => i >= from && i < from + 200), `${from}`);
  }
});

/** Its chrF is a little below 60, and 60.0 as the page shows it. */
const NEARLY_GOOD = {
  source: "uma outra frase",
  target: "it another because the use could could",
  output: "the is because the use could it",
};

/** A run whose systems all make the same of the test sentences. */
function texts(
  count: number,
  pair: { readonly source: string; readonly target: string },
  output: string,
): RealTexts {
  return {
    pairs: Array.from({ length: count }, () => pair),
    translationsOf: () => Array.from({ length: count }, () => output),
  };
}

Deno.test("faults are counted by the chrF that the page shows", async () => {
  using folder = temporary();
  const { output, ...pair } = NEARLY_GOOD;
  makeRun(folder.path, { real: texts(3, pair, output) });
  const source = sourceOf(pipeline, folder.path, "tiny");
  const { sentences, systems, faults } = await sentencesOf(
    source,
    trainedOf(source),
  );
  assertEquals(systems.length, 4);
  for (const { system, outputs, chrf } of systems) {
    const remarks = sentences.map((sentence, i) =>
      remarkOf({ ...sentence, output: outputs[i] }, chrf[i])
    ).filter((remark) => remark !== "");
    const counted = [...faults.get(system)?.values() ?? []];
    assertEquals(counted.reduce((a, b) => a + b, 0), remarks.length);
  }
});

Deno.test("where the page has a sample, the summary says that its links show faults of that alone", async () => {
  using folder = temporary();
  const answer = async (count: number) => {
    const pair = { source: "palavra ".repeat(1000), target: "a word" };
    makeRun(folder.path, { real: texts(count, pair, "") });
    const { code, out, err } = await command(
      ...["report", "--experiment", "tiny", "--artifacts", folder.path],
    );
    assertEquals(code, 0, err);
    const page = Deno.readTextFileSync(out.trim());
    return /<dt><a href="#sentences">Faults[^]*?<\/dd>/.exec(page)?.[0] ?? "";
  };
  assertMatch(await answer(2), />empty 2<\/a><\/p>/);
  assertMatch(
    await answer(100),
    />empty 100<\/a>; a link shows those among the \d\d sentences in the page<\/p>/,
  );
});
