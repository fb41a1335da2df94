/** Training to the end on a toy language: it is learned, and a kill changes no byte. */
import { assertEquals, assertNotEquals } from "@std/assert";
import { loadModel } from "../../../nmt/transformer/checkpoint.ts";
import { createTranslator } from "../../../nmt/decoding/beam_search.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { sentence } from "../../../nmt/text/subwords/tokens.ts";
import { withFolder } from "../fixtures/folder.ts";
import { sentences, toyFiles } from "../fixtures/reversal.ts";

const PROGRAM = new URL("../fixtures/reversal.ts", import.meta.url).href;

/** Runs the toy training in a process of its own; `until` sees each line of progress and may ask for a kill. */
async function runToy(folder: string, until: (line: string) => boolean) {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", PROGRAM, folder],
    stdout: "piped",
  }).spawn();
  const decoder = new TextDecoder();
  let buffered = "";
  for await (const chunk of process.stdout) {
    buffered += decoder.decode(chunk, { stream: true });
    const lines = buffered.split("\n");
    buffered = lines.pop() ?? "";
    if (lines.some(until)) process.kill("SIGKILL");
  }
  return await process.status;
}

const hashes = (folder: string) =>
  Promise.all(
    Object.values(toyFiles(folder)).map(async (path) => {
      const digest = await crypto.subtle.digest(
        "SHA-256",
        Deno.readFileSync(path),
      );
      return new Uint8Array(digest).toHex();
    }),
  );

async function exactMatches(path: string): Promise<number> {
  const translator = await createTranslator(
    await loadRuntime(),
    loadModel(path, "the toy model"),
  );
  const { source, target, pairs } = sentences(9, 200);
  const inputs = Array.from({ length: pairs }, (_, i) => sentence(source, i));
  const found = await translator.translate(inputs, {
    beam: 1,
    lengthPenalty: 1,
  });
  await translator.dispose();
  return found.filter(({ ids }, i) => ids.join() === sentence(target, i).join())
    .length;
}

Deno.test("a teacher and its CKD student learn to reverse every unseen sentence, to the same bytes after kills", () =>
  withFolder(async (root) => {
    const [first, killed] = ["first", "killed"].map((name) => {
      Deno.mkdirSync(`${root}/${name}`);
      return `${root}/${name}`;
    });
    assertEquals((await runToy(first, () => false)).code, 0);
    for (const [name, path] of Object.entries(toyFiles(first))) {
      assertEquals(await exactMatches(path), 200, name);
    }
    for (const stage of ["teacher", "student"]) {
      const step = 60 + Math.floor(Math.random() * 600);
      const status = await runToy(
        killed,
        (line) => line === `${stage} ${step}`,
      );
      assertNotEquals(status.code, 0, `not killed at ${stage} ${step}`);
    }
    assertEquals((await runToy(killed, () => false)).code, 0);
    assertEquals(await hashes(killed), await hashes(first));
  }));
