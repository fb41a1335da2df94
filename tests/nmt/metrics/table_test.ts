/** The table of systems: one row a system, grouped by language pair, with the spread over seeds, in each format. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { latex } from "../../../nmt/metrics/layout.ts";
import { type EvaluatedNode, systemsOf } from "../../../nmt/metrics/systems.ts";
import { systemsTable, tableOf } from "../../../nmt/metrics/table.ts";

function evaluated(
  name: string,
  bleu: number,
  figures: { chrf?: number; parameters?: number; speed?: number } = {},
) {
  const { chrf = 50, parameters = 1000, speed = 20 } = figures;
  return {
    name,
    metrics: { bleu, chrf, parameters, signature: "nrefs:1" },
    measurements: { sentencesPerSecond: speed, seconds: 1 },
  };
}

const TEACHER = evaluated("evaluate:teacher", 40, {
  chrf: 60.04,
  parameters: 4000,
  speed: 9.6,
});

Deno.test("each system has a row with its share of the teacher's parameters and its distance to the teacher", () => {
  const nodes = [
    { name: "teacher", metrics: { steps: 200 }, measurements: {} },
    TEACHER,
    evaluated("evaluate:no-kd", 37.46),
    evaluated("evaluate:rkd", 40.1, { parameters: 1500, speed: 1234 }),
  ];
  assertEquals(
    systemsTable(nodes),
    `
| system  | parameters | of teacher | BLEU | chrF | to teacher | sentences/s |
| ------- | ---------: | ---------: | ---: | ---: | ---------: | ----------: |
| teacher |      4,000 |    100.0 % | 40.0 | 60.0 |            |          10 |
| no-kd   |      1,000 |     25.0 % | 37.5 | 50.0 |       -2.5 |          20 |
| rkd     |      1,500 |     37.5 % | 40.1 | 50.0 |       +0.1 |       1,234 |
`.trim(),
  );
});

Deno.test("each language pair has its own table, teacher and distance, and all have the same columns", () => {
  const nodes = [
    evaluated("pt-en/evaluate:teacher", 40),
    evaluated("pt-en/evaluate:no-kd@1", 38),
    evaluated("es-en/evaluate:teacher", 30),
    evaluated("pt-en/evaluate:no-kd@2", 39),
    evaluated("es-en/evaluate:no-kd", 31),
  ];
  assertEquals(
    systemsTable(nodes),
    `
pt-en

| system  | seeds | parameters | of teacher |       BLEU |       chrF | to teacher | sentences/s |
| ------- | ----: | ---------: | ---------: | ---------: | ---------: | ---------: | ----------: |
| teacher |     1 |      1,000 |    100.0 % |       40.0 |       50.0 |            |          20 |
| no-kd   |     2 |      1,000 |    100.0 % | 38.5 ± 0.7 | 50.0 ± 0.0 |       -1.5 |          20 |

es-en

| system  | seeds | parameters | of teacher | BLEU | chrF | to teacher | sentences/s |
| ------- | ----: | ---------: | ---------: | ---: | ---: | ---------: | ----------: |
| teacher |     1 |      1,000 |    100.0 % | 30.0 | 50.0 |            |          20 |
| no-kd   |     1 |      1,000 |    100.0 % | 31.0 | 50.0 |       +1.0 |          20 |
`.trim(),
  );
});

Deno.test("a system without its teacher has empty cells for what is relative to it", () => {
  assertEquals(
    systemsTable([evaluated("evaluate:no-kd", 37)]),
    `
| system | parameters | of teacher | BLEU | chrF | to teacher | sentences/s |
| ------ | ---------: | ---------: | ---: | ---: | ---------: | ----------: |
| no-kd  |      1,000 |            | 37.0 | 50.0 |            |          20 |
`.trim(),
  );
});

Deno.test("placeholders that were counted are lost and invented in percent of the sources', a mean over seeds", () => {
  const counted = (
    name: string,
    all: number,
    lost: number,
    invented: number,
  ) => {
    const node = evaluated(name, 37);
    const counts = {
      placeholders: all,
      placeholdersLost: lost,
      placeholdersInvented: invented,
    };
    return { ...node, metrics: { ...node.metrics, ...counts } };
  };
  assertEquals(
    systemsTable([
      counted("evaluate:no-kd@1", 400, 10, 4),
      counted("evaluate:no-kd@2", 400, 20, 5),
      evaluated("evaluate:rkd", 37),
      counted("evaluate:ckd", 0, 0, 3),
    ]),
    `
| system | seeds | parameters | of teacher |       BLEU |       chrF | to teacher | placeholders lost | placeholders invented | sentences/s |
| ------ | ----: | ---------: | ---------: | ---------: | ---------: | ---------: | ----------------: | --------------------: | ----------: |
| no-kd  |     2 |      1,000 |            | 37.0 ± 0.0 | 50.0 ± 0.0 |            |             3.8 % |                 1.1 % |          20 |
| rkd    |     1 |      1,000 |            |       37.0 |       50.0 |            |                   |                       |          20 |
| ckd    |     1 |      1,000 |            |       37.0 |       50.0 |            |                   |                       |          20 |
`.trim(),
  );
});

/** A run with a comparison of an earlier version: p-values of each system and each seed. */
const COMPARED: readonly EvaluatedNode[] = [
  { ...TEACHER, seconds: 3 },
  evaluated("evaluate:rkd", 39.5),
  evaluated("evaluate:ckd@1", 39, { chrf: 60 }),
  evaluated("evaluate:ckd@2", 40, { chrf: 61 }),
  { name: "teacher", metrics: {}, measurements: {}, seconds: 600 },
  { name: "student:rkd", metrics: {}, measurements: {}, seconds: 90 },
  { name: "student:ckd@1", metrics: {}, measurements: {}, seconds: 100 },
  {
    name: "student:ckd@2",
    metrics: { perplexity: 6.5 },
    measurements: {},
    seconds: 200,
  },
  {
    name: "compare",
    metrics: {
      "rkd.bleu.p.teacher": 0.2007,
      "ckd.bleu.p.teacher": 0.041,
      "ckd.bleu.p.rkd": 0.5005,
      "ckd.bleu.low": 38.1,
      "ckd@1.bleu.p.rkd": 0.001,
      "ckd@1.chrf.p.rkd": 0.0999,
    },
    measurements: {},
  },
];

