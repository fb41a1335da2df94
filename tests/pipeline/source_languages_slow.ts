/** The real pipeline with several source languages: one model of all, tested in each, exported with their tokens. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { readManifest } from "../../engine/store/manifest.ts";
import { readExport } from "../../apps/models.ts";
import { pipeline, task } from "../fixtures/command.ts";
import { objectPath } from "../fixtures/made_run.ts";
import { withFolder } from "../nmt/fixtures/folder.ts";

const SYLLABLES = ["ba", "ce", "di", "fo", "gu", "la", "me", "ni", "po", "ru"];
const word = (n: number) =>
  [...String(n)].map((digit) => SYLLABLES[Number(digit)]).join("");

/** Pairs of a made-up language; English sentences of two languages are the same in another order. */
function linesOf(language: string): string {
  const numbers = Array.from({ length: 300 }, (_, i) => 7 * i + 1000);
  if (language === "tr") numbers.reverse();
  return numbers.map((n) => `${language} ${word(n)} {0}\tthe {0} ${word(n)}\n`)
    .join("");
}

const MODEL = { width: 16, feedForward: 32, heads: 2 };
const TRAINING = { steps: 4, batchTokens: 256, validateEvery: 2, warmup: 2 };

Deno.test("an experiment of two source languages trains one model, tests it in both, and its export translates from both", () =>
  withFolder(async (folder) => {
    const data = (name: string, licence: string) => {
      const train = join(folder, `${name}.tsv`);
      Deno.writeTextFileSync(train, linesOf(name));
      return { train, licence };
    };
    const experiment = join(folder, "two.jsonc");
    Deno.writeTextFileSync(
      experiment,
      JSON.stringify({
        languages: { source: "pt", target: "en" },
        data: data("pt", "MIT"),
        sourceLanguages: { tr: { data: data("tr", "Apache-2.0") } },
        corpus: { validation: 20, test: 20 },
        vocabulary: { size: 300, placeholders: 4 },
        teacher: { model: MODEL, training: TRAINING },
        student: { model: MODEL, training: TRAINING },
        students: { "no-kd": {} },
        evaluation: { beam: 1 },
      }),
    );
    const artifacts = join(folder, "artifacts");
    const { code, err } = await pipeline(
      ...["run", "compare", "tr/compare", "export:no-kd", "--quiet"],
      ...["--experiment", experiment, "--artifacts", artifacts],
    );
    assertEquals(code, 0, err);
    const nodes = readManifest(artifacts)?.nodes ?? {};
    const text = (node: string, output: string) =>
      Deno.readTextFileSync(objectPath(artifacts, nodes[node].outputs[output]));
    const train = text("join", "train").trimEnd().split("\n");
    assertEquals(
      new Set(train.map((line) => line.slice(0, 6))),
      new Set(["<2pt> ", "<2tr> "]),
    );
    const { trainNearDuplicates } = nodes.join.metrics;
    assert(Number(trainNearDuplicates) > 0);
    const tested = ["corpus", "tr/corpus"].map((node) =>
      text(node, "test").split("\n")
    );
    const targets = new Set(train.map((line) => line.split("\t")[1]));
    for (const line of tested.flat().filter((line) => line !== "")) {
      assertMatch(line, /^<2(pt|tr)> \1 /);
      assert(!targets.has(line.split("\t")[1]), line);
    }
    assertEquals(nodes["evaluate:no-kd"].metrics.placeholders, 20);
    assertEquals(nodes["tr/evaluate:no-kd"].metrics.placeholders, 20);

    const exported = join(folder, "exported");
    const got = await pipeline(
      ...["get", "export:no-kd", "--out", exported, "--artifacts", artifacts],
    );
    assertEquals(got.code, 0, got.err);
    const config = readExport(exported);
    assertEquals(config.sources, ["pt", "tr"]);
    assertEquals(config.licences.map(({ licence }) => licence), [
      ...["MIT", "Apache-2.0"],
    ]);
    const translated = await task(
      ...["translate", "--model", exported, "--from", "tr", "tr ba {0}"],
    );
    assertEquals(translated.code, 0, translated.err);
    const refused = await task("translate", "--artifacts", artifacts, "pt ba");
    assertEquals(refused.code, 2);
    assertMatch(
      refused.err,
      /^Cannot translate: .* from pt, tr; .*--from\.\n$/,
    );
  }));
