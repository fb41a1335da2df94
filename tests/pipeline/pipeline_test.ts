/** The real pipeline by its command line: the experiment `tiny` from nothing, what reruns, and bad input. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { exists } from "../engine/fixtures/project.ts";
import { tarballs } from "../nmt/text/fixtures/tarballs.ts";

const ROOT = fromFileUrl(new URL("../..", import.meta.url));

async function pipeline(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "pipeline", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

interface NodeJson {
  readonly name: string;
  readonly state: string;
  readonly metrics: Record<string, number | string>;
  readonly outputs: Record<string, { readonly sha256: string }>;
}

async function nodes(...args: string[]): Promise<NodeJson[]> {
  const { code, out, err } = await pipeline("run", "--json", ...args);
  assertEquals(code, 0, err);
  return JSON.parse(out).nodes;
}

const ran = (nodes: readonly NodeJson[]) =>
  nodes.filter(({ state }) => state === "ran").map(({ name }) => name);

const network = await tarballs("npm-messages");
const reason = network.missing === undefined
  ? ""
  : ` (ignored: ${network.missing})`;

Deno.test({
  name:
    `tiny runs from nothing, a second run does nothing in half a second, a student's beta reruns that student and what measures it${reason}`,
  ignore: network.missing !== undefined,
  fn: async () => {
    const folder = Deno.makeTempDirSync();
    const tiny = ["--experiment", "tiny", "--artifacts", folder];
    try {
      const first = await nodes(...tiny);
      assertEquals(first.length, 17);
      assertEquals(ran(first).length, 17);
      const metrics = Object.fromEntries(
        first.map(({ name, metrics }) => [name, metrics]),
      );
      for (const system of ["no-kd", "rkd", "ckd-regular"]) {
        const { parameters, bleu, chrf, signature, sentencesPerSecond, bytes } =
          metrics[`evaluate:${system}`];
        assert(
          Number(parameters) <=
            0.5 * Number(metrics["evaluate:teacher"].parameters),
        );
        for (const figure of [bleu, chrf, sentencesPerSecond, bytes]) {
          assert(Number.isFinite(figure));
        }
        assertMatch(
          String(signature),
          /^nrefs:1\|case:mixed\|eff:no\|tok:13a\|smooth:exp\|/,
        );
      }
      const manifest = Deno.readTextFileSync(`${folder}/manifest.json`);

      const seconds: number[] = [];
      for (let i = 0; i < 3; i++) {
        const began = performance.now();
        assertEquals(ran(await nodes(...tiny)), []);
        seconds.push((performance.now() - began) / 1000);
      }
      assert(Math.min(...seconds) < 0.5, `nothing to do took ${seconds} s`);
      assert(Deno.readTextFileSync(`${folder}/manifest.json`) === manifest);

      const changed = await nodes(
        ...tiny,
        "--set",
        "students.ckd-regular.beta=0.3",
      );
      assertEquals(ran(changed), [
        "student:ckd-regular",
        "evaluate:ckd-regular",
        "export:ckd-regular",
        "compare",
      ]);

      const hash = (nodes: readonly NodeJson[]) =>
        nodes.find(({ name }) => name === "student:no-kd")?.outputs.model
          .sha256;
      const again = await nodes(...tiny, "--only", "student:no-kd", "--force");
      assertEquals(ran(again), ["student:no-kd"]);
      assertEquals(hash(again), hash(first));
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});

const BAD_VALUES: Readonly<
  Record<string, readonly [setting: string, sentence: RegExp]>
> = {
  "a mistyped key": [
    "students.rkd.alhpa=0.5",
    /unknown key "students\.rkd\.alhpa", did you mean "alpha"/,
  ],
  "a mistyped section": [
    "teacher.model.widht=64",
    /unknown key "teacher\.model\.widht", did you mean "width"/,
  ],
  "a wrong type": [
    "teacher.training.steps=many",
    /"teacher\.training\.steps": expected .*number, found "many"/,
  ],
  "a layer beyond the teacher's": [
    "students.ckd-regular.encoder=[[1,2],[3,7]]",
    /teacher's 6 encoder layers, found layer 7/,
  ],
  "a layer map of another length than the student's depth": [
    "students.ckd-regular.encoder=[[1,2,3]]",
    /student's 2 encoder layers, found 1/,
  ],
  "weights that sum to more than 1": [
    "students.ckd-regular.alpha=0.9",
    /alpha \+ beta of at most 1, found 0\.9 \+ 0\.2/,
  ],
  "heads that do not divide the width": [
    "student.model.heads=5",
    /heads that divides width 64, found 5/,
  ],
  "a language that the data set has not": ["languages.source=xx", /xx/],
  "a source that the data set has not": [
    'data.sources=["vscod"]',
    /did you mean "vscode"/,
  ],
};

for (const [what, [setting, sentence]] of Object.entries(BAD_VALUES)) {
  Deno.test(`${what} is refused with one sentence and exit code 2, and nothing is written`, async () => {
    const artifacts = `${Deno.makeTempDirSync()}/artifacts`;
    const { code, out, err } = await pipeline(
      "--experiment",
      "tiny",
      "--artifacts",
      artifacts,
      "--set",
      setting,
    );
    assertEquals({ code, out }, { code: 2, out: "" }, err);
    assertEquals(err.trim().split("\n").length, 1, err);
    assertMatch(err, sentence);
    assert(!exists(artifacts));
  });
}

const SYLLABLES = ["ba", "ce", "di", "fo", "gu", "la", "me", "ni", "po", "ru"];
const word = (n: number) =>
  [...String(n)].map((digit) => SYLLABLES[Number(digit)]).join("");
const LINES = Array.from(
  { length: 400 },
  (_, i) =>
    `uma ${word(i + 100)} e ${word(i * 7 + 1000)}\ta ${word(i + 100)} and ${
      word(i * 7 + 1000)
    }`,
).join("\n") + "\n";

const BAD_DATA: Readonly<
  Record<string, readonly [data: Uint8Array | string, sentence: RegExp]>
> = {
  "an empty corpus": ["", /empty/],
  "a line without a TAB": [LINES + "no tab\n", /line 401/],
  "invalid UTF-8": [
    new Uint8Array([...new TextEncoder().encode("olá\thello\n"), 0xff, 0x0a]),
    /byte 1[0-2]/,
  ],
  "a NUL": ["olá\0\thello\n", /NUL.*byte/],
  "a line of a megabyte": [`${"a".repeat(2 ** 20)}\tb\n`, /line 1/],
  "a vocabulary larger than the data can give": [LINES, /vocabulary|subwords/],
};

for (const [what, [data, sentence]] of Object.entries(BAD_DATA)) {
  Deno.test(`${what} in a user's corpus ends with one sentence and exit code 2`, async () => {
    const folder = Deno.makeTempDirSync();
    const path = `${folder}/mine.tsv`;
    Deno.writeFileSync(
      path,
      typeof data === "string" ? new TextEncoder().encode(data) : data,
    );
    Deno.writeTextFileSync(
      `${folder}/mine.jsonc`,
      JSON.stringify({
        languages: { source: "pt", target: "en" },
        data: { train: path },
        corpus: { validation: 20, test: 20 },
      }),
    );
    const { code, err } = await pipeline(
      "run",
      "--quiet",
      "--experiment",
      `${folder}/mine.jsonc`,
      "--artifacts",
      `${folder}/artifacts`,
      "--until",
      "tokenize",
    );
    assertEquals(code, 2, err);
    assertMatch(err, sentence);
    assert(!/^\s+at /m.test(err), err);
    Deno.removeSync(folder, { recursive: true });
  });
}
