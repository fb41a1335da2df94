/** The command `report` on runs that are not whole: what cannot be told is said, and what cannot be done is refused. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path";
import { readCached, readManifest } from "../../../engine/store/manifest.ts";
import { exists } from "../../engine/fixtures/project.ts";
import { pipeline, ROOT } from "../../fixtures/command.ts";
import { makeRun, objectPath, temporary } from "../../fixtures/made_run.ts";

const report = (artifacts: string, ...args: string[]) =>
  pipeline("report", "--artifacts", artifacts, ...args);

/** Three libraries, and the page's own. */
const SCRIPTS = 4;

const TINY = ["--experiment", "tiny"];

/** Made-up objects are none that a stage made: they are gone, as after gc. */
function removeObjects(artifacts: string): void {
  const objects = join(artifacts, "objects");
  if (exists(objects)) Deno.removeSync(objects, { recursive: true });
}

/** Whether the curve of "rkd" is in the page, with its two validations. */
const hasCurve = (page: string) =>
  /"system":"rkd","color":"[^"]+","name":"rkd",(?:"minutes":[\d.]+,)?"points":\[\{"step":\d+[^{]+\{"step":\d+[^{]+\]/
    .test(page);

/** The page of a run whose objects are gone. */
async function pageOf(artifacts: string, ...args: string[]): Promise<string> {
  removeObjects(artifacts);
  const { code, out, err } = await report(artifacts, ...TINY, ...args);
  assertEquals(code, 0, err);
  return Deno.readTextFileSync(out.trim());
}

Deno.test("a run whose objects were removed is reported with its figures, and the page says what is gone", async () => {
  using folder = temporary();
  makeRun(folder.path);
  const page = await pageOf(folder.path);
  assertEquals(exists(join(folder.path, "report.html")), true);
  for (
    const part of [
      "<strong>no-kd</strong> is the best of 3 students by BLEU on the test set, as not all have a validation BLEU.",
      "It reaches 39.0 BLEU on the test set with 1.5\u00a0k parameters, 38 % of its teacher&#39;s 4.0\u00a0k.",
      "<h1><span>Portuguese to English: 3 students of 1.5\u00a0k parameters from a teacher of 4.0\u00a0k parameters</span></h1>",
      'data-value="39"',
      "No learning curve is there.",
      "The tokenized validation sentences are not there.",
      "Translations, or test sentences, that are not there: teacher, no-kd, rkd, ckd-regular.",
      "not in the store",
      "ckd-regular, encoder, states: layer 1 from teacher layer 1, 2, 3; layer 2 from teacher layer 4, 5, 6.",
    ]
  ) assertStringIncludes(page, part);
  const { key = "" } = readManifest(folder.path)?.nodes.teacher ?? {};
  assertStringIncludes(page, key);
});

Deno.test("the best student is chosen by validation BLEU, and one with a higher score on the test set is named", async () => {
  using folder = temporary();
  makeRun(folder.path);
  const path = join(folder.path, "manifest.json");
  const manifest = JSON.parse(Deno.readTextFileSync(path));
  const students = ["no-kd", "rkd", "ckd-regular"];
  for (const [i, student] of students.entries()) {
    manifest.nodes[`student:${student}`].metrics.validationBleu = 40 + i % 2;
  }
  Deno.writeTextFileSync(path, JSON.stringify(manifest));
  const page = await pageOf(folder.path);
  for (
    const part of [
      "<strong>rkd</strong> is the best of 3 students by validation BLEU, 41.00.",
      "Higher on the test set: no-kd (39.0). The test set does not choose.",
      ">★ rkd</th>",
    ]
  ) assertStringIncludes(page, part);
});

