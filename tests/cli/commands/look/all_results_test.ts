/** `results --all`: one command prints every committed figure, offline, and the tables of the pages are among them. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { z } from "zod";
import { PAGES, read } from "../../../docs/page.ts";
import { pipeline, ROOT } from "../../../fixtures/command.ts";
import { compareResults } from "../../../../tools/compare_results.ts";

const RESULTS = join(ROOT, "artifacts", "results");
const EXPERIMENTS = [...Deno.readDirSync(RESULTS)].map(({ name }) => name)
  .sort();

/** The tables of a page that say of which results they are, each as it is printed. */
function tablesOf(page: string): string[] {
  const marked = /^<!-- results: \S+(?: \S+)? -->\n\n((?:\|.*\n)+)/gm;
  return [...read(page).matchAll(marked)].map(([, table]) => table);
}

interface Section {
  readonly text: string;
  /** Experiments whose results it links or prints. */
  readonly experiments: readonly string[];
  /** Differences of its sentences, such as "+0.50 (-0.22 to +1.22)". */
  readonly differences: readonly string[];
}

function sectionsOf(page: string): Section[] {
  const number = String.raw`[+-]\d+\.\d+`;
  const difference = new RegExp(`${number} \\(${number} to ${number}\\)`, "g");
  return read(page).split(/^(?=## )/m).map((text) => {
    const sentences = text.replace(/^\|.*/gm, "").replace(/\s+/g, " ");
    return {
      text,
      experiments: EXPERIMENTS.filter((name) =>
        page === `docs/results/${name}.md` ||
        new RegExp(`(results/${name}\\.md|results: ${name} )`).test(text)
      ),
      differences: [...sentences.matchAll(difference)].map(([found]) => found),
    };
  });
}

/** What `results --all` prints of each experiment, with a difference and its interval as sentences have them. */
function printedOf(out: string): Map<string, string> {
  const printed = new Map<string, string>();
  for (
    const [, name, text] of out.matchAll(
      /^## (\S+): \S+\n([^]*?)(?=^## |$(?![^]))/gm,
    )
  ) {
    const found = text.replace(/ +/g, " ")
      .replace(/\| ([+-][\d.]+) \| ([+-][\d.]+ to [+-][\d.]+) \|/g, "$1 ($2)");
    printed.set(name, (printed.get(name) ?? "") + found);
  }
  return printed;
}

/** What the tool prints that a page of an experiment's results runs; the page shows it all in order. */
function comparedOn(page: string): string {
  const command = /tools\/compare_results\.ts (\S+) (\S+)(?: (\S+))?$/gm;
  const printed = [...page.matchAll(command)].flatMap((
    [, one, other, margin],
  ) =>
    compareResults(one, other, margin === undefined ? margin : Number(margin))
  ).join("\n");
  assert(
    printed === "" || page.includes(`\n\`\`\`\n${printed}\n\`\`\`\n`),
    printed,
  );
  return printed;
}

Deno.test("every table and difference of the pages is printed", async () => {
  const { code, out, err } = await pipeline("results", "--all");
  assertEquals(code, 0, err);
  const tables = PAGES.flatMap(tablesOf);
  assert(tables.length > 5);
  assertEquals(tables.filter((table) => !out.includes(table)), []);
  const printed = printedOf(out);
  assertEquals([...printed.keys()], EXPERIMENTS);
  for (const [name, tables] of printed) {
    const page = `docs/results/${name}.md`;
    if (!PAGES.includes(page)) continue;
    printed.set(name, tables + comparedOn(read(page)));
  }
  const sections = PAGES.flatMap(sectionsOf);
  assert(sections.flatMap(({ differences }) => differences).length > 5);
  for (const { text, experiments, differences } of sections) {
    const known = experiments.map((name) => printed.get(name)).join();
    assertEquals(differences.filter((each) => !known.includes(each)), [], text);
  }
});

Deno.test("as JSON they are one object, of one table where it is named", async () => {
  const { code, out } = await pipeline(
    ...["results", "--all", "--json", "--table", "systems"],
  );
  assertEquals(code, 0);
  const { experiments } = z.object({
    experiments: z.array(
      z.strictObject({
        experiment: z.string(),
        systems: z.array(z.looseObject({ bleu: z.number() })),
      }),
    ),
  }).parse(JSON.parse(out));
  assertEquals(experiments.map(({ experiment }) => experiment), EXPERIMENTS);
});

Deno.test("all results are those that are committed", async () => {
  for (const one of [["--last"], ["--experiment", "quick"]]) {
    const { code, err } = await pipeline("results", "--all", ...one);
    assertEquals(code, 2, err);
    assertEquals(err.trim().split("\n").length, 1, err);
  }
  const folder = await Deno.makeTempDir();
  try {
    const none = await pipeline("results", "--all", "--artifacts", folder);
    assertEquals(none.code, 2);
    assert(none.err.includes("none are committed"), none.err);
    await Deno.mkdir(join(folder, "results"));
    await Deno.symlink(join(RESULTS, "quick"), join(folder, "results/quick"));
    const linked = ["results", "--all", "--artifacts", folder, "--table"];
    const systems = await pipeline(...linked, "systems");
    assert(systems.out.startsWith("## quick: systems\n"), systems.err);
    const { code, out, err } = await pipeline(...linked, "planned");
    assertEquals([code, out], [0, ""]);
    assertEquals(err, "The committed results have nothing for planned.\n");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
