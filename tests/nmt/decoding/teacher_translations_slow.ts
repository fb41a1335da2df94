/**
 * Teacher targets of many sentences: a kill at any moment changes no byte. A small model and made-up sentences, unless
 * CKD_KILL_MODEL names a model file and CKD_KILL_TOKENS a token file with its subwords; CKD_KILL_LINES says how many
 * sentences.
 */
import { assert, assertEquals } from "@std/assert";
import { random } from "../../../nmt/random.ts";
import {
  packer,
  packSide,
  readTokens,
  sentence,
  sentenceIdsOf,
  type Tokens,
  writeTokens,
} from "../../../nmt/text/subwords/tokens.ts";
import { saveModel } from "../../../nmt/transformer/checkpoint.ts";
import { withFolder } from "../fixtures/folder.ts";
import { randomSources } from "../fixtures/plain_search.ts";
import { endingModel, FILES, VOCABULARY } from "../fixtures/translating.ts";

const PROGRAM = new URL("../fixtures/translating.ts", import.meta.url).href;
const MODEL = Deno.env.get("CKD_KILL_MODEL");
const TOKENS = Deno.env.get("CKD_KILL_TOKENS");
const LINES = Number(Deno.env.get("CKD_KILL_LINES") ?? 20_000);
const KILLS = 5;
const PIECE = 2048;

/** So many source sentences: those of the token file, from the beginning again where it has fewer, or made-up ones. */
function sources(): Tokens {
  const { add, side } = packer();
  if (TOKENS === undefined) {
    for (const ids of randomSources(VOCABULARY, LINES, 6, 3)) add(ids);
  } else {
    const { source, pairs } = readTokens(TOKENS);
    for (let line = 0; line < LINES; line++) {
      const pair = line % pairs;
      add(sentence(source, pair), sentenceIdsOf(source, pair, pair + 1));
    }
  }
  const nothing = Array.from({ length: LINES }, () => new Int32Array(0));
  return { source: side(), target: packSide(nothing), pairs: LINES };
}

/** Translates in a process of its own, which is killed a while after it has done so many sentences; gives what it printed last. */
async function translate(
  folder: string,
  kill?: { readonly after: number; readonly delay: number },
) {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", PROGRAM, folder],
    stdout: "piped",
  }).spawn();
  let rest = "", last = "", isKilled = false;
  const decoder = new TextDecoder();
  for await (const chunk of process.stdout) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    last = lines.at(-1) ?? last;
    const isDue = lines.some((line) => Number(line) >= (kill?.after ?? NaN));
    if (kill === undefined || isKilled || !isDue) continue;
    isKilled = true;
    setTimeout(() => process.kill("SIGKILL"), kill.delay);
  }
  return { signal: (await process.status).signal, last };
}

Deno.test(
  `the translations of ${LINES} sentences by ${
    MODEL === undefined ? "a small model" : "the given model"
  } are the same bytes after ${KILLS} kills at random moments`,
  () =>
    withFolder(async (root) => {
      const [first, killed] = ["first", "killed"].map((name) => {
        const folder = `${root}/${name}`;
        Deno.mkdirSync(folder);
        if (MODEL === undefined) {
          saveModel(`${folder}/${FILES.teacher}`, endingModel());
        } else Deno.copyFileSync(MODEL, `${folder}/${FILES.teacher}`);
        writeTokens(`${folder}/${FILES.tokens}`, sources());
        return folder;
      });
      const undisturbed = await translate(first);
      assertEquals(undisturbed.signal, null);
      const next = random("kills");
      const moments = Array.from({ length: KILLS }, () => ({
        after: 1 + Math.floor(next() * 0.9 * (LINES - PIECE)),
        delay: Math.floor(next() * 40),
      })).sort((one, other) => one.after - other.after);
      const pieces = [];
      for (const moment of moments) {
        const { signal } = await translate(killed, moment);
        assertEquals(signal, "SIGKILL", `not killed after ${moment.after}`);
        pieces.push(
          [...Deno.readDirSync(`${killed}/${FILES.work}`)]
            .filter(({ name }) => name.endsWith(".safetensors")).length,
        );
      }
      assert(
        pieces[0] < pieces[KILLS - 1],
        `pieces after the kills: ${pieces}`,
      );
      assert(pieces[KILLS - 1] < LINES / PIECE);
      const resumed = await translate(killed);
      assertEquals(resumed, undisturbed);
      const { translated, pairs } = JSON.parse(resumed.last);
      assertEquals(translated, LINES);
      assert(pairs > 0 && pairs <= LINES);
      assertEquals(
        Deno.readFileSync(`${killed}/${FILES.train}`),
        Deno.readFileSync(`${first}/${FILES.train}`),
      );
    }),
);
