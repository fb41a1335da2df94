/** Event files are read by TensorBoard as what the table of values says. */
import { assertEquals } from "@std/assert";
import { pipeline } from "../../fixtures/command.ts";
import { makeRun, temporary } from "../../fixtures/made_run.ts";
import { findPython } from "../../fixtures/python.ts";

const { python, missing } = findPython("tensorboard");

const READER = `
import json, sys, pathlib
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
rows = []
for folder in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    events = EventAccumulator(str(folder))
    events.Reload()
    for tag in events.Tags()["scalars"]:
        for event in events.Scalars(tag):
            rows.append(f"{folder.name} {tag} {event.step} {event.value:.5f}")
print(json.dumps(rows))
`;

Deno.test({
  name: `TensorBoard reads every value of the curves${missing ?? ""}`,
  ignore: missing !== undefined,
  fn: async () => {
    using folder = temporary();
    makeRun(folder.path);
    const describe = (...args: string[]) =>
      pipeline(
        ...["describe", "teacher", "student:rkd", "--experiment", "tiny"],
        ...["--artifacts", folder.path, "--format", ...args],
      );
    const out = `${folder.path}/events`;
    const { code, err } = await describe("tensorboard", "--out", out);
    assertEquals(code, 0, err);
    const { stdout } = await new Deno.Command(python, {
      args: ["-c", READER, out],
      stderr: "null",
    }).output();
    const csv = (await describe("csv")).out.trim().split("\n").slice(1);
    const expected = csv.map((row) => {
      const [system, seed, step, name, value] = row.split(",");
      const run = `${system}@${seed}`;
      const tag = name === "trainingLoss"
        ? "training/loss"
        : `validation/${name}`;
      return `${run} ${tag} ${step} ${Number(value).toFixed(5)}`;
    });
    assertEquals(
      JSON.parse(new TextDecoder().decode(stdout)).toSorted(),
      expected.toSorted(),
    );
  },
});
