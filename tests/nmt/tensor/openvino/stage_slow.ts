/** Stages that train and translate with OpenVINO, in processes of their own with the permissions that they declare. */
import { assert, assertEquals } from "@std/assert";
import { statIfThere } from "../../../../base/stat.ts";
import { readManifest } from "../../../../engine/store/manifest.ts";
import { bubblewrapMissing } from "../../../engine/fixtures/bubblewrap.ts";
import { deno } from "../../../fixtures/command.ts";
import { copyOf, trainedStudent } from "../../../fixtures/trained.ts";
import { missing } from "./available.ts";

const EVALUATED = "evaluate:no-kd";

/** Trains and evaluates a student; gives the environment in the key of its training, and its score. */
async function evaluated(...options: readonly string[]) {
  using trained = copyOf(await trainedStudent());
  const { code, err } = await trained.pipeline(
    ...["run", EVALUATED, "--quiet"],
    ...["--set", "runtime.name=openvino", ...options],
  );
  assertEquals(code, 0, err);
  const nodes = readManifest(trained.artifacts)?.nodes ?? {};
  return {
    environment: nodes["student:no-kd"].preimage.environment,
    bleu: nodes[EVALUATED].metrics.bleu,
  };
}

const CASES = {
  "in 32-bit floats": [],
  "in bfloat16 and the sandbox": [
    "--sandbox",
    "--set",
    "runtime.precision=bfloat16",
  ],
};

for (const [title, options] of Object.entries(CASES)) {
  const lacks = [
    missing,
    options.length > 0 ? bubblewrapMissing.trim() : "",
  ].filter(Boolean).join("; ");
  Deno.test({
    name: `a student trained and evaluated by OpenVINO ${title} translates${
      lacks && `: not run, ${lacks}`
    }`,
    ignore: lacks !== "",
    fn: async () => {
      const { environment, bleu } = await evaluated(...options);
      assertEquals(environment, {
        name: "openvino",
        version: "2026.4.1",
        provider: "cpu",
        precision: options.length > 0 ? "bfloat16" : "float32",
      });
      assert(typeof bleu === "number" && bleu > 40, `BLEU ${bleu}`);
    },
  });
}

Deno.test("a library that is missing is one sentence before a run writes anything", async () => {
  const folder = Deno.makeTempDirSync();
  const artifacts = `${folder}/artifacts`;
  const { code, out, err } = await deno([
    ...["run", "--quiet", "--allow-all", "cli/main.ts"],
    ...["--experiment", "tiny", "--artifacts", artifacts],
    ...["--set", "runtime.name=openvino"],
  ], { CKD_OPENVINO: folder });
  assertEquals({ code, out, err }, {
    code: 2,
    out: "",
    err:
      `Cannot use runtime openvino on cpu: expected OpenVINO 2026.4.1 as "${folder}/libopenvino_c.so.2641", found no such file; run tools/openvino/fetch, ` +
      `or take ONNX Runtime by --set 'runtime={"name":"onnx"}': its results have keys of their own, so that all is made anew.\n`,
  });
  assertEquals(statIfThere(artifacts), undefined, "nothing is written");
  Deno.removeSync(folder, { recursive: true });
});
