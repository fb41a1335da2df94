/** `pipeline init`: a corpus is looked over as the pipeline will, and an experiment on it written, or nothing. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { parse } from "@std/jsonc";
import { citedDataSets } from "../../../nmt/text/descriptors/citations.ts";
import { dataOrigins } from "../../../nmt/text/descriptors/origins.ts";
import pipeline from "../../../pipeline.ts";
import { Experiment } from "../../../schemas/experiment/experiment.ts";
import { missingPty, openSession } from "../../cli/console/pty.ts";
import { setUpExperiment } from "../../../cli/apps/init.ts";
import { exists } from "../../engine/fixtures/project.ts";
import { pipeline as run, ROOT } from "../../fixtures/command.ts";
import { corpus, LANGUAGES, PAIRS } from "./corpus.ts";
import { terminal } from "./terminal.ts";

Deno.test("the experiment that init writes is one that the pipeline runs, with the corpus as init found it", async () => {
  using here = corpus();
  const { code, out, err } = await run(
    ...["init", here.path("mine"), ...LANGUAGES],
    ...["--source", here.path("text.pt"), "--target", here.path("text.en")],
  );
  assertEquals({ code, err }, { code: 0, err: "" });
  assertStringIncludes(
    out,
    "347 pairs, aligned and UTF-8; 344 are kept, left out: duplicate 1, empty 1, length ratio 1.",
  );
  const [, train, validation, test] =
    /(\d+) to train on, (\d+) held out for validation and (\d+) for the test/
      .exec(out) ?? [];
  assertMatch(
    out,
    /A run takes about \S+ \w+, \S+ .B of disk and \S+ .B of memory, by /,
  );
  assertStringIncludes(
    out,
    `  deno task pipeline --experiment ${here.mine} --dry-run\n`,
  );

  const made = await run(
    ...["run", "--until", "tokenize", "--experiment", here.mine],
    ...["--artifacts", here.path("artifacts"), "--json"],
  );
  assertEquals(made.code, 0, made.err);
  const nodes: { name: string; metrics: Record<string, number> }[] =
    JSON.parse(made.out).nodes;
  const found = nodes.find(({ name }) => name === "corpus")?.metrics;
  assertEquals(
    [found?.train, found?.validation, found?.test].map(String),
    [train, validation, test],
  );
});

Deno.test("the file is formatted, and each command on it that init prints is understood", async () => {
  using here = corpus();
  const { code, out } = await run(
    ...["init", here.path("mine"), ...LANGUAGES, "--size", "medium"],
    ...["--pairs", here.path("text.tsv")],
  );
  assertEquals(code, 0);
  const formatted = await new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--check", here.mine],
    stderr: "null",
  }).output();
  assertEquals(formatted.code, 0);
  const [command] = out.split("\n").filter((line) => /--dry-run$/.test(line));
  const args = command.trim().split(" ").slice(3);
  const preview = await run(...args, "--artifacts", here.path("artifacts"));
  assertEquals(preview.code, 10, preview.err);
  assertStringIncludes(preview.out, "student:ckd-regular");
});

const REFUSED: readonly (readonly [string, readonly string[], string])[] = [
  ["no corpus", [], "--pairs, or --source and --target is missing"],
  ["one side", ["--source", "text.pt"], "--target is missing"],
  [
    "a corpus given twice",
    ["--pairs", "text.tsv", "--source", "text.pt"],
    "one way",
  ],
  ["a missing file", ["--pairs", "no.tsv"], "there is no such file"],
  [
    "sides of other lengths",
    ["--source", "text.pt", "--target", "short.en"],
    "expected as many lines in both",
  ],
  ["no TAB", ["--pairs", "text.pt"], "line 1 has no TAB"],
  [
    "columns without names",
    ["--pairs", "three.tsv"],
    'line 1 has 3 columns, expected source TAB target, or a first line that names the columns, such as "pt TAB en TAB notes".',
  ],
  ["what is no UTF-8", ["--pairs", "latin1.tsv"], "line 1 has invalid UTF-8"],
  [
    "too small a corpus",
    ["--pairs", "ten.tsv"],
    "expected at least 15 different pairs after cleaning, and 5,000 or more for models of use, found 10; give more text.",
  ],
  [
    "pairs of one form",
    ["--pairs", "alike.tsv"],
    "the 100 pairs are so alike, but for numbers, case and punctuation, that none is left",
  ],
  [
    "pairs that are none",
    ["--pairs", "empty.tsv"],
    "cleaning leaves no pair (empty 20)",
  ],
  [
    "an unknown size",
    ["--pairs", "text.tsv", "--size", "smal"],
    'did you mean "small"',
  ],
  [
    "a wrong language",
    ["--pairs", "text.tsv", "--to", "English"],
    "a language code",
  ],
  [
    "the code of a country",
    ["--pairs", "text.tsv", "--from", "ua"],
    'Cannot use --from: expected a language code such as pt, pt-BR or zh-Hant, found "ua"; "uk" may be meant.',
  ],
  [
    "swapped sides",
    ["--pairs", "text.uk.tsv", "--from", "en", "--to", "uk"],
    "most letters of the en side are not Latin; the sides are swapped: swap --from and --to.",
  ],
  [
    "text of another script",
    ["--pairs", "text.tsv", "--from", "uk"],
    "most letters of the uk side are not Cyrillic; give text in it",
  ],
  [
    "a licence that is none",
    ["--pairs", "text.tsv", "--licence", "CC-BY-4"],
    'Cannot use licence "CC-BY-4": expected an identifier of SPDX, did you mean "CC-BY-4.0"',
  ],
  [
    "one language twice",
    ["--pairs", "text.tsv", "--to", "pt"],
    "the same language",
  ],
];

Deno.test("what the pipeline would refuse is one sentence, exit code 2, and nothing is written", async (t) => {
  using here = corpus();
  for (const [what, given, part] of REFUSED) {
    await t.step(what, async () => {
      const args = given.map((arg) =>
        /\.\w+$/.test(arg) ? here.path(arg) : arg
      );
      const { code, out, err } = await run(
        ...["init", here.path("mine"), ...LANGUAGES, ...args],
      );
      assertEquals({ code, out }, { code: 2, out: "" });
      assertStringIncludes(err, part);
      assertEquals(err.trim().split("\n").length, 1);
      assert(!exists(here.path("mine")));
    });
  }
});

Deno.test("a folder has no name that an experiment of the project has", async () => {
  using here = corpus();
  for (const name of ["quick", "tiny"]) {
    const { code, out, err } = await run(
      ...["init", here.path(name), ...LANGUAGES, "--yes"],
      ...["--pairs", here.path("text.tsv")],
    );
    assertEquals({ code, out }, { code: 2, out: "" });
    assertEquals(
      err,
      `Cannot name an experiment after the folder "${
        here.path(name)
      }": experiments/${name}.jsonc has that name; give the folder another one.\n`,
    );
    assert(!exists(here.path(name)));
  }
});

Deno.test("pairs are held out of those that differ, and few of them are remarked on", async () => {
  using here = corpus();
  const few = PAIRS.slice(0, 20).map((pair) => `${pair.join("\t")}\n`);
  here.write("repeated.tsv", few.join("").repeat(40));
  const { code, out, err } = await run(
    ...["init", here.path("mine"), ...LANGUAGES, "--yes"],
    ...["--pairs", here.path("repeated.tsv")],
  );
  assertEquals({ code, err }, { code: 0, err: "" });
  assertMatch(
    out,
    /^800 pairs of TSV, aligned and UTF-8; 20 are kept, left out: duplicate 780\.\n(\d+) to train on/,
  );
  assertMatch(
    out,
    /\nLook: \d+ training pairs are few: with fewer than 5,000, students learn little\.\n/,
  );
});

Deno.test("swapped columns of two languages of one script, and a first line that names columns, are remarked on", async () => {
  using here = corpus();
  const looks = async (name: string, from: string, to: string) => {
    const console = terminal([]);
    const options = { pairs: here.path(name), from, to, yes: true };
    await setUpExperiment(
      pipeline,
      console,
      here.path(`${name} ${from}`),
      options,
    );
    return console.said().split("\n").filter((line) =>
      /^Look: the /.test(line)
    );
  };
  assertEquals(await looks("text.tsv", "pt", "en"), []);
  assertEquals(await looks("text.tsv", "en", "pt"), [
    "Look: the sides seem to be swapped: that of en is Portuguese, that of pt is English; if so, give --from pt --to en.",
  ]);
  const table = Deno.readTextFileSync(here.path("text.tsv"));
  here.write("named.tsv", `Texto\tTranslation\n${table}`);
  assertEquals(await looks("named.tsv", "pt", "en"), [
    'Look: the first line, "Texto" and "Translation", seems to name the columns and is counted as a pair; if so, remove it, or let it name the languages: "pt" and "en".',
  ]);
});

Deno.test("for a target without spaces, the file says that BLEU is of characters", async () => {
  using here = corpus();
  const han = (text: string) =>
    text.replaceAll(" ", "").replace(
      /[a-z]/g,
      (letter) => String.fromCodePoint(0x4e00 + letter.charCodeAt(0)),
    );
  here.write(
    "han.tsv",
    PAIRS.map(([source, target]) => `${source}\t${han(target)}\n`).join(""),
  );
  const tokenizeOf = async (pairs: string, to: string) => {
    const options = { from: "pt", to, pairs: here.path(pairs), yes: true };
    const folder = here.path(to);
    await setUpExperiment(pipeline, terminal([]), folder, options);
    return Experiment.parse(
      parse(Deno.readTextFileSync(`${folder}/experiment.jsonc`)),
    ).evaluation.tokenize;
  };
  assertEquals(await tokenizeOf("han.tsv", "zh-Hant"), "char");
  assertEquals(await tokenizeOf("text.tsv", "en"), "13a");
});

Deno.test("a file that is there is never overwritten", async () => {
  using here = corpus();
  Deno.mkdirSync(here.path("mine"));
  here.write("mine/experiment.jsonc", "mine");
  const { code, err } = await run(
    ...["init", here.path("mine"), ...LANGUAGES, "--yes"],
    ...["--pairs", here.path("text.tsv")],
  );
  assertEquals(code, 2);
  assertStringIncludes(err, "it is there already");
  assertEquals(Deno.readTextFileSync(here.mine), "mine");
});

Deno.test("on a terminal init asks for what is missing, and for leave to write", async () => {
  using here = corpus();
  const sides = [here.path("text.pt"), here.path("text.en")];
  const refusing = terminal([...sides, "", "pt", "en", "", "n"]);
  await setUpExperiment(pipeline, refusing, here.path("mine"), { yes: false });
  assertEquals(refusing.questions.length, 7);
  assertStringIncludes(refusing.said(), "Nothing was written.");
  assert(!exists(here.path("mine")));

  const agreeing = terminal([here.path("text.tsv"), "en", " CC0-1.0 ", ""]);
  await setUpExperiment(pipeline, agreeing, here.path("mine"), {
    from: "pt",
    yes: false,
  });
  assertEquals(agreeing.questions.length, 4);
  assertMatch(Deno.readTextFileSync(here.mine), /"licence": "CC0-1.0"/);
  assertMatch(
    Deno.readTextFileSync(here.mine),
    /Paths are from the current folder, which is the project.s for "deno task"/,
  );
});

Deno.test("an answer that cannot be used is judged at once, and asked for again", async () => {
  using here = corpus();
  const console = terminal([
    ...[here.path("no.tsv"), "", here.path("text.tsv")],
    ...["no-model", ""],
    ...["ua", "pt", "pt", "en"],
    ...["CC-BY-4", "CC-BY-4.0"],
    "",
  ]);
  await setUpExperiment(pipeline, console, here.path("mine"), { yes: false });
  const beginnings = console.questions.map((question) => question.slice(0, 6));
  assertEquals(beginnings, [
    ...Array(3).fill("Corpus"),
    ...Array(2).fill("Public"),
    ...Array(4).fill("Langua"),
    ...Array(2).fill("Licenc"),
    "Write ",
  ]);
  const errors = console.errors().trim().split("\n");
  const expected = [
    "there is no such file",
    "--pairs, or --source and --target is missing",
    "no-model",
    '"uk" may be meant',
    'Cannot translate "pt" to itself',
    'did you mean "CC-BY-4.0"',
  ];
  assertEquals(errors.length, expected.length);
  expected.forEach((part, i) => assertStringIncludes(errors[i], part));
  assertMatch(Deno.readTextFileSync(here.mine), /"source": "pt"/);
});

Deno.test("what is wrong with an option is said before the first question, and the end of input ends the questions", async () => {
  using here = corpus();
  const refused = async (answers: string[], given: { from?: string }) => {
    const console = terminal(answers);
    const { message } = await assertRejects(
      () =>
        setUpExperiment(pipeline, console, here.path("mine"), {
          ...given,
          yes: false,
        }),
      Error,
    );
    return { message, questions: console.questions.length };
  };
  const option = await refused([here.path("text.tsv")], { from: "ua" });
  assertEquals(option.questions, 0);
  assertStringIncludes(option.message, '"uk" may be meant');
  assertEquals(await refused([here.path("text.tsv"), "", "pt"], {}), {
    message: "Cannot set up an experiment: --to is missing.",
    questions: 4,
  });
  assert(!exists(here.path("mine")));
});

Deno.test("a language may have a region, and the licence of the corpus stands in the cards of its models", async () => {
  using here = corpus();
  const { code, err } = await run(
    ...["init", here.path("mine"), "--from", "pt-BR", "--to", "en", "--yes"],
    ...["--pairs", here.path("text.tsv"), "--licence", "CC-BY-4.0"],
  );
  assertEquals({ code, err }, { code: 0, err: "" });
  const { data, languages } = Experiment.parse(
    parse(Deno.readTextFileSync(here.mine)),
  );
  assertEquals(languages, { source: "pt-BR", target: "en" });
  const [{ licences }] = citedDataSets(data, languages);
  assertEquals(licences.map(({ spdx }) => spdx), ["CC-BY-4.0"]);
  const [{ licence }] = dataOrigins({ data, languages });
  assertEquals(licence, "CC-BY-4.0");
});

Deno.test({
  name:
    `on a terminal init shows what it says, and no bars of the libraries below it${
      missingPty ?? ""
    }`,
  ignore: missingPty !== undefined,
  fn: async () => {
    using here = corpus();
    await using session = openSession([
      ...[Deno.execPath(), "run", "--quiet", "--allow-all", "cli/main.ts"],
      ...["init", here.path("mine"), ...LANGUAGES, "--yes"],
      ...["--pairs", here.path("text.tsv")],
    ], { cwd: ROOT, columns: 200 });
    assertEquals(await session.ended, 0);
    const [first] = session.output().split("\n");
    assertMatch(first, /^347 pairs of TSV, aligned and UTF-8/);
  },
});

Deno.test("a file of pairs in another format gives the experiment that a plain table gives, whatever the order of its columns", async () => {
  using here = corpus();
  const cell = (text: string) => `"${text}"`;
  here.write(
    "text.csv",
    [
      "en,id,pt-BR",
      ...PAIRS.map(([pt, en], i) => `${cell(en)},${i},${cell(pt)}`),
    ]
      .join("\n"),
  );
  const made = async (name: string) => {
    const folder = here.path(`of ${name}`);
    const console = terminal([]);
    const options = { pairs: here.path(name), from: "pt", to: "en", yes: true };
    await setUpExperiment(pipeline, console, folder, options);
    const experiment = Experiment.parse(
      parse(Deno.readTextFileSync(`${folder}/experiment.jsonc`)),
    );
    return { said: console.said(), experiment };
  };
  const [table, csv] = [await made("text.tsv"), await made("text.csv")];
  assertMatch(table.said, /^347 pairs of TSV, aligned/);
  assertMatch(
    csv.said,
    /^347 pairs of CSV whose first line names the columns, aligned/,
  );
  assertEquals(
    { ...csv.experiment, data: table.experiment.data },
    table.experiment,
  );
});

Deno.test("--yes asks nothing", async () => {
  using here = corpus();
  const silent = terminal([]);
  await assertRejects(
    () => setUpExperiment(pipeline, silent, here.path("mine"), { yes: true }),
    Error,
    "is missing",
  );
  assertEquals(silent.questions, []);
});
