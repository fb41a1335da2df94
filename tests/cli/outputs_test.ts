/** Files that users name to be written: what is there is replaced where it is the command's own, or by --force. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { canMount, mount, unmount } from "../engine/fixtures/mounts.ts";
import { makeProject, nodesOf } from "../engine/fixtures/project.ts";
import { makeRun, temporary } from "../fixtures/made_run.ts";
import { type Outcome, pipeline } from "./fixtures/command_line.ts";

interface Writer {
  /** Runs it with a path to write to, and further words. */
  write(
    path: string,
    ...words: string[]
  ): Promise<Pick<Outcome, "code" | "err">>;
  /** Whether it recognizes a file of its own, and replaces it. */
  readonly knowsOwn: boolean;
}

const PRECIOUS = "the only copy\n";

/** What a command does with what is at a path. */
async function check(
  folder: string,
  { write, knowsOwn }: Writer,
): Promise<void> {
  const path = join(folder, "out");
  const other = join(folder, "other");
  const link = join(folder, "link");
  const names = () => [...Deno.readDirSync(folder)].map(({ name }) => name);
  const refused = async (path: string, ...words: string[]) => {
    const { code, err } = await write(path, ...words);
    assertEquals(code, 2, err);
    assertEquals(err.trim().split("\n").length, 1, err);
    return err;
  };
  Deno.writeTextFileSync(path, PRECIOUS);
  Deno.writeTextFileSync(`${path}.tmp`, PRECIOUS);
  assertStringIncludes(await refused(path), "replace it with --force");
  assertEquals(Deno.readTextFileSync(path), PRECIOUS);

  assertEquals((await write(path, "--force")).code, 0);
  assert(Deno.readTextFileSync(path) !== PRECIOUS);
  assertEquals((await write(path)).code, knowsOwn ? 0 : 2);

  Deno.writeTextFileSync(other, PRECIOUS);
  Deno.symlinkSync(other, link);
  await refused(link);
  assertEquals(Deno.readTextFileSync(other), PRECIOUS);
  assertEquals((await write(link, "--force")).code, 0);
  assert(Deno.lstatSync(link).isSymlink);
  assert(Deno.readTextFileSync(other) !== PRECIOUS);

  // As mktemp leaves it.
  Deno.writeTextFileSync(other, "");
  assertEquals((await write(other)).code, 0);

  for (const device of ["/dev/null", "/dev/full"]) {
    await refused(device, "--force");
    assert(Deno.lstatSync(device).isCharDevice);
  }
  assertEquals(Deno.readTextFileSync(`${path}.tmp`), PRECIOUS);
  assertEquals(
    names().filter((name) => name.endsWith(".tmp")),
    ["out.tmp"],
  );
  for (const made of [path, `${path}.tmp`, other, link]) Deno.removeSync(made);
}

Deno.test("export replaces a bundle, and any other file by --force only", async () => {
  using project = makeProject();
  await nodesOf(project);
  await check(project.folder, {
    write: (path, ...words) => project.run("export", path, ...words),
    knowsOwn: true,
  });
});

Deno.test("report --out replaces a report, and any other file by --force only", async () => {
  using run = temporary();
  using folder = temporary();
  makeRun(run.path);
  Deno.removeSync(join(run.path, "objects"), { recursive: true });
  const words = ["report", "--experiment", "tiny", "--artifacts", run.path];
  await check(folder.path, {
    write: (path, ...more) => pipeline(...words, "--out", path, ...more),
    knowsOwn: true,
  });
});

Deno.test("describe --out replaces a file by --force only", async () => {
  using run = temporary();
  using folder = temporary();
  makeRun(run.path);
  const words = [
    ...["describe", "corpus", "--format", "in-toto", "--experiment", "tiny"],
    ...["--artifacts", run.path],
  ];
  await check(folder.path, {
    write: (path, ...more) => pipeline(...words, "--out", path, ...more),
    knowsOwn: false,
  });
});

Deno.test({
  name: "export into a read-only folder is one sentence" +
    (canMount ? "" : " (skipped: run as root on Linux, to mount a tmpfs)"),
  ignore: !canMount,
  fn: async () => {
    using project = makeProject();
    await nodesOf(project);
    const folder = project.path("read-only");
    Deno.mkdirSync(folder);
    mount("-t", "tmpfs", "-o", "ro", "tmpfs", folder);
    try {
      const path = join(folder, "run.tar");
      const { code, err } = await project.run("export", path);
      assertEquals(code, 2);
      assertStringIncludes(
        err,
        `Cannot write "${path}": read-only file system; name another file.`,
      );
    } finally {
      unmount(folder);
    }
  },
});

Deno.test("sign leaves a file that holds no signatures where it would write them", async () => {
  using project = makeProject();
  using keys = temporary();
  await nodesOf(project);
  const key = ["--key", join(keys.path, "key.pem")];
  assertEquals((await project.run("keygen", ...key)).code, 0);
  project.write("mine.json", project.read("artifacts/manifest.json"));
  project.write("mine.sig.json", PRECIOUS);
  const { code, err } = await project.run("sign", "mine.json", ...key);
  assertEquals(code, 2);
  assertStringIncludes(err, '"mine.sig.json" is there and holds no signatures');
  assertEquals(project.read("mine.sig.json"), PRECIOUS);
  Deno.removeSync(project.path("mine.sig.json"));
  for (const _ of ["once", "again"]) {
    assertEquals((await project.run("sign", "mine.json", ...key)).code, 0);
  }
  project.write("artifacts/manifest.sig.json", PRECIOUS);
  assertEquals((await project.run("sign", ...key)).code, 0);
});
