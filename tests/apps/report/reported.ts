/** The report of a trained experiment against its earlier run, written by the command. */
import { assertEquals } from "@std/assert";
import { copyOf, trainedExperiment } from "../../fixtures/trained.ts";

export interface Reported extends Disposable {
  /** The file. */
  readonly out: string;
  /** The artifact folder that it is of. */
  readonly artifacts: string;
}

/** Of a run in which one student learns otherwise; removed at the end of its scope. */
export async function reportAgainst(): Promise<Reported> {
  const experiment = copyOf(await trainedExperiment());
  const earlier = experiment.path("earlier.json");
  Deno.copyFileSync(experiment.path("artifacts/manifest.json"), earlier);
  const ran = await experiment.pipeline(
    ...["run", "--quiet", "--set", "students.pkd.alpha=0.1"],
  );
  assertEquals(ran.code, 0, ran.err);
  const out = experiment.path("report.html");
  const told = await experiment.pipeline(
    ...["report", "--out", out, "--against", earlier],
  );
  assertEquals(told.out, `${out}\n`, told.err);
  return {
    out,
    artifacts: experiment.artifacts,
    [Symbol.dispose]: () => experiment[Symbol.dispose](),
  };
}
