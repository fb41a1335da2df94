/** A machine on which nothing says where the user's home is: what needs none works, and what needs one says so. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { sha256 } from "../../engine/files/hash.ts";
import { bubblewrapMissing } from "../engine/fixtures/bubblewrap.ts";
import { exists } from "../engine/fixtures/project.ts";
import { ROOT, temporary } from "../fixtures/made_run.ts";

/** All else is unset. */
const ENVIRONMENT = Object.fromEntries(
  Object.entries(Deno.env.toObject())
    .filter(([name]) => ["PATH", "DENO_DIR"].includes(name)),
);

async function homeless(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", "cli/main.ts", ...args],
    cwd: ROOT,
    stdin: "null",
    clearEnv: true,
    env: { ...ENVIRONMENT, ...env },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

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

for (const words of [[], ["--sandbox"]]) {
  const missing = words.length > 0 ? bubblewrapMissing : "";
  Deno.test({
    name: `without a home a model is trained from files of the user's: run ${
      words.join(" ")
    }${missing}`,
    ignore: missing !== "",
    fn: async () => {
      using folder = temporary();
      const { code, err } = await homeless([
        ...["run", "teacher", "--no-progress", ...words],
        ...["--experiment", writeExperiment(folder.path)],
        ...["--artifacts", join(folder.path, "artifacts")],
      ]);
      assertEquals([code, err], [0, ""]);
    },
  });
}

Deno.test("without a home a key has to be named, and nothing is written anywhere else", async () => {
  using folder = temporary();
  const before = exists("/.config");
  for (
    const [name, value] of [["A", "b"], ["HOME", ""], [
      "XDG_CONFIG_HOME",
      "relative",
    ]]
  ) {
    const { code, out, err } = await homeless(["keygen"], { [name]: value });
    assertEquals([code, out], [2, ""]);
    assertStringIncludes(err, "expected HOME or XDG_CONFIG_HOME");
    assertStringIncludes(err, "with --key");
    assertEquals(err.trim().split("\n").length, 1);
  }
  assertEquals(exists("/.config"), before);
  assert(!exists(join(ROOT, "relative")));
  const key = join(folder.path, "key.pem");
  assertEquals((await homeless(["keygen", "--key", key])).code, 0);
  assert(exists(key));
  const manifest = join(ROOT, "artifacts/results/quick/manifest.json");
  const verified = await homeless(["verify", manifest, "--signed-by", key]);
  assertEquals(verified.code, 2);
  assertStringIncludes(verified.err, "a line that is no public key");
});
