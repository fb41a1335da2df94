/** The table of the bench: its rows, how they are refused, and what of it scripts may rely on. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { measure } from "../../bench/measure.ts";
import { type Row, ROWS } from "../../bench/rows.ts";
import { TABLES } from "../../bench/committed.ts";
import { table } from "../../bench/table.ts";
import { BENCH, bench } from "./bench.ts";

Deno.test("each row has a name of its own and measuring processes that are there", () => {
  assertEquals(new Set(ROWS.map(({ row }) => row)).size, ROWS.length);
  for (const { ours, peer } of ROWS) {
    assert(Deno.statSync(join(BENCH, "measures", `${ours.program}.ts`)).isFile);
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
    ["--rows=states,tokenizing", "--alternations=1", "--steps=1"],
    { CKD_BENCH_CORPUS: "/nowhere", CKD_BENCH_PYTHON: "/nowhere/python" },
  );
  assertEquals(code, 0);
  assertMatch(
    out.split("\n").at(-1) ?? "",
    /^states, tokenizing: ".*multi30k.train\.de\.gz" is not there; .*CKD_BENCH_CORPUS/,
  );
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

Deno.test("every committed figure is of a row that there is, and every table can be printed", async () => {
  const text = await Deno.readTextFile(join(BENCH, "results", "rows.json"));
  const { rows }: { rows: { row: string }[] } = JSON.parse(text);
  assertEquals(rows.map(({ row }) => row), ROWS.map(({ row }) => row));
  for (const print of Object.values(TABLES)) assert(print().length > 0);
});

Deno.test("a table of another name is refused with the nearest one", async () => {
  const { code, err } = await bench(["table", "egnine"]);
  assertEquals(code, 2);
  assertMatch(
    err,
    /^Cannot print the table "egnine": .* did you mean "engine"/,
  );
});