Deno.test("a log is of the run that made the node, at its end, and does nothing in the page", async () => {
  using folder = temporary();
  const { key = "" } = makeRun(folder.path).get("student:rkd") ?? {};
  const { run = "" } = readCached(folder.path, key) ?? {};
  // A later run of another experiment has a node of the same name.
  makeRun(folder.path, { experiment: "quick" });
  makeRun(folder.path);
  const log = (run: string) =>
    join(folder.path, "runs", run, "student.rkd.log");
  const lines = Array.from({ length: 100 }, (_, i) => `step ${i}`);
  Deno.writeTextFileSync(
    log(readCached(folder.path, key)?.run ?? run),
    [...lines, "</pre><script>alert(1)</script>", "\x1b[31mred\x1b[0m"]
      .join("\n"),
  );
  const page = await pageOf(folder.path);
  assertStringIncludes(
    page,
    "&lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;\nred</pre>",
  );
  // What is a user's text is in none of them.
  assertEquals(page.match(/<script>/g)?.length, SCRIPTS);
  assertStringIncludes(page, "The last 60 of 102 lines.");
  assert(!page.includes("step 41\n"));
});

Deno.test("a failed node is told with its state, what an earlier config left with its own, and a stage with how many nodes have which", async () => {
  using folder = temporary();
  makeRun(folder.path, { set: ["students.rkd.alpha=0.5"] });
  const before = readManifest(folder.path)?.nodes ?? {};
  makeRun(folder.path);
  const manifest = readManifest(folder.path);
  assert(manifest !== undefined);
  const { "student:no-kd": _, ...nodes } = manifest.nodes;
  Deno.writeTextFileSync(
    join(folder.path, "manifest.json"),
    JSON.stringify({
      ...manifest,
      nodes: { ...nodes, "student:rkd": before["student:rkd"] },
    }),
  );
  const runs = join(folder.path, "runs");
  const [last] = [...Deno.readDirSync(runs)].map(({ name }) => name)
    .filter((name) => name.endsWith(".jsonl")).sort().reverse();
  Deno.writeTextFileSync(
    join(runs, last),
    JSON.stringify({ event: "node", name: "student:no-kd", state: "failed" }) +
      "\n",
    { append: true },
  );
  const page = await pageOf(folder.path);
  const stateOf = (node: string) =>
    new RegExp(`id="node-${node}" class="node ([^"]+)"`).exec(page)?.[1];
  assertEquals(
    ["student-no-kd", "student-rkd", "evaluate-rkd", "teacher"].map(stateOf),
    ["failed", "outdated", "outdated", "ran"],
  );
  // The box of the three students, and their line in the list of all nodes.
  assertEquals(page.match(/1 failed, 1 outdated, 1 ran, /g)?.length, 2);
});

Deno.test("the trials of a grid are one box, and each trial has its details", async () => {
  using folder = temporary();
  const grid = { alpha: [0.3, 0.5, 0.7] };
  makeRun(folder.path, { set: [`students.rkd.grid=${JSON.stringify(grid)}`] });
  const page = await pageOf(folder.path);
  assertEquals(page.match(/>trial × 3</g)?.length, 1);
  assertEquals(page.match(/id="node-student-rkd\.alpha0\.[357]"/g)?.length, 3);
});

Deno.test("with --against both runs stand side by side, and what differs is said", async () => {
  using folder = temporary();
  makeRun(folder.path);
  const earlier = join(folder.path, "earlier.json");
  Deno.copyFileSync(join(folder.path, "manifest.json"), earlier);
  makeRun(folder.path, {
    set: ["students.rkd.alpha=0.5", "students.extra={}"],
    better: 2,
  });
  const page = await pageOf(folder.path, "--against", earlier);
  for (
    const part of [
      "Before and now",
      "config.distillation.alpha 0.7 -&gt; 0.5",
      "Nodes added: student:extra, ",
      '{"system":"rkd","before":38,"now":40}',
    ]
  ) assertStringIncludes(page, part);
});

