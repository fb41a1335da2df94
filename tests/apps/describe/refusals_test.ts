/** The command `describe` where it cannot tell all, or nothing: what is missing is said, and nothing half is written. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { canonical } from "../../../engine/files/hash.ts";
import { exists } from "../../engine/fixtures/project.ts";
import { type Outcome, pipeline, ROOT } from "../../fixtures/command.ts";
import { makeRun, objectPath, temporary } from "../../fixtures/made_run.ts";

async function describe(
  artifacts: string,
  ...args: string[]
): Promise<Outcome> {
  const { code, out, err } = await pipeline(
    ...["describe", "--experiment", "tiny", "--artifacts", artifacts, ...args],
  );
  // What never was has no record of its descriptor.
  return { code, out, err: err.replace(/^The descriptor of .*\n/gm, "") };
}

Deno.test("describing wants a format, a node that has a result, and a folder of its own for what is several files", async () => {
  using folder = temporary();
  makeRun(folder.path);
  const refused = async (...args: string[]) => {
    const { code, out, err } = await describe(folder.path, ...args);
    assertEquals([code, out], [2, ""]);
    assertEquals(err.trim().split("\n").length, 1, err);
    return err;
  };
  assertMatch(await refused(), /--format <format>' not specified/);
  assertMatch(await refused("--format", "prov"), /prov/);
  assertMatch(
    await refused("student:rkdd", "--format", "in-toto"),
    /Cannot find node "student:rkdd", did you mean "student:rkd"/,
  );
  assertMatch(
    await refused("--format", "ro-crate"),
    /name a new one with --out/,
  );
  const full = join(folder.path, "full");
  Deno.mkdirSync(join(full, "inside"), { recursive: true });
  for (const format of ["ro-crate", "croissant"]) {
    assertMatch(
      await refused("--format", format, "--out", full),
      /expected a new or empty folder/,
    );
  }
  assertMatch(
    await refused("--format", "model-card", "--key"),
    /--key goes with --format in-toto/,
  );
  assertMatch(
    await refused("student:*", "--format", "model-card"),
    /a model card of 3 nodes at once; name one/,
  );
  assertMatch(
    await refused("corpus", "--format", "model-card"),
    /"corpus": it is no model; name one of teacher, student:no-kd/,
  );
  const inside = join(ROOT, "signing-key.pem");
  assertMatch(
    await refused("--format", "in-toto", "--key", inside),
    /inside the project/,
  );
});

Deno.test("an output that is gone is described by its hash, and that is told; data that are gone cannot be", async () => {
  using folder = temporary();
  const records = makeRun(folder.path);
  const { model, curve } = records.get("student:rkd")?.outputs ?? {};
  Deno.removeSync(objectPath(folder.path, model));
  const crate = join(folder.path, "crate");
  const { code, out, err } = await describe(
    folder.path,
    ...["student:rkd", "--format", "ro-crate", "--out", crate],
  );
  assertEquals(code, 0, err);
  assertEquals(
    err,
    "student.rkd/model.safetensors is gone, and told without its bytes.\n",
  );
  const text = Deno.readTextFileSync(out.trim());
  assert(text.includes(`"#sha256-${model.sha256}"`));
  assert(text.includes(curve.sha256));
  assert(!exists(join(crate, "student.rkd/model.safetensors")));

  const { files } = records.get("fetch")?.outputs ?? {};
  Deno.removeSync(objectPath(folder.path, files));
  const sets = join(folder.path, "sets");
  const gone = await describe(
    folder.path,
    ...["--format", "croissant", "--out", sets],
  );
  assertEquals([gone.code, gone.out], [1, ""]);
  assertMatch(gone.err, /npm-messages: what was fetched of it is missing/);
  assert(!exists(sets));
});

Deno.test("committed results are described without their objects, and a damaged object is not passed on", async () => {
  using folder = temporary();
  const records = makeRun(folder.path);
  const statement = async (artifacts: string) => {
    const told = await describe(artifacts, "--format", "in-toto");
    assertEquals(told.code, 0, told.err);
    return JSON.parse(told.out);
  };
  const whole = await statement(folder.path);
  assertEquals(
    whole.predicate.buildDefinition.externalParameters.nodes.length,
    records.size,
  );
  const { code } = await pipeline(
    ...["results", "--save", "--experiment", "tiny"],
    ...["--artifacts", folder.path],
  );
  assertEquals(code, 0);
  const kept = join(folder.path, "elsewhere/results");
  Deno.mkdirSync(join(folder.path, "elsewhere"));
  Deno.renameSync(join(folder.path, "results"), kept);
  assertEquals(await statement(join(folder.path, "elsewhere")), whole);

  const { model } = records.get("teacher")?.outputs ?? {};
  Deno.writeTextFileSync(
    objectPath(folder.path, model),
    "x".repeat(model.bytes),
  );
  const damaged = await describe(
    folder.path,
    ...["teacher", "--format", "ro-crate"],
    ...["--out", join(folder.path, "crate")],
  );
  assertEquals(damaged.code, 1);
  assertMatch(
    damaged.err,
    /teacher\/model\S* into the crate: its object is damaged/,
  );
});

Deno.test("unless one is named, the card is of the best student by validation, whatever the test set says", async () => {
  using folder = temporary();
  makeRun(folder.path);
  const path = join(folder.path, "manifest.json");
  const manifest = JSON.parse(Deno.readTextFileSync(path));
  const validation = { "no-kd": 40, rkd: 42, "ckd-regular": 41 };
  for (const [student, validationBleu] of Object.entries(validation)) {
    manifest.nodes[`student:${student}`].metrics.validationBleu =
      validationBleu;
  }
  Deno.writeTextFileSync(path, canonical(manifest) + "\n");
  const { code, out, err } = await describe(
    ...[folder.path, "--format", "model-card"] as const,
  );
  assertEquals(code, 0, err);
  assertMatch(out, /^# rkd: pt to en$/m);
});
