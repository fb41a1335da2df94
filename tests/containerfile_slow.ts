/** The Containerfile: its image trains, translates and leaves everything in the folder that is mounted. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { statIfThere } from "../base/stat.ts";
import { sha256 } from "../engine/files/hash.ts";
import {
  build,
  carryOut,
  findBuilder,
  missingContainer,
  stepsOf,
} from "./fixtures/container.ts";
import { ROOT } from "./fixtures/command.ts";
import { temporary } from "./fixtures/made_run.ts";

const read = (name: string) => Deno.readTextFileSync(join(ROOT, name));
const STEPS = stepsOf(read("Containerfile"));
const IGNORED = read(".dockerignore").trim().split("\n");
const BUILDER = await findBuilder(STEPS);
const missing = BUILDER === undefined ? missingContainer : "";

Deno.test("the Containerfile has the Deno of the pages, an unprivileged user and the command ckd", () => {
  const valuesOf = (step: string) =>
    STEPS.filter(({ name }) => name === step).map(({ value }) => value);
  const [install] = valuesOf("RUN");
  assertEquals(install, "npm install --global deno@2.9.6");
  assert(read("docs/guide.md").includes(install));
  assertMatch(valuesOf("FROM")[0], /\/node:\d+-\S+-slim$/);
  assertEquals(valuesOf("ENTRYPOINT"), ['["ckd"]']);
  assertEquals(valuesOf("USER"), ["node"]);
  assertEquals(STEPS.at(-1)?.name, "ENTRYPOINT");
  assert(IGNORED.every((name) => /^[.\w]+$/.test(name)), IGNORED.join());
});

Deno.test({
  name: `an image (${
    BUILDER === undefined
      ? "of its steps on this machine, for want of a builder that can pull"
      : `built by ${BUILDER}`
  }) runs ckd as no root, on an experiment of the mounted folder, whose artifacts stay there${missing}`,
  ignore: missing !== "",
  fn: async () => {
    await using image = BUILDER === undefined
      ? await carryOut(STEPS, IGNORED)
      : await build(BUILDER);
    using work = temporary();
    const path = (name: string) => join(work.path, name);
    const ckd = async (...args: string[]) => {
      const { code, said } = await image.run(work.path, args);
      assertEquals(code, 0, `ckd ${args.join(" ")}:\n${said}`);
      return said;
    };
    const { version } = JSON.parse(read("deno.json"));
    assert((await ckd("--version")).startsWith(`ckd ${version}\n`));

    writeExperiment(path);
    const ran = await ckd("run", "--experiment", "small.jsonc");
    assertMatch(ran, /^\d+ ran, in .*, experiment "small"\.$/m);
    assert(!ran.includes("deno task"), ran);
    const manifest = JSON.parse(
      Deno.readTextFileSync(path("artifacts/manifest.json")),
    );
    assertEquals(manifest.experiment.name, "small");
    // A second container goes on with what the first has left.
    assertMatch(await ckd("run"), /nothing to do|0 ran|up to date/i);
    assertEquals((await ckd("translate", "um dois")).split("\n").length, 2);
    const pub = await ckd("keygen");
    assertMatch(pub, /^ed25519:/);
    assert(statIfThere(path(".config/ckd")) !== undefined);
  },
});

/** An experiment of one student, small enough to be trained in seconds. */
function writeExperiment(path: (name: string) => string): void {
  const words = (of: string) =>
    sha256(of).match(/.{5}/g)?.slice(0, 6).join(" ");
  const pairs = Array.from(
    { length: 200 },
    (_, i) => `${words(`source ${i}`)}\t${words(`target ${i}`)}\n`,
  );
  Deno.writeTextFileSync(path("small.tsv"), pairs.join(""));
  const learner = {
    model: { width: 16, feedForward: 32, heads: 2 },
    training: { steps: 4, batchTokens: 256, warmup: 2, validateEvery: 4 },
  };
  Deno.writeTextFileSync(
    path("small.jsonc"),
    JSON.stringify({
      languages: { source: "pt", target: "en" },
      data: { train: "small.tsv" },
      corpus: { validation: 10, test: 10 },
      vocabulary: { size: 300, maximumLength: 60 },
      teacher: learner,
      student: learner,
      students: { rkd: { alpha: 0.7 } },
      evaluation: { beam: 2 },
    }),
  );
}
