/** What is said before data is brought: how much, from where, under which licence, and what a mirror has. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { downloads } from "../../../apps/init/downloads.ts";
import { temporary } from "../../fixtures/made_run.ts";

const languages = { source: "pt", target: "en" };

Deno.test("packages come from the user's registry, with their size and licences", () => {
  const data = { descriptor: "npm-messages", sources: ["blockly"] };
  const [sentence, ...others] = downloads({ data, languages }, []);
  assertEquals(others, []);
  assertMatch(
    sentence,
    /^Data set "npm-messages": 1 package of [\d.]+ MB will be downloaded from your npm registry, unless npm's cache has them, under Apache-2\.0\.$/,
  );
});

Deno.test("nothing is said of the user's own files", () => {
  const data = { train: "mine.tsv" };
  assertEquals(downloads({ data, languages }, []), []);
});

interface Described {
  readonly name: string;
  readonly languages: readonly string[];
  readonly files: readonly Record<string, unknown>[];
  readonly sources: readonly unknown[];
}

/** A data set of two files, one of which may be made of two others. */
function describe(folder: string, change: Partial<Described> = {}): string {
  const sha256 = "0".repeat(64);
  const text = (name: string) => ({
    part: "train",
    format: "tsv",
    table: { file: name },
    columns: ["pt", "en"],
  });
  const described: Described & { readonly description: string } = {
    name: "mine",
    description: "Made up.",
    languages: ["pt", "en"],
    files: [
      {
        name: "one.tsv",
        urls: ["https://one.example/one.tsv"],
        licence: "MIT",
        sha256,
        bytes: 2_000_000,
      },
      {
        name: "two.tsv",
        urls: ["https://two.example/two.tsv"],
        licence: "CC-BY-4.0",
        sha256,
        bytes: 30,
      },
    ],
    sources: [{ label: "all", texts: [text("one.tsv"), text("two.tsv")] }],
    ...change,
  };
  const path = join(folder, "mine.json");
  Deno.writeTextFileSync(path, JSON.stringify(described));
  return path;
}

Deno.test("files are named with their hosts, and those in a mirror with where they are", () => {
  using folder = temporary();
  const data = { descriptor: describe(folder.path) };
  assertEquals(downloads({ data, languages }, []), [
    'Data set "mine": 2 files of 2 MB will be downloaded from one.example and two.example, under CC-BY-4.0, MIT.',
  ]);
  const mirror = join(folder.path, "mirror");
  Deno.mkdirSync(mirror);
  Deno.writeTextFileSync(join(mirror, "two.tsv"), "x".repeat(30));
  assertEquals(downloads({ data, languages }, [mirror]), [
    'Data set "mine": 1 file of 2 MB will be downloaded from one.example, under MIT.',
    `Data set "mine": ${
      join(mirror, "two.tsv")
    } will be copied from your mirrors.`,
  ]);
  // Of another size, it is another file.
  Deno.writeTextFileSync(join(mirror, "two.tsv"), "x".repeat(31));
  assertEquals(downloads({ data, languages }, [mirror]).length, 1);
});

Deno.test("of the data sets of data/, each says what it brings in one sentence or more", () => {
  const sets = [
    ["multi30k", "en", "de"],
    ["ted-pt-en", "pt", "en"],
    ["libreoffice-help", "pt", "en"],
  ];
  for (const [descriptor, source, target] of sets) {
    const data = { descriptor };
    const told = downloads({ data, languages: { source, target } }, []);
    assert(told.length > 0, descriptor);
    for (const sentence of told) {
      assertMatch(
        sentence,
        /^Data set ".*": (\d+ (package|file)s? of (at most )?[\d.]+ [kMG]?B will be downloaded from .*, under .+|\S+ cannot be downloaded and is in no mirror)\.$/,
      );
    }
  }
});
