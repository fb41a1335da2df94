/** The commands beside the pipeline: their arguments and what they say of bad ones. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));

async function tool(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", `${ROOT}/cli.ts`, ...args],
    stdin: "null",
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: decode(stdout), err: decode(stderr) };
}

const empty = Deno.makeTempDirSync();

const BAD: readonly (readonly [string, readonly string[], string])[] = [
  ["an unknown command", ["translat"], 'did you mean "translate"'],
  ["no command", [], "expected translate or score"],
  [
    "translating without a run",
    ["translate", "--artifacts", empty],
    "deno task pipeline",
  ],
  [
    "an unknown model",
    ["translate", "--artifacts", empty, "--model", "best"],
    'Cannot find model "best"',
  ],
  ["a beam of zero", ["translate", "--beam", "0"], "a whole number from 1"],
  ["scoring without a reference", ["score", "a.txt"], "references"],
  [
    "an unknown metric",
    ["score", "a", "b", "--metric", "blue"],
    'did you mean "bleu"',
  ],
];

for (const [what, args, part] of BAD) {
  Deno.test(`${what} is one sentence and exit code 2`, async () => {
    const { code, out, err } = await tool(...args);
    assertEquals({ code, out }, { code: 2, out: "" });
    assertStringIncludes(err, part);
    assertEquals(err.trim().split("\n").length, 1);
  });
}

Deno.test("score gives BLEU and chrF of equal files as 100, as text and as JSON", async () => {
  const file = Deno.makeTempFileSync();
  Deno.writeTextFileSync(file, "the cat sat on the mat\nand it was good\n");
  const { code, out } = await tool("score", file, file, "--json");
  assertEquals(code, 0);
  const { bleu, chrf } = JSON.parse(out);
  assert(Math.abs(bleu.score - 100) < 1e-9);
  assertEquals(chrf.score, 100);
  assertStringIncludes((await tool("score", file, file)).out, "100");
  Deno.removeSync(file);
});
