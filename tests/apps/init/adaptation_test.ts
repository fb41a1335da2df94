/** `pipeline init --model`: an experiment that adapts a public model to a corpus, or nothing. */
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import { parse } from "@std/jsonc";
import pipeline from "../../../pipeline.ts";
import { setUpExperiment } from "../../../cli/apps/init.ts";
import { Experiment } from "../../../schemas/experiment/experiment.ts";
import { exists } from "../../engine/fixtures/project.ts";
import { deno, pipeline as run } from "../../fixtures/command.ts";
import { sha256 } from "../../../engine/files/hash.ts";
import { read } from "../../docs/page.ts";
import { corpus, LANGUAGES, PAIRS } from "./corpus.ts";
import { LAYERS, RARE, SUBWORDS, writeSmallModel } from "./small_model.ts";
import { terminal } from "./terminal.ts";

/** The corpus with braces in a few pairs, and with one pair that alone has two other letters. */
function adaptable() {
  const here = corpus();
  const lines = PAIRS.map(([source, target], i) =>
    i % 10 === 0 ? `${source} {a}\t${target} {a}` : `${source}\t${target}`
  );
  here.write("text.tsv", [...lines, "o ñandu ñ\tthe rhea", ""].join("\n"));
  writeSmallModel(here.path("model"));
  return here;
}

function experimentOf(path: string): Experiment {
  return Experiment.parse(parse(Deno.readTextFileSync(path)));
}

Deno.test("the experiment that init writes for a model has its architecture, the characters that it lacks and the subwords that are used", async () => {
  using here = adaptable();
  const { code, out, err } = await run(
    ...[
      "init",
      here.path("mine"),
      ...LANGUAGES,
      "--model-licence",
      "CC-BY-4.0",
    ],
    ...["--pairs", here.path("text.tsv"), "--model", here.path("model")],
  );
  assertEquals({ code, err }, { code: 0, err: "" });
  assertStringIncludes(
    out,
    `The model is Marian's: ${LAYERS.encoder} + ${LAYERS.decoder} layers of width 16, `,
  );
  assertStringIncludes(
    out,
    "It lacks 2 of the text's characters, such as { }: they will be learned.",
  );
  assertStringIncludes(
    out,
    `of ${SUBWORDS + 2} subwords; students keep 100.`,
  );
  const { vocabulary, teacher, students } = experimentOf(here.mine);
  assertEquals(vocabulary.size, SUBWORDS);
  assertEquals(vocabulary.students, 100);
  assertEquals(teacher.import, here.path("model"));
  assertEquals(teacher.licence, "CC-BY-4.0");
  assertEquals(teacher.adaptation?.characters, 2);
  assertEquals(teacher.adaptation?.interpolation, 0.5);
  const { model, distillation } = students.ckd;
  const { feedForward } = model;
  assertEquals({ ...teacher.model, feedForward }, model);
  assert(feedForward < teacher.model.feedForward);
  assertEquals(distillation.encoder, [[1, 2], [2, 3], [3, 4], [4]]);
  assertEquals(distillation.start, { encoder: [1, 2, 3, 4], decoder: [1, 2] });
  assertEquals(students["rkd"].distillation.beta, 0);

  const formatted = await deno(["fmt", "--check", here.mine]);
  assertEquals(formatted.code, 0, formatted.err);
  const graph = await run("graph", "--experiment", here.mine);
  assertEquals(graph.code, 0, graph.err);
  assertStringIncludes(graph.out, "teacher <- tokenize, extend\n");
  assertStringIncludes(
    graph.out,
    `student:ckd <- trim, states, states:encoder, prune:${feedForward}\n`,
  );
});

Deno.test("a model that has every character and whose subwords are all used keeps its vocabulary", async () => {
  using here = corpus();
  writeSmallModel(here.path("model"));
  const lines = RARE.flatMap((word, i) =>
    [5, 11, 17].map((step) => {
      const others = [i + step, i + 2 * step]
        .map((at) => RARE[at % RARE.length]).join(" ");
      return `${word} ${others}\t${others} ${word}`;
    })
  );
  here.write("rare.tsv", lines.join("\n") + "\n");
  const { code, out } = await run(
    ...["init", here.path("mine"), ...LANGUAGES],
    ...["--pairs", here.path("rare.tsv"), "--model", here.path("model")],
  );
  assertEquals(code, 0);
  assertStringIncludes(out, "It has the characters of the text.");
  const text = Deno.readTextFileSync(here.mine);
  const { vocabulary, teacher } = experimentOf(here.mine);
  assertEquals(vocabulary.students, undefined);
  assertEquals(teacher.adaptation?.characters, 0);
  assertEquals(teacher.licence, undefined);
  assertStringIncludes(text, 'give its terms as "licence"');
});

