/** A training on a machine that does not say where the user's home is, with and without a sandbox. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
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

const EXECUTORS = [[], ...bubblewrapMissing === "" ? [["--sandbox"]] : []];

Deno.test(`without a home a model is trained from files of the user's, in a sandbox to the same bytes${bubblewrapMissing}`, async () => {
  using folder = temporary();
  const experiment = ["--experiment", writeExperiment(folder.path)];
  const manifests = new Set<string>();
  for (const [i, words] of EXECUTORS.entries()) {
    const artifacts = join(folder.path, `artifacts-${i}`);
    const { code, err } = await homeless([
      ...["run", "teacher", "--no-progress", ...words, ...experiment],
      ...["--artifacts", artifacts],
    ]);
    assertEquals([code, err], [0, ""]);
    manifests.add(Deno.readTextFileSync(join(artifacts, "manifest.json")));
  }
  assertEquals(manifests.size, 1);
});
