/** The experiment that `pipeline init --model` writes, run to its end. */
import { assert, assertEquals } from "@std/assert";
import { inState } from "../../engine/fixtures/project.ts";
import { pipeline } from "../../fixtures/command.ts";
import { nodesOf } from "../../nmt/fixtures/nodes.ts";
import { corpus, LANGUAGES, PAIRS } from "./corpus.ts";
import { SUBWORDS, writeSmallModel } from "./small_model.ts";

Deno.test("the experiment that init writes for a public model runs to its end", async () => {
  using here = corpus();
  writeSmallModel(here.path("model"));
  here.write(
    "text.tsv",
    PAIRS.map(([source, target]) => `${source} {a}\t${target} {a}\n`).join(""),
  );
  const made = await pipeline(
    ...["init", here.path("mine"), ...LANGUAGES],
    ...["--pairs", here.path("text.tsv"), "--model", here.path("model")],
  );
  assertEquals(made.code, 0, made.err);
  // A few steps, and one hypothesis a sentence.
  const text = Deno.readTextFileSync(here.mine)
    .replaceAll(/"(steps|validateEvery|warmup)": \d+/g, '"$1": 4');
  Deno.writeTextFileSync(here.mine, text);
  const given = [
    ...["--experiment", here.mine, "--artifacts", here.path("artifacts")],
    ...["--set", "evaluation.beam=1"],
  ];
  const nodes = await nodesOf("run", ...given);
  const ran = inState(nodes, "ran");
  for (
    const name of [
      ...["import:imported", "extend", "teacher", "interpolate:teacher"],
      ...["trim", "states"],
      ...["student:rkd", "student:ckd", "export:ckd", "compare"],
    ]
  ) assert(ran.includes(name), `${name} is not in ${ran}`);
  assert(ran.some((name) => name.startsWith("prune:")), ran.join());
  const metrics = new Map(nodes.map(({ name, metrics }) => [name, metrics]));
  assertEquals(metrics.get("extend")?.vocabulary, SUBWORDS + 2);
  assertEquals(metrics.get("trim")?.vocabulary, 100);
  for (const system of ["imported", "teacher", "rkd", "ckd"]) {
    const { chrf } = metrics.get(`evaluate:${system}`) ?? {};
    assert(Number.isFinite(chrf), `${system}: ${chrf}`);
  }
});
