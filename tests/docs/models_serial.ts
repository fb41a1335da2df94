/** Follows docs/models.md with a model that Marian trains here; with a real one only its path is another. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { parse as parseJsonc } from "@std/jsonc";
import { Experiment } from "../../schemas/experiment/experiment.ts";
import { runPython, testWithPython } from "../fixtures/python.ts";
import { type MadePiece, SPECIALS, spm } from "../nmt/imported/made.ts";
import { type Clone, cloneProject, stop, until } from "./clone.ts";
import { blocksOf, commandsOf } from "./page.ts";

const PAGE = "docs/models.md";
const PIECES: readonly MadePiece[] = [
  ...SPECIALS,
  ..."▁abcdefghijklmnopqrstuvwxyzUêé.",
].map((piece) => typeof piece === "string" ? [piece, -3] : piece);

/** Trains a model like tiny11, with fewer features, on a few lines. */
const MARIAN = `
import json, sys, os, pymarian
given = json.load(sys.stdin)
os.chdir(given["folder"])
out = os.dup(1); os.dup2(2, 1)
open("text", "w").write(given["text"] * 200)
pymarian.Trainer("--type transformer -t text text -v vocab.spm vocab.spm --dim-emb 16 --transformer-heads 2 "
  "--transformer-dim-ffn 24 --enc-depth 2 --dec-depth 2 --transformer-decoder-autoreg rnn --dec-cell ssru --tied-embeddings-all "
  "--transformer-ffn-activation relu --cpu-threads 1 --after-batches 60 --learn-rate 0.01 --mini-batch 64 --workspace 100 "
  "--seed 5 --quiet -m model.npz").train()
os.remove("text")
os.dup2(out, 1); print(json.dumps(sorted(os.listdir("."))))
`;

const COMMANDS: Readonly<Record<string, (clone: Clone) => Promise<void>>> = {
  "deno task pipeline convert tiny11 --from pt --to en --out exported": async (
    clone,
  ) => {
    const { code, said } = await clone.run(shown(0));
    assertEquals(code, 0, said);
    assertMatch(said, /marian: [\d,]+ parameters, [\d.]+ MB in fp32/);
  },
  'echo "Uma menina lê um livro." | deno task translate --model exported/model.safetensors':
    async (clone) => {
      const { code, said } = await clone.run(shown(1));
      assertEquals(code, 0, said);
      // It was trained to repeat some words.
      assertMatch(said.trim().split("\n").at(-1) ?? "", /uma?|livro|menin/);
    },
  "deno task web --model exported": async (clone) => {
    const page = clone.start(`${shown(2)} --port 0`);
    await until(page, /http:\S+\s/);
    const [address] = /http:\S+/.exec(page.said()) ?? [""];
    const list = await (await fetch(new URL("site.json", address))).json();
    assertEquals(list.models[0].languages, { source: "pt", target: "en" });
    await stop(page);
  },
  "deno task serve --model exported": async (clone) => {
    const server = clone.start(`${shown(3)} --port 0`);
    await until(server, / at http:\S+\s/);
    const [, address] = / at (http:\S+)/.exec(server.said()) ?? [];
    const answer = await fetch(new URL("translate", address), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ text: ["Uma menina."] }),
    });
    const body = await answer.text();
    assertEquals(answer.status, 200, body);
    await stop(server);
  },
};

const all = blocksOf(PAGE).filter(({ language }) => language === "sh")
  .flatMap(({ text }) => commandsOf(text));
const shown = (index: number) => all[index];

Deno.test("each command that docs/models.md shows is one that this test runs, and its experiment has no mistake", () => {
  assertEquals(all, Object.keys(COMMANDS));
  const [block] = blocksOf(PAGE).filter(({ language }) => language === "jsonc");
  const { teacher } = Experiment.parse(parseJsonc(block.text));
  assertEquals(teacher.import, "tiny11");
});

testWithPython(
  "pymarian",
  "a model of Marian's goes from its folder to files, lines, a page and a server by the commands of docs/models.md",
  async (python) => {
    await using clone = await cloneProject();
    const folder = clone.path("tiny11");
    Deno.mkdirSync(folder);
    Deno.writeFileSync(`${folder}/vocab.spm`, spm(PIECES));
    const files = await runPython(python, MARIAN, {
      folder,
      text: "uma menina\num livro\numa casa\num menino\n",
    });
    assert(Array.isArray(files) && files.includes("model.npz"), String(files));
    for (const file of files) {
      if (!/^(model\.npz|vocab\.spm)$/.test(file)) {
        Deno.removeSync(`${folder}/${file}`);
      }
    }
    for (const run of Object.values(COMMANDS)) await run(clone);
  },
);