Deno.test("the summary answers in short what one asks first, with links to the sections", async () => {
  using folder = temporary();
  makeRun(folder.path);
  const earlier = join(folder.path, "earlier.json");
  Deno.copyFileSync(join(folder.path, "manifest.json"), earlier);
  makeRun(folder.path, { set: ["students.rkd.alpha=0.5"], better: 2 });
  const path = join(folder.path, "manifest.json");
  const manifest = JSON.parse(Deno.readTextFileSync(path));
  // In 32-bit floats they have 41 and 40.
  for (const [student, bleu] of [["no-kd", 41.25], ["rkd", 39.5]] as const) {
    Object.assign(manifest.nodes[`export:${student}`].metrics, {
      ...{ "int8.bleu": bleu, "int8.bytes": 3 },
    });
  }
  Deno.writeTextFileSync(path, JSON.stringify(manifest));
  const { code, out, err } = await report(
    folder.path,
    ...[...TINY, "--against", earlier],
  );
  assertEquals(code, 0, err);
  const page = Deno.readTextFileSync(out.trim());
  const answers = /<dl class="answers">[^]*?<\/dl>/.exec(page)?.[0] ?? "";
  const answer = (section: string) =>
    new RegExp(`<dt><a href="#${section}">[^]*?</dd>`).exec(answers)?.[0]
      .replace(/<[^>]+>/g, "|").replace(/\|+/g, "|") ?? "";
  assertStringIncludes(
    answer("against"),
    "|student:rkd| config.distillation.alpha 0.7 -&gt; 0.5|",
  );
  assertMatch(
    answer("against"),
    /\d+ further nodes differ because of these\. BLEU: .*\+2\.0/,
  );
  assertStringIncludes(
    answer("results"),
    "\u22120.50 (rkd) to +0.25 (no-kd) BLEU against 32-bit floats, of 2 systems.",
  );
  assertMatch(
    answer("cost"),
    /one after the other; at least .* in parallel\. Longest: \S+ \d+/,
  );
  assertStringIncludes(
    answer("cost"),
    "deno task pipeline --experiment tiny --set students.rkd.alpha=0.5 --force --dry-run",
  );
  assertMatch(
    answer("data"),
    /npm-messages \(Apache-2\.0; MIT\), files \|[0-9a-f]{12}…/,
  );
});

Deno.test("the summary names a few trainings and data sets, and counts the others", async () => {
  using folder = temporary();
  const students = Object.fromEntries(
    Array.from({ length: 7 }, (_, i) => [`extra-${i}`, {}]),
  );
  const pageOf = async (experiment: string, ...set: string[]) => {
    makeRun(folder.path, { experiment, set });
    const { code, out, err } = await report(
      folder.path,
      ...["--experiment", experiment],
    );
    assertEquals(code, 0, err);
    return Deno.readTextFileSync(out.trim());
  };
  const page = await pageOf("tiny", `students=${JSON.stringify(students)}`);
  const label = /aria-label="training loss from [^"]*"/.exec(page)?.[0] ?? "";
  assertMatch(label, / and 3 others\."$/);
  assertEquals(label.match(/5\.50 to 4\.50/g)?.length, 5);
  assertMatch(
    await pageOf("adapted-pt-en-ways"),
    /<p>and \d+ other fetch nodes<\/p>/,
  );
});

Deno.test("committed results are reported where the last run was of another experiment", async () => {
  using folder = temporary();
  makeRun(folder.path);
  const { code, err } = await pipeline(
    ...["results", ...TINY, "--artifacts", folder.path, "--save"],
  );
  assertEquals(code, 0, err);
  makeRun(folder.path, { experiment: "quick" });
  const page = await pageOf(folder.path);
  assertStringIncludes(page, "These are the committed results");
  assertStringIncludes(page, 'href="#node-teacher" class="box committed"');
  assert(hasCurve(page));
  // A clone has the manifest of the run, and neither its record nor its objects.
  makeRun(folder.path);
  removeObjects(folder.path);
  for (const part of ["runs", "cache"]) {
    Deno.removeSync(join(folder.path, part), { recursive: true });
  }
  assert(hasCurve(await pageOf(folder.path)));
});

