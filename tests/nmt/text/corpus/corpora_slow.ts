/** Tests of the data sets of `data/` on the real text, from their descriptors to the corpus. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { Languages } from "../../../../schemas/experiment/data.ts";
import { fold } from "../../../../nmt/text/corpus/split.ts";
import { CORPORA, corporaMissing } from "../../fixtures/corpora.ts";
import { build, type Run, withMirrors } from "../fixtures/building.ts";
import { withFolder } from "../../fixtures/folder.ts";

const missing = corporaMissing();
const ignore = missing !== "";

const PARTS = ["train", "validation", "test"] as const;

const languages = (pair: string) => {
  const [source, target] = pair.split("-");
  return Languages.parse({ source, target });
};

const pairsOf = (tsv: string) =>
  tsv.trimEnd().split("\n").map((line) => line.split("\t"));

for (const pair of ["en-de", "pt-en"]) {
  Deno.test({
    name:
      `multi30k ${pair}: the descriptor gives the corpus of the same files given by hand, byte for byte${missing}`,
    ignore,
    fn: () =>
      withFolder(async (folder) => {
        const [source, target] = pair.split("-");
        const given = (stem: string) => ({
          source: join(CORPORA, "multi30k", `${stem}.${source}.gz`),
          target: join(CORPORA, "multi30k", `${stem}.${target}.gz`),
        });
        const options = {
          languages: languages(pair),
          corpus: { maximumWords: 40, trainLimit: 28_000 },
          seed: 3,
        };
        const byHand = await build(join(folder, "hand"), {
          train: given("train"),
          validation: given("val"),
          test: given("test_2016_flickr"),
        }, options);
        const described = await withMirrors(
          CORPORA,
          () => build(join(folder, "set"), { descriptor: "multi30k" }, options),
        );
        for (const part of PARTS) {
          assertEquals(await described.read(part), await byHand.read(part));
        }
        assertEquals(described.metrics.train, 28_000);
        assertEquals(described.metrics.validation, 1014);
        assertEquals(described.metrics.test, 1000);
      }),
  });
}

/** The pages or packages of a table that each of its pairs stands in. */
async function groupsOf(path: string): Promise<Map<string, Set<string>>> {
  const file = await Deno.open(path);
  const text = await new Response(
    file.readable.pipeThrough(new DecompressionStream("gzip")),
  ).text();
  const groups = new Map<string, Set<string>>();
  for (const [group, , foreign, english] of pairsOf(text)) {
    const key = `${fold(foreign)}\t${fold(english)}`;
    groups.set(key, (groups.get(key) ?? new Set()).add(group));
  }
  return groups;
}

/** Fails where two parts have pairs of one group, judged by the pairs that stand in one group only. */
async function checkGroups(run: Run, table: string): Promise<void> {
  const groups = await groupsOf(table);
  const only = async (part: string) =>
    new Set(
      pairsOf(await run.read(part)).flatMap(([source, target]) => {
        const found = groups.get(`${fold(source)}\t${fold(target)}`);
        return found?.size === 1 ? [...found] : [];
      }),
    );
  const [train, validation, test] = [
    await only("train"),
    await only("validation"),
    await only("test"),
  ];
  assert(train.size > 20 && test.size >= 4 && validation.size >= 4);
  assert(train.isDisjointFrom(test.union(validation)));
  assert(test.isDisjointFrom(validation));
}

for (const language of ["tr", "pt", "de"]) {
  Deno.test({
    name: `libreoffice-help ${language}-en: no page is in two parts${missing}`,
    ignore,
    fn: () =>
      withFolder(async (folder) => {
        const run = await withMirrors(CORPORA, () =>
          build(folder, { descriptor: "libreoffice-help" }, {
            languages: languages(`${language}-en`),
          }));
        const table = `libreoffice-help/${language}-en.tsv.gz`;
        await checkGroups(run, join(CORPORA, table));
        assert(Number(run.metrics.test) < 1250);
      }),
  });
}

Deno.test({
  name: `debian-messages tr-en: no package is in two parts${missing}`,
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const run = await withMirrors(CORPORA, () =>
        build(folder, { descriptor: "debian-messages" }, {
          languages: languages("tr-en"),
        }));
      await checkGroups(run, join(CORPORA, "debian-messages/tr-en.tsv.gz"));
      assert(Number(run.metrics.train) > 180_000);
    }),
});

Deno.test({
  name:
    `an additional data set adds to train what resembles nothing held out, and changes no held-out set${missing}`,
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const options = { languages: languages("tr-en") };
      const [alone, more] = await withMirrors(CORPORA, async () => [
        await build(join(folder, "alone"), {
          descriptor: "libreoffice-help",
        }, options),
        await build(join(folder, "more"), {
          descriptor: "libreoffice-help",
          additional: ["tatoeba"],
        }, options),
      ]);
      for (const part of ["validation", "test"] as const) {
        assertEquals(await more.read(part), await alone.read(part));
      }
      const report = JSON.parse(await more.read("report"));
      assertEquals(report.sources["tatoeba: sentences"].kept, 41_091);
      const added = Number(more.metrics.train) - Number(alone.metrics.train);
      assert(added > 41_000 && added <= 41_091, String(added));
      const lines = new Set((await more.read("train")).split("\n"));
      const own = (await alone.read("train")).trimEnd().split("\n");
      assert(own.every((line) => lines.has(line)));
    }),
});

/** Debian's packages of the help pages, as the descriptor has them, by apt. */
const VERSION = "4:25.2.3-2+deb13u12";

/** Runs `apt-get download` for the packages in a folder; with `--print-uris`, says only whether apt has them. */
async function apt(folder: string, ...options: string[]) {
  const packages = ["en-us", "tr"]
    .map((language) => `libreoffice-help-${language}=${VERSION}`);
  return await new Deno.Command("apt-get", {
    args: ["download", ...options, ...packages],
    cwd: folder,
    stdout: "null",
    stderr: "piped",
  }).output();
}

const lacking = await apt(Deno.cwd(), "--print-uris").then(
  ({ success }) =>
    success ? "" : ` (skipped: apt has no libreoffice-help of ${VERSION})`,
  () => " (skipped: there is no apt-get)",
);
Deno.test({
  name:
    "libreoffice-help tr-en is made of Debian's packages, as apt has them, to the same corpus as from the prepared table" +
    (missing || lacking),
  ignore: ignore || lacking !== "",
  fn: () =>
    withFolder(async (folder) => {
      const packages = join(folder, "packages");
      await Deno.mkdir(packages);
      const { success, stderr } = await apt(packages);
      assert(success, new TextDecoder().decode(stderr));
      const options = { languages: languages("tr-en") };
      const data = { descriptor: "libreoffice-help" };
      const log: string[] = [];
      const made = await withMirrors(packages, () =>
        build(join(folder, "made"), data, {
          ...options,
          log: (line) =>
            log.push(line),
        }));
      assertStringIncludes(log.join("\n"), "tr-en.tsv  4.37 MB  made of");
      const prepared = await withMirrors(
        CORPORA,
        () =>
          build(join(folder, "prepared"), data, options),
      );
      for (const part of PARTS) {
        assertEquals(await made.read(part), await prepared.read(part));
      }
    }),
});
