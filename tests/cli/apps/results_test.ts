/** The command `results` as users run it: formats, where figures are from, saving, and what it refuses. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { canonical } from "../../../engine/files/hash.ts";
import { readManifest, writeManifest } from "../../../engine/store/manifest.ts";
import { holdRun, startRunLog } from "../../../engine/store/run_log.ts";
import { exists } from "../../engine/fixtures/project.ts";
import { makeRun, P, ROOT, temporary } from "../../fixtures/made_run.ts";
import { fair, good, lines } from "../../nmt/metrics/compared.ts";
import { pipeline } from "../fixtures/command_line.ts";

function results(artifacts: string, ...args: string[]) {
  return pipeline("results", "--artifacts", artifacts, ...args);
}

const TINY = ["--experiment", "tiny"];

Deno.test("results of the last run are a Markdown table, one JSON object or LaTeX, and standard error says whose they are", async () => {
  using folder = temporary();
  makeRun(folder.path);
  const table = await results(folder.path, ...TINY);
  assertEquals(table.code, 0);
  assertStringIncludes(table.err, 'The last run of "tiny"');
  const rows = table.out.trimEnd().split("\n");
  assertEquals(
    rows.map((row) => row.split("|")[1].trim()).filter((name) =>
      !name.startsWith("---")
    ),
    ["system", "teacher", "no-kd", "rkd", "ckd-regular"],
  );
  assertEquals(
    rows[3].split("|").slice(4, 8).map((cell) => cell.trim()),
    ["39.0", "59.0", "-1.0", "0.250"],
  );

  const json = await results(folder.path, ...TINY, "--json");
  assertEquals(json.code, 0);
  const { systems } = JSON.parse(json.out);
  const { system, parameters, bleu, chrf, toTeacher, p, seeds } = systems[1];
  assertEquals(
    [system, parameters, bleu, chrf, toTeacher, p, seeds],
    ["no-kd", 1500, 39, 59, -1, P, 1],
  );
  assertEquals(systems[0].toTeacher, null);
  assertEquals(systems[1].pKind, "exploratory one-tail");

  const latex = await results(folder.path, ...TINY, "--latex");
  assertEquals(latex.code, 0);
  assertStringIncludes(latex.out, "\\toprule");
  assertStringIncludes(latex.out, "37.5 \\%");
});

Deno.test("with --save the last run's become the committed ones, which are shown until --last asks for others", async () => {
  using folder = temporary();
  makeRun(folder.path);
  const saved = await results(folder.path, ...TINY, "--save");
  assertEquals(saved.code, 0);
  assertStringIncludes(saved.err, "Saved to");
  // Another experiment is run, then the same one again with other figures.
  makeRun(folder.path, { experiment: "quick" });
  const committed = await results(folder.path, ...TINY);
  assertEquals(committed.out, saved.out);
  assertStringIncludes(committed.err, 'The committed results of "tiny"');
  const other = await results(folder.path, ...TINY, "--last");
  assertEquals(
    other.err.replace(/; run .*\n/, ""),
    `Cannot show results of "tiny": the last run in "${folder.path}" was of "quick"`,
  );
  makeRun(folder.path, { better: 1 });
  assertEquals((await results(folder.path, ...TINY)).out, saved.out);
  const last = await results(folder.path, ...TINY, "--last");
  assertEquals(last.code, 0);
  assertStringIncludes(last.out, "41.0");
  assert(last.out !== saved.out);
});

Deno.test("committed results say where the file that is given, or the last run of their name, has other values", async () => {
  using folder = temporary();
  makeRun(folder.path);
  const saved = await results(folder.path, ...TINY, "--save");
  const path = join(folder.path, "mine", "tiny.jsonc");
  Deno.mkdirSync(join(folder.path, "mine"));
  const text = Deno.readTextFileSync(join(ROOT, "experiments", "tiny.jsonc"));
  Deno.writeTextFileSync(path, text);
  const told = async (given: string) => {
    const { out, err } = await results(folder.path, "--experiment", given);
    assertEquals(out, saved.out);
    return err.split("\n").slice(1, -1);
  };
  assertEquals(await told(path), []);
  Deno.writeTextFileSync(path, text.replace('"rkd"', '"mine"'));
  const remedy = "--last shows those of the last run.";
  const others = "These results are of other values than";
  assertEquals(await told(path), [`${others} "${path}"; ${remedy}`]);
  assertEquals(await told("tiny"), []);
  makeRun(folder.path, { experiment: path });
  assertEquals(await told(path), [
    `${others} "${path}" and the last run; ${remedy}`,
  ]);
  assertEquals(await told("tiny"), [`${others} the last run; ${remedy}`]);
  makeRun(folder.path, { experiment: "quick" });
  assertEquals(await told(path), [
    `${others} "${path}"; run it, and add --last.`,
  ]);
});

Deno.test("planned comparisons that have no result yet are counted", async () => {
  using folder = temporary();
  const plan = '[{"system":"rkd","baseline":"no-kd"}]';
  makeRun(folder.path, { set: [`evaluation.comparisons=${plan}`] });
  const open = "Planned comparisons without a result yet: 1 of 1.";
  assert(!(await results(folder.path, ...TINY)).err.includes(open));
  const manifest = readManifest(folder.path);
  assert(manifest !== undefined);
  const { compare: _, ...nodes } = manifest.nodes;
  writeManifest(folder.path, canonical({ ...manifest, nodes }));
  const { err } = await results(folder.path, ...TINY);
  assertStringIncludes(err, open);
});

Deno.test("with --recompute the committed figures are computed from statistics alone; without these it is refused in one sentence", async () => {
  using folder = temporary();
  makeRun(folder.path, {
    real: {
      pairs: lines.map((target) => ({ source: "frase", target })),
      translationsOf: (run) => run === "teacher" ? good : fair,
    },
  });
  const recompute = [...TINY, "--recompute"];
  const { code, err } = await results(folder.path, ...recompute);
  assertEquals(code, 2);
  assertStringIncludes(err, 'of "tiny" that are not committed');
  const saved = await results(folder.path, ...TINY, "--save");
  assertEquals(saved.code, 0, saved.err);
  Deno.removeSync(join(folder.path, "objects"), { recursive: true });
  const again = await results(folder.path, ...recompute);
  assertEquals(again, { ...again, code: 0, out: saved.out });
  assertStringIncludes(again.err, "nodes are recomputed from their");
  const anew = await results(folder.path, ...recompute, "--save");
  assertEquals([anew.code, anew.out], [0, saved.out]);
  assertStringIncludes(anew.err, "comparisons are made anew.");
  assertEquals((await results(folder.path, ...recompute)).code, 0);
  for (const kind of ["hypotheses", "statistics"]) {
    const rest = join(folder.path, "results", "tiny", `${kind}.jsonl.gz`);
    Deno.removeSync(rest);
  }
  const without = await results(folder.path, ...recompute);
  assertEquals([without.code, without.out], [2, ""]);
  assertStringIncludes(
    without.err,
    "without statistics, so that their figures",
  );
  assertEquals((await results(folder.path, ...TINY)).out, saved.out);
});

Deno.test("several language pairs are a table each, and several seeds one row", async () => {
  using folder = temporary();
  const value = {
    ...JSON.parse(
      Deno.readTextFileSync(join(ROOT, "experiments", "tiny.jsonc"))
        .replace(/^\s*\/\/.*$/gm, ""),
    ),
    pairs: {
      "pt-en": {},
      "es-en": { languages: { source: "es", target: "en" } },
    },
    students: { "no-kd": { seeds: [1, 2] } },
  };
  const experiment = join(folder.path, "pairs.json");
  Deno.writeTextFileSync(experiment, JSON.stringify(value));
  const artifacts = join(folder.path, "artifacts");
  makeRun(artifacts, { experiment });
  const { out } = await results(artifacts, "--experiment", experiment);
  assertEquals(out.match(/^(pt|es)-en$/gm), ["pt-en", "es-en"]);
  assertEquals(out.match(/^\| no-kd +\| +2 \|/gm)?.length, 2);
  const json = await results(
    artifacts,
    ...["--experiment", experiment, "--json"],
  );
  const systems: { pair: string; system: string; seeds: number }[] = JSON
    .parse(json.out).systems;
  assertEquals(
    systems.map(({ pair, system, seeds }) => `${pair} ${system} ${seeds}`),
    ["pt-en teacher 1", "pt-en no-kd 2", "es-en teacher 1", "es-en no-kd 2"],
  );
});

Deno.test("what cannot be shown is one sentence with exit code 2", async () => {
  using folder = temporary();
  makeRun(folder.path);
  const refused = async (part: string, ...args: string[]) => {
    const { code, out, err } = await results(folder.path, ...args);
    assertEquals({ code, out }, { code: 2, out: "" }, err);
    assertStringIncludes(err, part);
    assertEquals(err.trim().split("\n").length, 1, err);
  };
  await refused('did you mean "tiny"', "--experiment", "tinny");
  await refused(
    'the last run in "' + folder.path + '" was of "tiny"',
    ...["--experiment", "quick"],
  );
  await refused("--json and --latex", ...TINY, "--json", "--latex");
  await refused("unknown option '--csv'", "--csv");
  await refused('expected "experiment.jsonc"', "--experiment", "..");

  await results(folder.path, ...TINY, "--save");
  const path = join(folder.path, "results", "tiny", "results.json");
  const text = Deno.readTextFileSync(path);
  Deno.writeTextFileSync(path, text.replace('"score":39', '"score":39.9'));
  await refused("is 39.9, and 39 by its manifest", ...TINY);
  assertEquals((await results(folder.path, ...TINY, "--last")).code, 0);

  const empty = join(folder.path, "nothing");
  const { code, err } = await results(empty, ...TINY);
  assertEquals(code, 2);
  assertStringIncludes(err, "nothing was run");
  assert(!exists(empty));
});

Deno.test("while the run that is to evaluate goes on, results say so in place of what to run", async () => {
  using folder = temporary();
  makeRun(folder.path);
  const manifest = readManifest(folder.path);
  assert(manifest !== undefined);
  writeManifest(folder.path, canonical({ ...manifest, nodes: {} }));
  const { run } = startRunLog(folder.path, { experiment: "tiny" });
  const errorOf = async () => {
    const { code, err } = await results(folder.path, ...TINY);
    assertEquals(code, 2);
    return err;
  };
  {
    using _held = holdRun(folder.path, run);
    assertStringIncludes(
      await errorOf(),
      'Cannot show results of "tiny" yet: its run goes on and has evaluated nothing so far;',
    );
  }
  assertStringIncludes(await errorOf(), "evaluated nothing; run ");
});
