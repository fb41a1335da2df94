/** What is asked of Slurm: by stages, experiments and the command line. */
import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { slurm } from "../../../engine/executors/slurm.ts";
import { readExperiment } from "../../../engine/graph/experiment.ts";
import { SbatchOptions } from "../../../schemas/experiment/slurm.ts";
import { pipeline } from "../../cli/fixtures/command_line.ts";

Deno.test("what a stage declares becomes options of sbatch, which those that are given override", () => {
  assertEquals(slurm.optionsOf({}, {}), { exclusive: true });
  assertEquals(slurm.optionsOf({}, { "cpus-per-task": 8 }), {
    "cpus-per-task": 8,
  });
  const declared = {
    ...{ cores: 2, memoryBytes: 3 * 2 ** 30, gpus: 1, seconds: 90 },
  };
  assertEquals(slurm.optionsOf(declared, { time: "1:00:00" }), {
    ...{ "cpus-per-task": 2, mem: "3072M", gpus: 1, time: "1:00:00" },
  });
  assertEquals(slurm.optionsOf({ ...declared, gpus: 0 }, {}), {
    ...{ "cpus-per-task": 2, mem: "3072M", time: 2 },
  });
});

Deno.test("what an experiment asks of Slurm is no part of its value, and an option that the executor sets is refused", () => {
  const folder = Deno.makeTempDirSync();
  const path = `${folder}/mine.json`;
  try {
    Deno.writeTextFileSync(
      path,
      '{"seed": 1, "slurm": {"student:*": {"gpus": 1}}}',
    );
    const set = ["slurm.*.partition=long"];
    const { value, slurm } = readExperiment(folder, path, set);
    assertEquals(value, { seed: 1 });
    assertEquals(slurm, {
      "student:*": { gpus: 1 },
      "*": { partition: "long" },
    });
    assertThrows(
      () => readExperiment(folder, path, ["slurm.*.array=1-3"]),
      Error,
      "the executor sets this option itself",
    );
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("what an experiment asks of Slurm for nodes that it does not have is one sentence, exit code 2", async () => {
  const { code, err } = await pipeline(
    ...["run", "--experiment", "tiny", "--executor", "slurm"],
    ...["--artifacts", "/nonexistent/artifacts"],
    ...["--set", "slurm.studnet:*.gpus=1"],
  );
  assertEquals(code, 2, err);
  assertStringIncludes(err, '"studnet:*" matches no node');
});

Deno.test("a wrong option of sbatch is one sentence, exit code 2", async () => {
  for (const option of ["array=1-3", "no name=2", "wrap=ls"]) {
    const { code, err } = await pipeline(
      ...["run", "--experiment", "tiny", "--executor", "slurm"],
      ...["--artifacts", "/nonexistent/artifacts", "--slurm", option],
    );
    assertEquals(code, 2, err);
    assertStringIncludes(err, "--slurm");
    assertEquals(err.trim().split("\n").length, 1);
  }
});

Deno.test("a value of a variable in export= is refused without being shown, on the command line and in an experiment; names are taken", async () => {
  const secret = `secret-${crypto.randomUUID()}`;
  for (const value of [`TOKEN=${secret}`, `ALL,A,TOKEN='${secret}'`]) {
    for (
      const option of [
        ["--slurm", `export=${value}`],
        ["--set", `slurm.*.export=${value}`],
      ]
    ) {
      const { code, out, err } = await pipeline(
        ...["run", "--experiment", "tiny", "--executor", "slurm"],
        ...["--artifacts", "/nonexistent/artifacts", ...option],
      );
      assertEquals([code, out], [2, ""], err);
      assertMatch(
        err,
        /^Cannot use .*export": expected names of variables only, .*"ALL,NAME"\.\n$/,
      );
      assertEquals(err.includes(secret), false);
    }
  }
  const named = { export: "ALL,TOKEN", "export-file": "env=1" };
  assertEquals(SbatchOptions.parse(named), named);
});