/** Describes the model of a folder as one for Portuguese to English, under some terms. */
function describe(here: ReturnType<typeof corpus>, licence: string): string {
  const files = ["model.npz", "vocab.spm"].map((name) => {
    const bytes = Deno.readFileSync(here.path(`model/${name}`));
    const pinned = { sha256: sha256(bytes), bytes: bytes.length };
    return { name, origin: "the author", licence, ...pinned };
  });
  here.write(
    "small.json",
    JSON.stringify({
      ...{ name: "small", description: "A small model", files },
      languages: { source: "pt", target: "en" },
    }),
  );
  return here.path("small.json");
}

Deno.test("a descriptor says languages and terms, and its model is fetched", async () => {
  using here = adaptable();
  const descriptor = describe(here, "CC0-1.0");
  const { code, err } = await deno([
    ...["run", "--quiet", "--allow-all", "cli/main.ts"],
    ...["init", here.path("mine"), "--pairs", here.path("text.tsv")],
    ...["--model", descriptor, "--yes"],
  ], { CKD_MIRRORS: here.path("model") });
  assertEquals(code, 0, err);
  const { languages, teacher } = experimentOf(here.mine);
  assertEquals(languages, { source: "pt", target: "en" });
  assertEquals(teacher.import, { descriptor });
  assertEquals(teacher.licence, "CC0-1.0");
});

/** Arguments beside the corpus, and a part of the sentence. */
const REFUSED: readonly (readonly [string, readonly string[], string])[] = [
  [
    "a folder that is not there",
    [...LANGUAGES, "--model", "no/such"],
    "expected the folder of a model, found nothing there",
  ],
  [
    "a descriptor that nobody wrote",
    [...LANGUAGES, "--model", "tiny12-pt-en"],
    'did you mean "tiny11-pt-en"',
  ],
  [
    "a folder without a model",
    [...LANGUAGES, "--model", "FOLDER/empty"],
    "found no such file in it",
  ],
  [
    "a model of another architecture",
    [...LANGUAGES, "--model", "FOLDER/recurrent"],
    '"type"',
  ],
  [
    "other languages than the descriptor's",
    ["--from", "es", "--model", "FOLDER/small.json"],
    "expected a model that translates es to en, found one for pt to en",
  ],
  [
    "a folder without languages",
    ["--model", "FOLDER/model", "--yes"],
    "--from is missing",
  ],
  [
    "terms without a model",
    [...LANGUAGES, "--model-licence", "CC0-1.0"],
    "without --model",
  ],
];

Deno.test("a model that cannot be used is one sentence, exit code 2, and nothing is written", async (t) => {
  using here = adaptable();
  describe(here, "CC0-1.0");
  Deno.mkdirSync(here.path("empty"));
  writeSmallModel(here.path("recurrent"), { type: "s2s" });
  for (const [what, given, part] of REFUSED) {
    await t.step(what, async () => {
      const args = given.map((arg) => arg.replace("FOLDER", here.path("")));
      const { code, out, err } = await run(
        ...["init", here.path("mine"), "--pairs", here.path("text.tsv")],
        ...args,
      );
      assertEquals({ code, out }, { code: 2, out: "" });
      assertStringIncludes(err, part);
      assertEquals(err.trim().split("\n").length, 1);
      assert(!exists(here.path("mine")));
    });
  }
});

Deno.test("on a terminal init offers a model to those who gave no options, after the corpus", async () => {
  using here = adaptable();
  const [text, model] = [here.path("text.tsv"), here.path("model")];
  const answers = [text, model, "pt", "en", "", ""];
  const console = terminal(answers);
  await setUpExperiment(pipeline, console, here.path("mine"), { yes: false });
  assertEquals(console.questions.length, 6);
  assertStringIncludes(console.questions[1], "Public model to start from");
  assertStringIncludes(console.said(), "The model is Marian's");
  assertEquals(experimentOf(here.mine).teacher.import, here.path("model"));
});

Deno.test("the value that the guide changes is not the one that init writes, with a model or without", async () => {
  using here = adaptable();
  const guide = read("docs/guide.md");
  const [, value] = /--set students\.rkd\.alpha=([\d.]+)/.exec(guide) ?? [];
  const given = { pairs: here.path("text.tsv"), from: "pt", to: "en" };
  for (const model of [undefined, here.path("model")]) {
    const folder = here.path(model === undefined ? "new" : "adapted");
    await setUpExperiment(pipeline, terminal([]), folder, {
      ...given,
      ...{ model, yes: true },
    });
    const { students } = experimentOf(`${folder}/experiment.jsonc`);
    assertNotEquals(students.rkd.distillation.alpha, Number(value));
  }
});
