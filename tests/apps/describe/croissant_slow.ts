/** Data sets are described as Croissant, of which mlcroissant reads every sentence pair. */
import { assert, assertEquals } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { hashFile } from "../../../engine/files/hash.ts";
import {
  croissant,
  PAIRS,
} from "../../../apps/describe/croissant/croissant.ts";
import { packageUrl } from "../../../apps/describe/packages.ts";
import { parseLicence } from "../../../nmt/text/descriptors/licences.ts";
import { exists } from "../../engine/fixtures/project.ts";
import { deno } from "../../fixtures/command.ts";
import { temporary } from "../../fixtures/made_run.ts";
import { runPython, testWithPython } from "../../fixtures/python.ts";
import {
  CITED,
  experimentCopy,
  PARTS,
  RESEARCH,
} from "../../fixtures/trained.ts";

const run = await experimentCopy();

const CORPORA = Deno.env.get("CKD_CORPORA") ??
  fromFileUrl(new URL("../../../../shared/corpora", import.meta.url));
const isThere = exists(join(CORPORA, "multi30k/train.en.gz"));

interface Description {
  readonly citeAs?: string;
  readonly license: readonly string[];
  readonly distribution: readonly {
    readonly name: string;
    readonly contentUrl: string;
    readonly sha256: string;
  }[];
}

async function foldersOf(name: string): Promise<string[]> {
  const { code, out, err } = await run.pipeline(
    "describe",
    ...["--format", "croissant", "--out", run.path(name)],
  );
  assertEquals([code, err], [0, ""]);
  return out.trim().split("\n");
}

const read = (path: string): Description =>
  JSON.parse(Deno.readTextFileSync(path));

Deno.test("a data set's description has its files, licence and citation", async () => {
  const paths = await foldersOf("data-sets");
  assertEquals(
    paths,
    ["talks.pt-en", "notes.pt-en"].map((name) =>
      join(run.path("data-sets"), name, "croissant.json")
    ),
  );
  const [own, notes] = paths.map(read);
  assertEquals([own.citeAs, own.license], [CITED, [RESEARCH]]);
  assertEquals(notes.license, ["https://spdx.org/licenses/MIT"]);
  for (const { name, contentUrl, sha256 } of own.distribution) {
    const path = name === "pairs.jsonl"
      ? run.path(`data-sets/talks.pt-en/${contentUrl}`)
      : run.path(`mirror/${name}`);
    assertEquals((await hashFile(path)).sha256, sha256, name);
  }
  assertEquals(own.distribution.length, 7);
  assertEquals(
    notes.distribution[0].contentUrl,
    "https://example.org/notes.tsv",
  );
  const again = await foldersOf("data-sets-again");
  assertEquals(again.map(read), paths.map(read));
});

/** The pairs, and what the reader would like to know beside. */
const LOAD = `
import json, re, sys
import mlcroissant

found = []
for path in json.load(sys.stdin):
    try:
        dataset = mlcroissant.Dataset(path)
        issues = dataset.metadata.ctx.issues
        records = [
            [value.decode() if isinstance(value, bytes) else value for value in record.values()]
            for record in dataset.records("pairs")
        ]
        lacking = re.findall(r'/(\\w+)" is recommended', " ".join(issues.warnings))
        found.append({"warnings": lacking, "records": records})
    except mlcroissant.ValidationError as error:
        found.append({"error": str(error)})
print(json.dumps(found), flush=True)
`;

testWithPython(
  "mlcroissant",
  "mlcroissant loads every sentence pair of each data set, as it was",
  async (python) => {
    const paths = await foldersOf("data-sets-loaded");
    const split = (part: keyof typeof PARTS, name: string = part) =>
      PARTS[part].map(([pt, en]) => [pt, en, name]);
    assertEquals(await runPython(python, LOAD, paths), [
      {
        warnings: [],
        records: [...split("train"), ...split("validation"), ...split("test")],
      },
      { warnings: ["citeAs"], records: split("notes", "train") },
    ]);

    await loadPackage(python, paths[0]);

    // One that names a column that is not there, or lacks a hash, is found to be wrong.
    const broken = Object(read(paths[0]));
    delete broken.distribution[0].sha256;
    const path = join(run.path("data-sets-loaded"), "broken.json");
    Deno.writeTextFileSync(path, JSON.stringify(broken));
    const [{ error }] = Object(await runPython(python, LOAD, [path]));
    assertEquals(/sha256/.test(error), true, error);
  },
);

/** Packages have names that begin as keywords of JSON-LD do. */
async function loadPackage(
  python: string,
  pairs: string,
): Promise<void> {
  const name = "@scope/messages@1.0.0";
  const described = croissant(
    {
      name: "messages",
      description: "Messages of a package",
      citation: [CITED],
      languages: { source: "pt", target: "en" },
      licences: [parseLicence("MIT"), parseLicence("Apache-2.0")],
      files: [{
        name,
        uri: packageUrl("@scope/messages", "1.0.0"),
        mediaType: "application/gzip",
        digest: { sha256: "0".repeat(64) },
        bytes: 1,
      }],
      node: "fetch",
      from: { own: {} },
      isChanged: false,
    },
    await hashFile(join(dirname(pairs), PAIRS)),
    "2026-01-02T03:04:05.678Z",
  );
  const path = join(dirname(pairs), "messages.json");
  Deno.writeTextFileSync(path, JSON.stringify(described));
  const [{ warnings, records }] = Object(await runPython(python, LOAD, [path]));
  assertEquals(warnings, []);
  const { train, validation, test } = PARTS;
  assertEquals(records.length, train.length + validation.length + test.length);
  assertEquals(read(path).distribution[0].name, name);
}

if (isThere) {
  testWithPython(
    "mlcroissant",
    "Multi30k is described as Croissant, from which mlcroissant loads its 31,014 pairs of captions",
    async (python) => {
      using folder = temporary();
      const pipeline = async (...args: string[]) => {
        const { code, out, err } = await deno([
          ...["run", "--quiet", "--allow-all", "cli/main.ts", ...args],
          ...["--experiment", "captions-en-de"],
          ...["--artifacts", join(folder.path, "artifacts")],
        ], { CKD_MIRRORS: CORPORA });
        assertEquals(code, 0, err);
        return out;
      };
      await pipeline("run", "fetch", "--quiet");
      const out = join(folder.path, "described");
      const path = (await pipeline(
        ...["describe", "--format", "croissant", "--out", out],
      )).trim();
      const [{ warnings, records }] = Object(
        await runPython(python, LOAD, [path]),
      );
      assertEquals(warnings, []);
      const splits = Map.groupBy(
        records as readonly (readonly string[])[],
        ([, , split]) => split,
      );
      assertEquals(
        [...splits].map(([split, pairs]) => [split, pairs.length]),
        [["train", 29_000], ["validation", 1_014], ["test", 1_000]],
      );
      assertEquals(splits.get("test")?.[0], [
        "A man in an orange hat starring at something.",
        "Ein Mann mit einem orangefarbenen Hut, der etwas anstarrt.",
        "test",
      ]);
      const { license, citeAs } = JSON.parse(Deno.readTextFileSync(path));
      assertEquals(license, ["research use (captions of Flickr30k)"]);
      assert(citeAs.includes("W16-3210"));
    },
  );
} else {
  Deno.test.ignore(
    "Multi30k is described as Croissant [not run: multi30k/ is expected in the folder that CKD_CORPORA names]",
    () => {},
  );
}
