/** The real pipeline by its command line: bad values and bad files are refused in one sentence. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { exists } from "../engine/fixtures/project.ts";

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

const BAD_VALUES: Readonly<
  Record<string, readonly [setting: string, sentence: RegExp]>
> = {
  "a mistyped key": [
    "students.rkd.alhpa=0.5",
    /unknown key "students\.rkd\.alhpa", did you mean "alpha"/,
  ],
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
  "invalid UTF-8": [
    new Uint8Array([...new TextEncoder().encode("olá\thello\n"), 0xff, 0x0a]),
    /byte 1[0-2]/,
  ],
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
