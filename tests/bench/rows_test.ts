/** The table of the bench: its rows, how they are refused, and what of it scripts may rely on. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { grouped, measure } from "../../bench/rows/measure.ts";
import { type Row, ROWS } from "../../bench/rows/rows.ts";
import { TABLES } from "../../bench/committed.ts";
import {
  MachineRows,
  readMachines,
  rowsTable,
} from "../../bench/rows/committed_rows.ts";
import { table } from "../../bench/rows/table.ts";
import { BENCH, bench } from "./bench.ts";

Deno.test("each row has a name of its own and measuring processes that are there", () => {
  assertEquals(new Set(ROWS.map(({ row }) => row)).size, ROWS.length);
  for (const { ours, peer } of ROWS) {
    for (const program of [ours.program, peer?.by ?? ours.program]) {
      assert(Deno.statSync(join(BENCH, "measures", `${program}.ts`)).isFile);
    }
    if (peer === undefined) continue;
    const script = join(BENCH, "reference", `${peer.program}.py`);
    assert(Deno.statSync(script).isFile);
  }
});

Deno.test("an unknown row is refused with the nearest name and exit code 2", async () => {
  const { code, out, err } = await bench(["--rows", "step-d265"]);
  assertEquals({ code, out }, { code: 2, out: "" });
  assertMatch(err, /^Cannot measure "step-d265": .* did you mean "step-d256"/);
});

Deno.test("rows whose text is not there say in one line what is missing, and the others are measured", async () => {
  const { code, out } = await bench(
    ["--rows=states,tokenizing", "--text=multi30k", "--steps=1"],
    { CKD_BENCH_CORPUS: "/nowhere", CKD_BENCH_PYTHON: "/nowhere/python" },
  );
  assertEquals(code, 0);
  assertMatch(
    out.split("\n").at(-1) ?? "",
    /^states, tokenizing: ".*multi30k.train\.de\.gz" is not there; .*CKD_BENCH_CORPUS/,
  );
});

Deno.test("an unknown text is refused in a sentence with exit code 2", async () => {
  for (const part of [["--rows=states"], ["parity"]]) {
    const { code, out, err } = await bench([...part, "--text=multi30"]);
    assertEquals({ code, out }, { code: 2, out: "" });
    assertMatch(
      err,
      /^Cannot measure on the text "multi30": expected one of messages, multi30k, did you mean "multi30k"\.$/,
    );
  }
});

Deno.test("PyTorch and Marian's trainer stand beside the same runs of our training, and OpenVINO's in the same turns", () => {
  const rows = ROWS.filter(({ row }) => /^train/.test(row));
  assertEquals(grouped(rows).map((group) => group.map(({ row }) => row)), [
    ["training", "training-openvino", "trainer"],
    ["training-bf16"],
  ]);
});

Deno.test("ours and each setting of the peer run in turns, the slower setting once; where more is better, the ratio is turned round", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const log = join(folder, "log");
    const line = (value: string) =>
      `{"figures":{"ms":${value},"per_s":${value}},"peak_mb":1,"version":"fake","threads":2}`;
    await Deno.writeTextFile(
      join(folder, "own.ts"),
      `Deno.writeTextFileSync(${JSON.stringify(log)}, "own ", { append: true });
       console.log(${JSON.stringify(line("200"))});`,
    );
    const python = join(folder, "python");
    await Deno.writeTextFile(
      python,
      `#!/bin/sh\nprintf '%s ' "$MS" >> '${log}'\nprintf '${
        line("%s")
      }\\n' "$MS" "$MS"\n`,
    );
    await Deno.chmod(python, 0o755);
    const command = {
      program: "own",
      arguments: [],
      needsText: false,
    };
    const row = (
      name: string,
      figure: string,
      better: "lower" | "higher",
    ): Row => ({
      row: name,
      unit: "ms",
      figure,
      better,
      ours: command,
      peer: { ...command, package: "torch" },
      bar: 1,
      aim: null,
    });
    const rows = [row("time", "ms", "lower")];
    const options = {
      alternations: 3,
      steps: 1,
      threads: 2,
      peers: {
        python,
        has: () => true,
        torch: [
          { name: "slow", env: { MS: "400" } },
          { name: "fast", env: { MS: "100" } },
        ],
      },
      text: { missing: "none" },
      programs: folder,
    };
    const [time] = await measure(rows, options);
    assertEquals(
      (await Deno.readTextFile(log)).trim(),
      "own 400 100 own 100 own 100",
    );
    assertEquals([time.ours, time.peer, time.ratio], [200, 100, 2]);
    assertEquals(time.peerName, "fake, fast");
    assertEquals(time.others, { "fake, slow": 400 });
    const [rate] = await measure([row("rate", "per_s", "higher")], options);
    assertEquals([rate.peer, rate.ratio, rate.peerName], [
      400,
      2,
      "fake, slow",
    ]);
    const machine = { cpu: "a CPU", cores: 2, threads: 2, versions: [] };
    assertMatch(
      table([time], machine),
      /^time +200 +100 +ms +2\.00 .* MISSED/m,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("every machine's file is as --json prints it, of rows that there are, and every table can be printed", () => {
  const machines = readMachines();
  assert(machines.size > 1);
  const known = ROWS.map(({ row }) => row);
  for (const [name, { rows }] of machines) {
    const names = rows.map(({ row }) => row);
    assertEquals(names, known.filter((row) => names.includes(row)), name);
    for (const { row, unit } of rows) {
      assertEquals(unit, ROWS.find((each) => each.row === row)?.unit);
    }
  }
  for (const print of Object.values(TABLES)) assert(print().length > 0);
});

Deno.test("machines stand side by side, each with its spread; a row that none has is left out", () => {
  const machine = (row: string, ratio: number): MachineRows =>
    MachineRows.parse({
      command: "deno task bench",
      text: "messages",
      machine: { cpu: "a CPU", cores: 4, threads: 2, versions: ["deno 2"] },
      rows: [{
        ...{ row, unit: "ms a step", ours: 300.4, peer: 400, ratio },
        ...{ peerName: "a peer", bar: 0.8, aim: null, turns: 3 },
        spread: [ratio - 0.1, ratio + 0.1],
      }],
    });
  const machines = new Map([
    ["one", machine("step-d256", 0.75)],
    ["two", machine("distillation", 1.5)],
  ]);
  const [heads, , ...lines] = rowsTable(machines).split("\n")
    .map((line) => line.replaceAll(/ {2,}/g, " "));
  assertEquals(
    heads,
    "| row | unit | one: ours | peer | ratio | turns | two: ours | peer | ratio | turns | bar |",
  );
  assertEquals(lines, [
    "| step-d256 | ms a step | 300 | 400 | 0.75 | 0.65–0.85 | | | | | 0.80 |",
    "| distillation | ms a step | | | | | 300 | 400 | 1.50 | 1.40–1.60 | 0.42 |",
    "",
    "| machine | CPU | cores | threads | memory | text | versions | notes |",
    "| ------- | ----: | ----: | ------: | -----: | -------: | -------: | ----: |",
    "| one | a CPU | 4 | 2 | | messages | deno 2 | |",
    "| two | a CPU | 4 | 2 | | messages | deno 2 | |",
  ]);
});

Deno.test("a table of another name is refused with the nearest one", async () => {
  const { code, err } = await bench(["table", "egnine"]);
  assertEquals(code, 2);
  assertMatch(
    err,
    /^Cannot print the table "egnine": .* did you mean "engine"/,
  );
});
