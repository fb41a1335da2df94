/** The table of systems: one row a system, grouped by language pair, with the spread over seeds. */
import { assertEquals } from "@std/assert";
import { systemsTable } from "../../metrics/table.ts";

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
|---------|-----------:|-----------:|-----:|-----:|-----------:|------------:|
| teacher |      4,000 |    100.0 % | 40.0 | 60.0 |            |          10 |
| no-kd   |      1,000 |     25.0 % | 37.5 | 50.0 |       -2.5 |          20 |
| rkd     |      1,500 |     37.5 % | 40.1 | 50.0 |       +0.1 |       1,234 |
`.trim(),
  );
});

Deno.test("several seeds of a system are one row of means and sample standard deviations", () => {
  const nodes = [
    TEACHER,
    evaluated("evaluate:no-kd@1", 36, { chrf: 50, speed: 10 }),
    evaluated("evaluate:no-kd@2", 37, { chrf: 51, speed: 20 }),
    evaluated("evaluate:no-kd@5", 41, { chrf: 55, speed: 30 }),
    evaluated("evaluate:rkd", 39),
  ];
  // BLEU: mean 38, squares 4 + 1 + 9 over 2, root 2.65; chrF: mean 52, the same squares.
  assertEquals(
    systemsTable(nodes),
    `
| system  | seeds | parameters | of teacher |       BLEU |       chrF | to teacher | sentences/s |
|---------|------:|-----------:|-----------:|-----------:|-----------:|-----------:|------------:|
| teacher |     1 |      4,000 |    100.0 % |       40.0 |       60.0 |            |          10 |
| no-kd   |     3 |      1,000 |     25.0 % | 38.0 ± 2.6 | 52.0 ± 2.6 |       -2.0 |          20 |
| rkd     |     1 |      1,000 |     25.0 % |       39.0 |       50.0 |       -1.0 |          20 |
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
|---------|------:|-----------:|-----------:|-----------:|-----------:|-----------:|------------:|
| teacher |     1 |      1,000 |    100.0 % |       40.0 |       50.0 |            |          20 |
| no-kd   |     2 |      1,000 |    100.0 % | 38.5 ± 0.7 | 50.0 ± 0.0 |       -1.5 |          20 |

es-en

| system  | seeds | parameters | of teacher | BLEU | chrF | to teacher | sentences/s |
|---------|------:|-----------:|-----------:|-----:|-----:|-----------:|------------:|
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
|--------|-----------:|-----------:|-----:|-----:|-----------:|------------:|
| no-kd  |      1,000 |            | 37.0 | 50.0 |            |          20 |
`.trim(),
  );
});

Deno.test("without evaluations there is no table", () => {
  const split = { name: "corpus", metrics: { train: 9 }, measurements: {} };
  assertEquals(systemsTable([split]), "");
});
