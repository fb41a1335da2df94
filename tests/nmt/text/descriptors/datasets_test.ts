/** Tests of a data set of one's own, from its descriptor to the corpus, downloaded from a server that a test runs. */
import { createHash } from "node:crypto";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import type { Data } from "../../../../schemas/experiment/data.ts";
import { tgzOf } from "../fixtures/archives.ts";
import { build, withMirrors } from "../fixtures/building.ts";
import { type FileServer, serveFiles } from "../fixtures/file_server.ts";
import { withFolder } from "../../fixtures/folder.ts";
import { refusal } from "../../fixtures/refusal.ts";

const NUMBERS = ["um", "dois", "três", "quatro", "cinco", "seis", "sete"];

/** A descriptor of talks in a folder, whose archive a server has; `change` is what it says otherwise of its file. */
async function talks(
  folder: string,
  server: (bytes: Uint8Array<ArrayBuffer>) => FileServer,
  change: Record<string, unknown> = {},
): Promise<{ data: Partial<Data>; server: FileServer; sha256: string }> {
  const tags = (text: (i: number) => string) =>
    "<title>A talk</title>\n" +
    NUMBERS.map((_, i) => text(i) + "\n").join("");
  const set = (text: string) => `<doc>\n<seg id="1"> ${text} </seg>\n</doc>\n`;
  const archive = await tgzOf([
    { path: "t/train.pt", text: tags((i) => `número ${NUMBERS[i]}`) },
    { path: "t/train.en", text: tags((i) => `number ${"abcdefg"[i]}`) },
    { path: "t/dev.pt.xml", text: set("número dois") },
    { path: "t/dev.en.xml", text: set("some number") },
    { path: "t/tst.pt.xml", text: set("o fim") },
    { path: "t/tst.en.xml", text: set("the end") },
  ]);
  const sha256 = createHash("sha256").update(archive).digest("hex");
  const served = server(archive);
  const sides = (name: string, end = "") => ({
    pt: { file: "talks.tgz", member: `t/${name}.pt${end}` },
    en: { file: "talks.tgz", member: `t/${name}.en${end}` },
  });
  const path = join(folder, "talks.json");
  await Deno.writeTextFile(
    path,
    JSON.stringify({
      name: "talks",
      description: "talks of this test",
      languages: ["pt", "en"],
      files: [{
        name: "talks.tgz",
        urls: [served.url("talks.tgz")],
        licence: "CC0",
        sha256,
        bytes: archive.length,
        ...change,
      }],
      sources: [{
        label: "talks",
        texts: [
          { part: "train", format: "tagged", sides: sides("train") },
          {
            part: "validation",
            format: "segments",
            sides: sides("dev", ".xml"),
          },
          { part: "test", format: "segments", sides: sides("tst", ".xml") },
        ],
      }],
    }),
  );
  return { data: { descriptor: path }, server: served, sha256 };
}

Deno.test("a descriptor of one's own: talks in an archive, downloaded over a connection that is cut, with their own test sets", () =>
  withFolder(async (folder) => {
    const { data, server } = await talks(
      folder,
      (bytes) =>
        serveFiles({ "talks.tgz": { bytes, cut: { after: 100, times: 2 } } }),
    );
    await using _server = server;
    const { metrics, read } = await withMirrors("", () => build(folder, data));
    assertEquals(server.requests.slice(0, 2), [
      "talks.tgz",
      "talks.tgz bytes=100-",
    ]);
    assertEquals(metrics, {
      train: 6,
      validation: 1,
      test: 1,
      nearDuplicates: 1,
    });
    assertEquals(await read("validation"), "número dois\tsome number\n");
    assertEquals(await read("test"), "o fim\tthe end\n");
    assertEquals(
      (await read("train")).split("\n")[0],
      "número um\tnumber a",
    );
  }));

Deno.test("a file whose hash nobody has recorded is used once the experiment says the hash, and only with those bytes", () =>
  withFolder(async (folder) => {
    const change = {
      sha256: undefined,
      bytes: undefined,
      maximumBytes: 10_000,
    };
    const { data, server, sha256 } = await talks(
      folder,
      (bytes) => serveFiles({ "talks.tgz": { bytes } }),
      change,
    );
    await using _server = server;
    const buildWith = (more: Partial<Data>) =>
      withMirrors("", () => build(folder, { ...data, ...more }));
    await refusal(() => buildWith({}));
    assertEquals(server.requests, []);
    const other = "0".repeat(64);
    const wrong = await refusal(() =>
      buildWith({ sha256: { "talks.tgz": other } })
    );
    assertStringIncludes(wrong, sha256);
    assertStringIncludes(wrong, other);
    const { metrics } = await buildWith({ sha256: { "talks.tgz": sha256 } });
    assertEquals(metrics.train, 6);
  }));

Deno.test("a download goes on after its process was killed", () =>
  withFolder(async (folder) => {
    const bytes = crypto.getRandomValues(new Uint8Array(40_000));
    await using server = serveFiles({
      "a.bin": { bytes, cut: { after: 30_000, times: 1, silent: true } },
    });
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const url = server.url("a.bin");
    const file = { name: "a.bin", set: "mine", urls: [url], sha256 };
    const job = {
      files: [{ ...file, licence: "CC0", bytes: bytes.length }],
      folder: join(folder, "files"),
      work: join(folder, "work"),
    };
    const start = () =>
      new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--quiet",
          "--allow-all",
          new URL("../fixtures/fetch_files_process.ts", import.meta.url).href,
          JSON.stringify(job),
        ],
      }).spawn();
    const first = start();
    const partial = join(job.work, "mine", "a.bin.part");
    const size = () => Deno.stat(partial).then(({ size }) => size, () => 0);
    while (await size() < 30_000) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    first.kill("SIGKILL");
    await first.status;
    assert((await start().status).success);
    assertEquals(server.requests, ["a.bin", "a.bin bytes=30000-"]);
    assertEquals(await Deno.readFile(join(job.folder, "mine", "a.bin")), bytes);
  }));

Deno.test("a descriptor that is no JSON, or not there, is an input error that names it", () =>
  withFolder(async (folder) => {
    const path = join(folder, "mine.json");
    const fault = () => refusal(() => build(folder, { descriptor: path }));
    assertEquals(
      await fault(),
      `Cannot read "${path}": there is no such file.`,
    );
    await Deno.writeTextFile(path, "{");
    assertStringIncludes(
      await fault(),
      `Cannot use descriptor "${path}": it is no JSON (`,
    );
    await Deno.writeTextFile(path, "{}");
    assertStringIncludes(
      await fault(),
      `Cannot use descriptor "${path}": "name"`,
    );
  }));
