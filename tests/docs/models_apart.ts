/** Follows docs/models.md with a model that Marian trains here; with a real one only its path is another. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { parse as parseJsonc } from "@std/jsonc";
import { statIfThere } from "../../base/stat.ts";
import { Experiment } from "../../schemas/experiment/experiment.ts";
import { runPython, testWithPython } from "../fixtures/python.ts";
import { RARE } from "../apps/init/small_model.ts";
import { type MadePiece, SPECIALS, spm } from "../nmt/imported/made.ts";
import { marianFile } from "../nmt/shortlist/made_shortlist.ts";
import { type Clone, cloneProject, stop, until } from "./clone.ts";
import { blocksOf, commandsOf } from "./page.ts";

const PAGE = "docs/models.md";
/** The corpus has few of these, so that students do without the others; braces the model lacks. */
const PIECES: readonly MadePiece[] = [
  ...SPECIALS,
  ..."▁abcdefghijklmnopqrstuvwxyzUêé.",
  ...RARE,
].map((piece) => typeof piece === "string" ? [piece, -3] : piece);

const HELD = { validation: 20, test: 20 };
const MINE = "mine/experiment.jsonc";
const NOUNS = ["menina", "casa", "mesa", "porta", "rua", "lua", "ponte"];

/** A corpus whose characters the model has but for two. */
const PAIRS = NOUNS.flatMap((one) =>
  NOUNS.flatMap((two) =>
    NOUNS.map((three) =>
      `uma ${one} de ${two} e {a} ${three}.\ta ${one} of ${two} and {a} ${three}.\n`
    )
  )
).join("");

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

/** A command ends well. */
async function succeeds(clone: Clone, command: string): Promise<string> {
  const { code, said } = await clone.run(command);
  assertEquals(code, 0, said);
  return said;
}

/** A page is served, whose first model is of these languages and this name. */
async function serves(clone: Clone, command: string, name: string) {
  const page = clone.start(`${command} --port 0`);
  await until(page, /http:\S+\s/);
  const [address] = /http:\S+/.exec(page.said()) ?? [""];
  const list = await (await fetch(new URL("site.json", address))).json();
  const [{ languages, system }] = list.models;
  assertEquals(languages, { source: "pt", target: "en" });
  assertEquals(system, name);
  await stop(page);
}

const COMMANDS: Readonly<
  Record<string, (clone: Clone, command: string) => Promise<unknown>>
> = {
  "deno task pipeline convert tiny11 --from pt --to en --out exported": async (
    clone,
    command,
  ) => {
    const said = await succeeds(clone, command);
    assertMatch(said, /marian: [\d,]+ parameters, [\d.]+ MB in fp32/);
    assertMatch(said, /, with lex\.pten\.bin$/m);
    assert(statIfThere(clone.path("exported/shortlist.safetensors"))?.isFile);
  },
  'echo "Uma menina lê um livro." | deno task translate --model exported/model.safetensors':
    async (clone, command) => {
      const translated = async (command: string) =>
        (await succeeds(clone, command)).trim().split("\n").at(-1) ?? "";
      // It was trained to repeat some words.
      assertMatch(await translated(command), /uma?|livro|menin/);
      assertMatch(
        await translated(`${command} --no-shortlist`),
        /uma?|livro|menin/,
      );
    },
  "deno task web --model exported": (clone, command) =>
    serves(clone, command, "tiny11"),
  "deno task serve --model exported": async (clone, command) => {
    const server = clone.start(`${command} --port 0`);
    await until(server, / at http:\S+\s/);
    const [, address] = / at (http:\S+)/.exec(server.said()) ?? [];
    const answer = await fetch(new URL("translate", address), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ text: ["Uma menina."] }),
    });
    const body = await answer.text();
    assertEquals(answer.status, 200, body + server.said());
    await stop(server);
  },
  "deno task pipeline init mine --pairs mine.tsv --from pt --to en --model tiny11":
    async (clone, command) => {
      const said = await succeeds(clone, command);
      assertMatch(said, /It lacks 2 of the text's characters, such as { }/);
      assertMatch(said, /subwords; students keep 100\./);
      // A run of seconds, with the keys that the page says are the user's to add.
      const { teacher, student, ...rest } = Object(
        parseJsonc(clone.read(MINE)),
      );
      const few = { steps: 60, batchTokens: 512, warmup: 10 };
      const general = clone.read("mine.tsv").replaceAll(/\t.*|{a} /g, "")
        .replaceAll(" de ", " e ");
      clone.write("general.pt", general);
      const [block] = blocksOf(PAGE)
        .filter(({ language }) => language === "jsonc");
      const shown = Object(parseJsonc(block.text));
      clone.write(
        MINE,
        JSON.stringify({
          ...rest,
          corpus: { ...rest.corpus, ...shown.corpus },
          evaluation: { beam: 2 },
          teacher: {
            ...teacher,
            adaptation: { ...teacher.adaptation, training: few },
          },
          student: { ...student, training: { ...few, rate: 1e-3 } },
          testSets: { general: { data: { train: "other.tsv" }, corpus: HELD } },
        }),
      );
    },
  "deno task pipeline run export:teacher --experiment mine/experiment.jsonc":
    async (clone, command) => {
      const said = await succeeds(clone, command);
      for (
        const node of [
          "extend",
          "translations:monolingual-imported",
          "mixture:imported",
        ]
      ) assertMatch(said, new RegExp(`^${node}: done`, "m"));
    },
  "deno task web --model teacher": (clone, command) =>
    serves(clone, command, "teacher"),
  "deno task pipeline --experiment mine/experiment.jsonc": async (
    clone,
    command,
  ) => {
    const said = await succeeds(clone, command);
    assertMatch(said, /^trim: done/m);
    assertMatch(said, /^general\/evaluate:imported: done/m);
  },
  "deno task pipeline results --experiment mine/experiment.jsonc": async (
    clone,
    command,
  ) => {
    const said = await succeeds(clone, command);
    const rows = [...said.matchAll(/^\| (imported|teacher|rkd|ckd) /gm)];
    // Each on both test sets.
    assertEquals(rows.length, 8, said);
  },
  "deno task web --model ckd": (clone, command) =>
    serves(clone, command, "ckd"),
};

const all = blocksOf(PAGE).filter(({ language }) => language === "sh")
  .flatMap(({ text }) => commandsOf(text));

Deno.test("each command that docs/models.md shows is one that this test runs, and its experiment has no mistake", () => {
  assertEquals(all, Object.keys(COMMANDS));
  const [block] = blocksOf(PAGE).filter(({ language }) => language === "jsonc");
  const { teacher } = Experiment.parse(parseJsonc(block.text));
  assertEquals(teacher.import, "tiny11");
  assertEquals(teacher.adaptation?.interpolation, 0.5);
});

testWithPython(
  "pymarian",
  "a model of Marian's goes from its folder to files, lines, a page, a server and a student by the commands of docs/models.md",
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
    Deno.writeFileSync(
      `${folder}/lex.pten.bin`,
      marianFile({ first: 20, lists: PIECES.map((_, id) => [id, 20, 21]) }),
    );
    clone.write("mine.tsv", PAIRS);
    clone.write("other.tsv", PAIRS.replaceAll(" {a}", ""));
    for (const [command, run] of Object.entries(COMMANDS)) {
      await run(clone, command);
    }
  },
);
