/** The examples run as their first lines say. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { deno, type Outcome, ROOT } from "./fixtures/command.ts";
import { temporary } from "./fixtures/made_run.ts";
import { PARTS, trainedStudent } from "./fixtures/trained.ts";

const INT8 = ["examples/model", "int8"];

function example(name: string, ...args: string[]): Promise<Outcome> {
  return deno(["run", "--allow-all", `examples/${name}.ts`, ...args]);
}

/** Runs a module with some lines on standard input. */
async function withLines(
  lines: readonly string[],
  ...args: readonly string[]
): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", ...args],
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(lines.join("\n") + "\n"));
  await writer.close();
  const { code, stdout } = await child.output();
  assertEquals(code, 0);
  return new TextDecoder().decode(stdout);
}

Deno.test("an exported model translates standard input as the model itself does", async () => {
  const { exported, artifacts } = await trainedStudent();
  const lines = [...PARTS.test.slice(0, 3).map(([source]) => source), ""];
  assertEquals(
    await withLines(lines, "examples/translate.ts", exported),
    await withLines(
      lines,
      ...["cli/tasks.ts", "translate", "--artifacts", artifacts],
      ...["--model", "student:no-kd", "--beam", "2"],
    ),
  );
});

Deno.test("the model beside the examples translates in 8 bits; without that, without a folder or in another one it is one sentence", async () => {
  assertMatch(
    await withLines(["o gato"], "examples/translate.ts", ...INT8),
    /\S/,
  );
  for (
    const [args, said] of [
      [[], /^Cannot translate: expected FOLDER/],
      [["examples/model"], /^Cannot use "examples\/model\/fp32\//],
      [["no/such"], /^Cannot use .*"no\/such"/],
    ] as const
  ) {
    const { code, out, err } = await example("translate", ...args);
    assertEquals([code, out], [2, ""]);
    assertMatch(err, said);
    assertEquals(err.trimEnd().split("\n").length, 1, err);
  }
});

Deno.test("two systems of committed results are compared by both scores", async () => {
  const { code, out, err } = await example(
    ...["compare", "quick", "ckd-regular", "rkd"] as const,
  );
  assertEquals(code, 0, err);
  assertMatch(
    out,
    /^bleu: -?\d+\.\d\d, p = 0\.\d+\nchrf: -?\d+\.\d\d, p = 0\.\d+\n$/,
  );
});

Deno.test("a comparison that is not there is one sentence", async () => {
  for (
    const args of [[], ["none", "rkd", "no-kd"], ["quick", "rdk", "no-kd"]]
  ) {
    const { code, out, err } = await example("compare", ...args);
    assertEquals([code, out], [2, ""]);
    assertMatch(
      err,
      /^Cannot compare [^\n]+EXPERIMENT SYSTEM BASELINE[^\n]+\n$/,
    );
  }
});

Deno.test("a pipeline of one's own counts words, in any folder, and again only what changed", async () => {
  using folder = temporary();
  const file = (name: string, text: string) =>
    Deno.writeTextFileSync(join(folder.path, name), text);
  file("a.txt", "one two\n");
  file("b.txt", "three\n");
  for (const name of ["count_words.ts", "words_pipeline.ts"]) {
    Deno.copyFileSync(join(ROOT, "examples", name), join(folder.path, name));
  }
  const run = async () => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--config", join(ROOT, "deno.json"), "--allow-all"],
        ...["words_pipeline.ts", "a.txt", "b.txt"],
      ],
      cwd: folder.path,
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  };
  const ran = "count:a.txt: 2 words, ran\ncount:b.txt: 1 words, ran\n";
  assertEquals(await run(), ran);
  file("b.txt", "three four\n");
  assertEquals(
    await run(),
    "count:a.txt: 2 words, cached\ncount:b.txt: 2 words, ran\n",
  );
  assert(Deno.statSync(join(folder.path, "word-counts/manifest.json")).isFile);
});

Deno.test("a failed node is the error of its sentence", async () => {
  const { code, err } = await example("words_pipeline", "no/such/file.txt");
  assertEquals(code, 1);
  assertMatch(err, /Cannot read "no\/such\/file.txt"/);
});