Deno.test("an experiment that nothing is evaluated of has a report that says so", async () => {
  using folder = temporary();
  makeRun(folder.path);
  const manifest = readManifest(folder.path);
  assert(manifest !== undefined);
  const nodes = Object.entries(manifest.nodes)
    .filter(([name]) => ["fetch", "corpus"].includes(name));
  Deno.writeTextFileSync(
    join(folder.path, "manifest.json"),
    JSON.stringify({ ...manifest, nodes: Object.fromEntries(nodes) }),
  );
  const page = await pageOf(folder.path);
  assertStringIncludes(page, "No student is evaluated yet.");
  assertStringIncludes(page, 'href="#node-teacher" class="box not-run"');
});

Deno.test("what is there and cannot be read is said in the page", async () => {
  using folder = temporary();
  // Made-up objects are neither tokens nor models.
  for (const { outputs: { hypotheses } } of makeRun(folder.path).values()) {
    if (hypotheses === undefined) continue;
    Deno.removeSync(objectPath(folder.path, hypotheses));
  }
  const { code, out, err } = await report(folder.path, ...TINY);
  assertEquals(code, 0, err);
  const page = Deno.readTextFileSync(out.trim());
  assertStringIncludes(page, '<ul class="missing"><li>Cannot read tokens');
  assert(hasCurve(page));
});

Deno.test("each language pair has its own part in every section, and no two elements have one id", async () => {
  using folder = temporary();
  const file = join(ROOT, "experiments", "tiny.jsonc");
  const tiny = JSON.parse(
    Deno.readTextFileSync(file).replace(/^\s*\/\/.*$/gm, ""),
  );
  const experiment = join(folder.path, "pairs.json");
  const pairs = {
    "pt-en": {},
    "es-en": { languages: { source: "es", target: "en" } },
  };
  Deno.writeTextFileSync(experiment, JSON.stringify({ ...tiny, pairs }));
  const artifacts = join(folder.path, "artifacts");
  makeRun(artifacts, { experiment });
  removeObjects(artifacts);
  const { code, out, err } = await report(
    artifacts,
    ...["--experiment", experiment],
  );
  assertEquals(code, 0, err);
  const page = Deno.readTextFileSync(out.trim());
  for (const pair of Object.keys(pairs)) {
    assertStringIncludes(
      page,
      `<p class="claim">${pair}: <strong>no-kd</strong>`,
    );
    assertStringIncludes(page, `<caption>${pair}: each system`);
    const headings = page.split(`<h3>${pair}</h3>`).length - 1;
    assertEquals(headings, 7, pair);
  }
  const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  assertEquals(ids.length, new Set(ids).size);
  assert(ids.includes("node-pt-en-teacher"));
});

Deno.test("what cannot be reported is one sentence with exit code 2, and nothing is written", async () => {
  using folder = temporary();
  makeRun(folder.path);
  removeObjects(folder.path);
  const refused = async (part: string, ...args: string[]) => {
    const { code, out, err } = await report(folder.path, ...args);
    assertEquals({ code, out }, { code: 2, out: "" }, err);
    assertStringIncludes(err, part);
    assertEquals(err.trim().split("\n").length, 1, err);
    assert(!exists(join(folder.path, "report.html")));
  };
  await refused('was of "tiny"', "--experiment", "quick");
  await refused('did you mean "tiny"', "--experiment", "tinny");
  await refused("there is no such file", ...TINY, "--against", "none.json");
  await refused("unknown option '--json'", ...TINY, "--json");
  const file = join(folder.path, "manifest.json", "report.html");
  await refused("name another file", ...TINY, "--out", file);
  const empty = join(folder.path, "nothing");
  const { code, err } = await report(empty, ...TINY);
  assertEquals(code, 2);
  assertStringIncludes(err, "nothing was run");
  assert(!exists(empty));
});
