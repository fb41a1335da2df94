/** The command `ckd`, installed from this clone, in a folder of the user's. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { sha256 } from "../../engine/files/hash.ts";
import { readManifest } from "../../engine/store/manifest.ts";
import { ROOT } from "../fixtures/command.ts";
import { temporary } from "../fixtures/made_run.ts";

/** Installs `ckd` as docs/cli.md says, to another folder than the user's. */
async function install(root: string): Promise<string> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["install", "--global", "--allow-all"],
      ...["--config", "deno.json", "ckd.ts"],
    ],
    cwd: ROOT,
    env: { DENO_INSTALL_ROOT: root },
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return join(root, "bin/ckd");
}

Deno.test("ckd runs an experiment of any folder, whose artifacts are there, and has all commands", async () => {
  using installed = temporary();
  using work = temporary();
  const path = await install(installed.path);
  const ckd = async (...args: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command(path, {
      args,
      cwd: work.path,
    }).output();
    const [out, err] = [stdout, stderr].map((bytes) =>
      new TextDecoder().decode(bytes)
    );
    return { code, out, err };
  };
  const version = await ckd("--version");
  const { version: own } = JSON.parse(
    Deno.readTextFileSync(join(ROOT, "deno.json")),
  );
  assert(version.out.startsWith(`ckd ${own}`), version.out);
  const help = await ckd("--help");
  for (const command of ["run", "translate", "score", "serve", "web"]) {
    assertStringIncludes(help.out, `\n  ${command} `);
  }
  const words = (of: string) =>
    sha256(of).match(/.{5}/g)?.slice(0, 6).join(" ");
  const pairs = Array.from(
    { length: 200 },
    (_, i) => `${words(`source ${i}`)}\t${words(`target ${i}`)}`,
  );
  Deno.writeTextFileSync(join(work.path, "cats.tsv"), pairs.join("\n") + "\n");
  Deno.writeTextFileSync(
    join(work.path, "cats.jsonc"),
    JSON.stringify({
      languages: { source: "pt", target: "en" },
      data: { train: "cats.tsv" },
      corpus: { validation: 10, test: 10 },
    }),
  );
  const ran = await ckd("run", "corpus", "--experiment", "cats.jsonc");
  assertEquals(ran.code, 0, ran.err);
  const manifest = readManifest(join(work.path, "artifacts"));
  assertEquals(manifest?.experiment.name, "cats");
  // The last experiment that was run here, and one of the clone by its name.
  assertStringIncludes((await ckd("status")).out, "corpus");
  assertEquals((await ckd("status", "--experiment", "tiny")).code, 10);
  const scored = await ckd("score", "cats.tsv", "cats.tsv");
  assertStringIncludes(scored.out, "= 100.00");
});