Deno.test("p-values and training times have columns where there are some; those of an earlier version say that they count one tail", () => {
  assertEquals(
    systemsTable(COMPARED),
    `
| system  | seeds | parameters | of teacher |       BLEU |       chrF | to teacher | exploratory one-tail p (teacher) | exploratory one-tail p (rkd) | training (min) | sentences/s |
| ------- | ----: | ---------: | ---------: | ---------: | ---------: | ---------: | -------------------------------: | ---------------------------: | -------------: | ----------: |
| teacher |     1 |      4,000 |    100.0 % |       40.0 |       60.0 |            |                                  |                              |           10.0 |          10 |
| rkd     |     1 |      1,000 |     25.0 % |       39.5 |       50.0 |       -0.5 |                            0.201 |                              |            1.5 |          20 |
| ckd     |     2 |      1,000 |     25.0 % | 39.5 ± 0.7 | 60.5 ± 0.7 |       -0.5 |                            0.041 |                        0.501 |            2.5 |          20 |
`.trim(),
  );
});

Deno.test("a difference stands with its confidence interval, where systems were compared with one", () => {
  const metrics = {
    "no-kd.bleu.to.teacher.low": -3.21,
    "no-kd.bleu.to.teacher.high": 0.04,
  };
  const compare = { name: "compare", metrics, measurements: {} };
  const [, , , row] = systemsTable([
    TEACHER,
    evaluated("evaluate:no-kd", 38.5),
    compare,
  ]).split("\n");
  assertEquals(row.split("|")[6].trim(), "-1.5 (-3.2 to +0.0)");
});

