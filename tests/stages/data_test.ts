/** The stages fetch and corpus on the user's own files: outputs, dropped pairs, refused files. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { build, PT_EN as languages } from "../nmt/text/fixtures/building.ts";
import { withFolder } from "../nmt/fixtures/folder.ts";
import { refusal } from "../nmt/fixtures/refusal.ts";

const LETTERS = "bcdfghjklm";
const name = (i: number) =>
  [...String(i)].map((digit) => LETTERS[Number(digit)] + "a").join("");
const corpusOf = (count: number) =>
  Array.from(
    { length: count },
    (_, i) => `frase ${name(i)}\tsentence ${name(i)}\n`,
  ).join("");

Deno.test("a TSV file becomes train, validation and test, with a report that counts every rule", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "mine.tsv");
    await Deno.writeTextFile(
      path,
      corpusOf(300) + "igual\tIGUAL\n\tempty side\n<b>a coisa</b>\tthe thing\n",
    );
    const { metrics, read } = await build(folder, { train: path }, {
      corpus: { validation: 20, test: 40 },
    });
    assertEquals(metrics, {
      train: 240,
      validation: 20,
      test: 40,
      nearDuplicates: 0,
    });
    const lines =
      (await read("train") + await read("validation") + await read("test"))
        .trimEnd().split("\n");
    assertEquals(lines.sort(), corpusOf(300).trimEnd().split("\n").sort());
    assertEquals(JSON.parse(await read("report")), {
      languages,
      sources: {
        train: {
          read: 303,
          kept: 300,
          dropped: { identical: 1, empty: 1, markup: 1 },
        },
      },
      train: 240,
      validation: 20,
      test: 40,
      nearDuplicates: { train: 0, validation: 0 },
      beyondLimit: 0,
    });
  });
});

Deno.test("two compressed files and held-out files: these stay as they are, and train loses what resembles them", async () => {
  await withFolder(async (folder) => {
    const write = async (name: string, text: string) => {
      const stream = new Blob([text]).stream().pipeThrough(
        new CompressionStream("gzip"),
      );
      await Deno.writeFile(join(folder, name), stream);
      return join(folder, name);
    };
    const lines = corpusOf(100).trimEnd().split("\n").map((line) =>
      line.split("\t")
    );
    const data = {
      train: {
        source: await write(
          "a.pt.gz",
          lines.map(([source]) => source + "\n").join(""),
        ),
        target: await write(
          "a.en.gz",
          lines.map(([, target]) => target + "\n").join(""),
        ),
      },
      validation: await write(
        "v.tsv.gz",
        "mesma\tmesma\nFRASE BA!\tsomething else\n",
      ),
      test: await write(
        "t.tsv.gz",
        "outra coisa\tsentence (ca)\nfim\tend\nfim\tend\n\t nothing\n",
      ),
    };
    const { metrics, read } = await build(folder, data, {
      corpus: { minimumWords: 2 },
    });
    assertEquals(
      await read("validation"),
      "mesma\tmesma\nFRASE BA!\tsomething else\n",
    );
    assertEquals(
      await read("test"),
      "outra coisa\tsentence (ca)\nfim\tend\nfim\tend\n",
    );
    assertEquals(metrics, {
      train: 98,
      validation: 2,
      test: 3,
      nearDuplicates: 2,
    });
    const train = await read("train");
    assert(
      !train.includes("frase ba\t") && !train.includes("frase ca\t") &&
        train.includes("frase da\t"),
    );
  });
});

Deno.test("what is wrong with a file is told by the name that the user gave, before a corpus is made", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "mine.tsv");
    const fault = async (content: string) => {
      await Deno.writeTextFile(path, content);
      return await refusal(() => build(folder, { train: path }));
    };
    assertEquals(
      await fault("a\tb\nc\n"),
      `Cannot use "${path}": line 2 has no TAB, expected source TAB target.`,
    );
    assertStringIncludes(
      await fault("same\tsame\nno words\t12\n"),
      "cleaning leaves no pair (identical 1, no words 1)",
    );
  });
});

Deno.test("the same seed gives the same bytes, another seed another test set", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "mine.tsv");
    await Deno.writeTextFile(path, corpusOf(400));
    const parts = async (seed: number) => {
      const { read } = await build(
        join(folder, String(seed)),
        { train: path },
        { corpus: { validation: 20, test: 40, trainLimit: 200 }, seed },
      );
      return { train: await read("train"), test: await read("test") };
    };
    const [first, again, other] = [
      await parts(1),
      await parts(1),
      await parts(2),
    ];
    assertEquals(again, first);
    assert(other.test !== first.test && other.train !== first.train);
    assertEquals(first.train.split("\n").length, 201);
  });
});
