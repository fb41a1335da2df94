/** A training on a machine that does not say where the user's home is, with and without a sandbox. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { dirname, join } from "@std/path";
import { sha256 } from "../../engine/files/hash.ts";
import { bubblewrapMissing } from "../engine/fixtures/bubblewrap.ts";
import { temporary } from "../fixtures/made_run.ts";
import { homeless } from "./fixtures/homeless.ts";

/** Writes an experiment on a corpus to a folder, which trains for a second. */
function writeExperiment(folder: string): string {
  const pairs = join(folder, "pairs.tsv");
  const words = (of: string) =>
    sha256(of).match(/.{5}/g)?.slice(0, 6).join(" ");
  Deno.writeTextFileSync(
    pairs,
    Array.from(
      { length: 400 },
      (_, i) => `${words(`source ${i}`)}\t${words(`target ${i}`)}\n`,
    ).join(""),
  );
  const experiment = join(folder, "mine.json");
  const training = { steps: 2, batchTokens: 256, validateEvery: 2 };
  const model = {
    ...{ encoderLayers: 1, decoderLayers: 1 },
    ...{ width: 8, feedForward: 8, heads: 2 },
  };
  Deno.writeTextFileSync(
    experiment,
    JSON.stringify({
      languages: { source: "pt", target: "en" },
      data: { train: pairs },
      corpus: { validation: 20, test: 20 },
      vocabulary: { size: 320 },
      teacher: { model, training },
      student: { model, training },
      students: { "no-kd": {} },
    }),
  );
  return experiment;
}

/** The manifest of a teacher that is trained without a home, in a folder of this name. */
async function trained(
  experiment: string,
  name: string,
  ...words: string[]
): Promise<string> {
  const artifacts = join(dirname(experiment), name);
  const { code, err } = await homeless([
    ...["run", "teacher", "--no-progress", ...words],
    ...["--experiment", experiment, "--artifacts", artifacts],
  ]);
  assertEquals([code, err], [0, ""]);
  return Deno.readTextFileSync(join(artifacts, "manifest.json"));
}

Deno.test("without a home a model is trained from files of the user's", async () => {
  using folder = temporary();
  const experiment = writeExperiment(folder.path);
  assertStringIncludes(await trained(experiment, "artifacts"), '"teacher"');
});

Deno.test({
  name: `in a sandbox to the same bytes${bubblewrapMissing}`,
  ignore: bubblewrapMissing !== "",
  fn: async () => {
    using folder = temporary();
    const experiment = writeExperiment(folder.path);
    assertEquals(
      await trained(experiment, "sandbox", "--sandbox"),
      await trained(experiment, "local"),
    );
  },
});
