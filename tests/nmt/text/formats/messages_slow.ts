/** Tests of the embedded corpus, on the real packages: counts, texts, and what its split promises. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { Corpus } from "../../../../schemas/experiment/data.ts";
import { clean, spaced } from "../../../../nmt/text/corpus/cleaning.ts";
import {
  type CorpusConfig,
  writeCorpus,
} from "../../../../nmt/text/corpus/corpus.ts";
import { selections } from "../../../../nmt/text/descriptors/descriptors.ts";
import { readMessages } from "../../../../nmt/text/formats/messages.ts";
import { fold } from "../../../../nmt/text/corpus/split.ts";
import { readPairs } from "../../../../nmt/text/subwords/tokenize.ts";
import { CORPORA, corporaMissing } from "../../fixtures/corpora.ts";
import { withFolder } from "../../fixtures/folder.ts";
import { NPM_MESSAGES, tarballs } from "../fixtures/tarballs.ts";

/** Messages in both languages, and pairs left by the default cleaning: facts about the pinned packages. */
const COUNTS = {
  "vscode": { pt: [17083, 14480], tr: [17083, 14429], de: [17083, 14294] },
  "typescript": { pt: [2118, 2113], tr: [2118, 2115], de: [2118, 2110] },
  "scratch": { pt: [4370, 3299], tr: [4370, 3272], de: [4370, 3256] },
  "keycloak-admin": { pt: [1156, 892], tr: [4163, 3769], de: [1797, 1517] },
  "openui5": {
    pt: [1374 + 422, 973 + 319],
    tr: [1374 + 422, 984 + 316],
    de: [1374 + 422, 939 + 306],
  },
  "blockly": { pt: [371, 287], tr: [371, 285], de: [371, 293] },
  "electerm": { pt: [388, 357], tr: [388, 366], de: [388, 352] },
  "azure-communication": { pt: [1085, 645], tr: [1085, 627], de: [1085, 610] },
} as const;

const LANGUAGES = ["pt", "tr", "de"] as const;

const { sources, folder, missing } = await tarballs("npm-messages");
const ignore = missing !== undefined;
const needs = ignore ? ` (skipped: ${missing})` : "";

/** Lines "label TAB source TAB target" after the default cleaning, and the counts by label. */
async function cleaned(language: string) {
  const limits = Corpus.parse({});
  const seen = new Set<string>();
  const counts: Record<string, [number, number]> = {};
  const lines: string[] = [];
  for (const source of sources) {
    const messages = await readMessages(source, {
      source: language,
      target: "en",
    }, folder);
    const before = lines.length;
    for (const message of messages) {
      const result = clean(message, source, limits);
      if ("rule" in result) continue;
      const line = `${result.pair.source}\t${result.pair.target}`;
      if (!seen.has(line)) lines.push(`${source.label}\t${line}`);
      seen.add(line);
    }
    counts[source.label] = [messages.length, lines.length - before];
  }
  return { counts, lines };
}

/** A text of the independent extraction with the space that stands for `<br><br>` of the one message with words around it. */
const apart = (text: string) =>
  text
    .replace("olabilir!Bu yılki", "olabilir! Bu yılki")
    .replace("erfunden!Tauche im", "erfunden! Tauche im");

/** The parts of the corpus of some messages. */
const build = (config: CorpusConfig) =>
  withFolder(async (work) => {
    const path = (part: string) => `${work}/${part}.tsv`;
    const paths = {
      train: path("train"),
      validation: path("validation"),
      test: path("test"),
    };
    const report = await writeCorpus(
      config,
      selections(config.data, config.languages),
      folder,
      1,
      { ...paths, work },
    );
    return {
      train: await readPairs(paths.train),
      validation: await readPairs(paths.validation),
      test: await readPairs(paths.test),
      report,
    };
  });

for (const language of LANGUAGES) {
  Deno.test({
    name:
      `${language}-en: each source of npm-messages gives the known numbers of messages and pairs${needs}`,
    ignore,
    fn: async () => {
      const { counts } = await cleaned(language);
      const expected = Object.entries(COUNTS)
        .map(([label, of]) => [label, of[language]]);
      assertEquals(counts, Object.fromEntries(expected));
    },
  });

  const extracted = corporaMissing(`npm-messages/${language}-en.tsv.gz`);
  Deno.test({
    name:
      `${language}-en: the pairs are those of an independent extraction${needs}${extracted}`,
    ignore: ignore || extracted !== "",
    fn: async () => {
      const { lines } = await cleaned(language);
      const file = await Deno.open(
        join(CORPORA, `npm-messages/${language}-en.tsv.gz`),
      );
      const text = await new Response(
        file.readable.pipeThrough(new DecompressionStream("gzip")),
      ).text();
      const theirs = text.trimEnd().split("\n").map((line) => {
        const [label, _key, foreign, english] = line.split("\t");
        // That extraction leaves soft hyphens inside words, and joins the words around <br>.
        return [label, spaced(apart(foreign)), spaced(english)].join("\t");
      });
      assertEquals(lines.toSorted(), theirs.toSorted());
    },
  });
}

Deno.test({
  name:
    `messages are the same from either side, and between two languages other than English${needs}`,
  ignore,
  fn: async () => {
    const typescript = sources.find(({ label }) => label === "typescript");
    assert(typescript !== undefined);
    const pairs = async (source: string, target: string) =>
      (await readMessages(typescript, { source, target }, folder)).map((
        message,
      ) => `${message.key} ${message[source === "en" ? "source" : "target"]}`)
        .sort();
    assertEquals(await pairs("en", "de"), await pairs("de", "en"));
    const turkish = await readMessages(typescript, {
      source: "tr",
      target: "de",
    }, folder);
    const one = turkish.find(({ key }) =>
      key === "Unterminated_string_literal_1002"
    );
    assertEquals([one?.source, one?.target], [
      "Sonlandırılmamış dize sabit değeri.",
      "Nicht abgeschlossenes Zeichenfolgenliteral.",
    ]);
  },
});

Deno.test({
  name:
    `held-out sentences are about as long as the rest, and hardly repeat each other${needs}`,
  ignore,
  fn: async () => {
    const config = {
      data: NPM_MESSAGES,
      languages: { source: "pt", target: "en" },
      corpus: Corpus.parse({ minimumWords: 4 }),
    };
    const { test, train } = await build(config);
    const mean = (part: typeof test) =>
      part.reduce((sum, { source }) => sum + source.split(" ").length, 0) /
      part.length;
    assert(
      Math.abs(mean(test) / mean(train) - 1) < 0.2,
      `${mean(test)} words against ${mean(train)}`,
    );
    const forms = new Set(test.map(({ target }) => fold(target)));
    assert(
      forms.size > 0.95 * test.length,
      "a test set of repetitions says little",
    );
  },
});
