/** Bad input: one sentence, exit code 2, and nothing is written. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { exists } from "../engine/fixtures/project.ts";
import { temporary } from "../fixtures/made_run.ts";
import { type Outcome, pipeline, task } from "./fixtures/command_line.ts";

/** A command line, whose words stand between spaces, and a part of its refusal. */
type Cases = Readonly<Record<string, readonly [line: string, part: string]>>;

const PIPELINE: Cases = {
  "an unknown key": ["--set students.rkd.alpa=0.5", 'did you mean "alpha"'],
  "a wrong type": ["--set seed=early", '"seed"'],
  "an unknown node": ["student:rdk", 'did you mean "student:rkd"'],
  "an unknown command": ["statsu", 'did you mean "status"'],
  "a mistyped command that is the default": ["runn", 'did you mean "run"'],
  "a command behind an option": [
    "--force status",
    "stands before all options",
  ],
  "an unknown format": ["graph --format mermiad", 'did you mean "mermaid"'],
  "an unknown shell": ["completion bsh", 'did you mean "bash"'],
  "an unknown glob": ["--only none:*", "the nodes are fetch"],
  "an unknown experiment": ["--experiment quik", 'did you mean "quick"'],
  "an unknown experiment file": ["--experiment ./no.jsonc", "no such file"],
  "an unknown option": ["--expriment quick", "did you mean --experiment"],
  "a setting without a value": ["--set seed", "path.to.key=value"],
  "a setting inside a number": ["--set languages.source.a=1", "not an object"],
  "no number of jobs": ["--jobs many", 'use --jobs "many": expected a number'],
  "an age without a unit": [
    "gc --older-than 30",
    'Cannot use --older-than "30": expected a number and a unit (m, h, d, w), such as 30d.',
  ],
  "a missing data file": [
    '--set data={"train":"no.tsv"}',
    'Cannot read "no.tsv"',
  ],
  "an empty argument": [
    "status --experiment ",
    'empty argument after "--experiment"',
  ],
  "a node by itself whose input is missing": ["--only corpus", "by itself"],
  "a selection without a node": [
    "status compare --only teacher",
    "Cannot select nodes with compare --only teacher",
  ],
  "an experiment to remove from": [
    "gc --experiment quick",
    "--experiment",
  ],
  "a set value for all logs": [
    "log --set corpus.test=90",
    "Cannot use --set without a node",
  ],
  "one object of a log that goes on": [
    "log teacher --follow --json",
    "Cannot use --json with --follow",
  ],
  "anybody's manifest by one key only": [
    "import run.tar --unsigned --signed-by me.pub",
    "Cannot use --unsigned with --signed-by: one believes anybody",
  ],
  "anybody's results by one key only": [
    "run --remote . --unsigned --signed-by me.pub",
    "Cannot use --unsigned with --signed-by",
  ],
  "an unknown node to explain": ["explain techer", 'did you mean "teacher"'],
};

for (const [what, [line, part]] of Object.entries(PIPELINE)) {
  Deno.test(`${what} is one sentence and exit code 2, and nothing is written`, async () => {
    using folder = temporary();
    const artifacts = join(folder.path, "artifacts");
    const words = line.split(" ");
    const takesNone = words[0] === "completion";
    const given = takesNone ? words : [...words, "--artifacts", artifacts];
    checkRefusal(await pipeline(...given), part);
    assert(!exists(artifacts));
  });
}

Deno.test("a broken experiment file is refused with line and column", async () => {
  using folder = temporary();
  const path = join(folder.path, "mine.jsonc");
  const broken = [
    ['{\n  "text": }', 'unexpected token "}" at line 2, column 11'],
    [
      '{ "a": { "b": 1 }, // "b": 2\n  "b": ["b:"], "\\u0061" /* : */ : 3 }',
      'expected each key once, found "a" twice at line 2, column 16',
    ],
  ];
  for (const [text, part] of broken) {
    Deno.writeTextFileSync(path, text);
    checkRefusal(await pipeline("status", "--experiment", path), part);
  }
});

const TASKS: Cases = {
  "an unknown task": ["translat", 'did you mean "translate"'],
  "no task": ["", "expected translate or score"],
  "translating without a run": ["translate", "deno task pipeline"],
  "an unknown model": ["translate --model best", 'Cannot find model "best"'],
  "a beam of zero": [
    "translate --beam 0",
    '--beam "0": expected a whole number from 1',
  ],
  "8-bit products of another runtime": [
    "translate --int8 --runtime reference",
    "Cannot use --int8 with runtime reference on cpu",
  ],
  "an unknown provider": ["translate --provider tpu", 'found "tpu"'],
  "scoring without a reference": ["score a.txt", "references"],
  "an unknown metric": ["score a b --metric blue", 'did you mean "bleu"'],
};

for (const [what, [line, part]] of Object.entries(TASKS)) {
  Deno.test(`${what} is one sentence and exit code 2`, async () => {
    using folder = temporary();
    const words = line === "" ? [] : line.split(" ");
    const given = words[0] === "translate"
      ? [...words, "--artifacts", folder.path]
      : words;
    checkRefusal(await task(...given), part);
  });
}

function checkRefusal({ code, out, err }: Outcome, part: string): void {
  assertEquals({ code, out }, { code: 2, out: "" }, err);
  assertStringIncludes(err, part);
  assertEquals(err.trim().split("\n").length, 1, err);
}