Deno.test("systems that were exported have columns of their 8-bit graphs, means over seeds", () => {
  const exported = (name: string, bleu: number, bytes: number) => ({
    name,
    metrics: { "int8.bleu": bleu, "int8.bytes": bytes, "fp32.bleu": 99 },
    measurements: {},
  });
  const nodes = [
    TEACHER,
    evaluated("evaluate:no-kd", 37),
    evaluated("evaluate:rkd@1", 38),
    evaluated("evaluate:rkd@2", 39),
    exported("export:teacher", 39.96, 4_040_000),
    exported("export:rkd@1", 37.8, 1_960_000),
    exported("export:rkd@2", 38.9, 1_960_000),
  ];
  assertEquals(
    systemsTable(nodes),
    `
| system  | seeds | parameters | of teacher |       BLEU |       chrF | to teacher | BLEU int8 | int8 (MB) | sentences/s |
| ------- | ----: | ---------: | ---------: | ---------: | ---------: | ---------: | --------: | --------: | ----------: |
| teacher |     1 |      4,000 |    100.0 % |       40.0 |       60.0 |            |      40.0 |       4.0 |          10 |
| no-kd   |     1 |      1,000 |     25.0 % |       37.0 |       50.0 |       -3.0 |           |           |          20 |
| rkd     |     2 |      1,000 |     25.0 % | 38.5 ± 0.7 | 50.0 ± 0.0 |       -1.5 |      38.4 |       2.0 |          20 |
`.trim(),
  );
  const runs = systemsOf(nodes).find(({ system }) => system === "rkd")?.runs;
  assertEquals(runs?.map(({ int8 }) => int8?.bleu), [37.8, 38.9]);
});

Deno.test("each seed keeps its own figures, beside the baseline's run of its seed", () => {
  const nodes = [...COMPARED, evaluated("evaluate:rkd@2", 38)]
    .filter(({ name }) => name !== "evaluate:rkd");
  const system = systemsOf([...nodes, evaluated("evaluate:rkd@1", 37)])
    .find(({ system }) => system === "ckd");
  const [one, two] = system?.runs ?? [];
  const unknown = {
    ...{ low: undefined, high: undefined, tails: undefined },
    ...{ planned: undefined, margin: undefined, pMargin: undefined },
    ...{ sentenceError: undefined, seedError: undefined, degrees: undefined },
  };
  assertEquals(one.bleu.to.rkd, { ...unknown, difference: 2, p: 0.001 });
  assertEquals(one.chrf.to.rkd, { ...unknown, difference: 10, p: 0.0999 });
  assertEquals(two.bleu.to.rkd, { ...unknown, difference: 2, p: undefined });
  assertEquals(two.perplexity, 6.5);
  assertEquals(two.trainingSeconds, 200);
  assertEquals(system?.bleu.to.rkd, { ...unknown, difference: 2, p: 0.5005 });
  assertEquals(system?.bleu.low, 38.1);
});

Deno.test("the formatter leaves the Markdown as it is", async () => {
  const text = systemsTable(COMPARED) + "\n";
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "md", "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { stdout } = await child.output();
  assertEquals(new TextDecoder().decode(stdout), text);
});

Deno.test("LaTeX has each sign of an interval and of a p-value in math, and hyphens of words as they are", () => {
  assertStringIncludes(
    latex([{
      columns: ["a-1", "interval", "p"],
      rows: [
        ["x-2", "+0.5 (-1.2 to +2.0)", "< 0.001"],
        ["ckd > rkd - 1", "", ""],
      ],
    }]),
    "x-2 & $+$0.5 ($-$1.2 to $+$2.0) & $<$ 0.001 \\\\\nckd $>$ rkd - 1 &  &  \\\\",
  );
});

Deno.test("LaTeX has what means something to it escaped, and signs in math", () => {
  const nodes = COMPARED.map((node) => ({
    ...node,
    name: `pt-en/${node.name}`,
  }));
  const text = tableOf(
    systemsOf([...nodes, evaluated("pt-en/evaluate:a_b&c", 41)]),
    "latex",
  );
  const lines = text.split("\n");
  assertEquals(lines.slice(0, 4), [
    "\\begin{tabular}{lrrrrrrrrrr}",
    "\\toprule",
    "\\multicolumn{11}{l}{pt-en} \\\\",
    "\\midrule",
  ]);
  assert(
    lines.includes(
      "ckd & 2 & 1,000 & 25.0 \\% & 39.5 $\\pm$ 0.7 & 60.5 $\\pm$ 0.7 & $-$0.5 & 0.041 & 0.501 & 2.5 & 20 \\\\",
    ),
    text,
  );
  assert(
    lines.includes(
      "a\\_b\\&c & 1 & 1,000 & 25.0 \\% & 41.0 & 50.0 & $+$1.0 &  &  &  & 20 \\\\",
    ),
    text,
  );
  assertEquals(lines.slice(-2), ["\\bottomrule", "\\end{tabular}"]);
});
