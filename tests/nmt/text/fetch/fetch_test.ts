/** Tests of bringing a descriptor's files: mirrors, downloads, hashes; against folders and a server of this test. */
import { createHash } from "node:crypto";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { fetchFiles } from "../../../../nmt/text/fetch/fetch.ts";
import type { ChecksummedFile } from "../../../../nmt/text/descriptors/checksums.ts";
import { withFolder } from "../../fixtures/folder.ts";
import { refusal } from "../../fixtures/refusal.ts";
import { deadUrl, type Served, serveFiles } from "../fixtures/file_server.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const hashOf = (bytes: Uint8Array) =>
  createHash("sha256").update(bytes).digest("hex");

async function gzip(bytes: Uint8Array<ArrayBuffer>) {
  const stream = new Blob([bytes]).stream().pipeThrough(
    new CompressionStream("gzip"),
  );
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const TEXT = bytesOf("um\tone\ndois\ttwo\n".repeat(500));

function pinned(
  name: string,
  bytes: Uint8Array,
  more: Partial<ChecksummedFile> = {},
): ChecksummedFile {
  return {
    set: "mine",
    name,
    urls: [],
    licence: "CC0",
    origin: "its author",
    bytes: bytes.length,
    sha256: hashOf(bytes),
    ...more,
  };
}

interface Place {
  readonly folder: string;
  readonly work: string;
  readonly mirror: string;
  readonly log: string[];
  fetch(...files: readonly ChecksummedFile[]): ReturnType<typeof fetchFiles>;
  /** What was brought, by name. */
  brought(name: string): Promise<Uint8Array>;
}

const withPlace = (test: (place: Place) => Promise<void>) =>
  withFolder(async (root) => {
    const [folder, work, mirror] = ["files", "work", "mirror"]
      .map((name) => join(root, name));
    for (const path of [folder, work, mirror]) await Deno.mkdir(path);
    const log: string[] = [];
    await test({
      folder,
      work,
      mirror,
      log,
      fetch: (...files) =>
        fetchFiles(files, {
          folder,
          work,
          mirrors: [mirror],
          log: (line) => log.push(line),
          progress: () => {},
          retryDelay: 1,
        }),
      brought: (name) => Deno.readFile(join(folder, "mine", name)),
    });
  });

/** The message of the input error of a fetch, after which nothing is in the folder. */
async function faultOf(place: Place, file: ChecksummedFile): Promise<string> {
  const message = await refusal(() => place.fetch(file));
  assertEquals([...Deno.readDirSync(place.folder)], []);
  return message;
}

/** Serves one file and gives what fetching it with that URL gives. */
async function withServer(
  served: Served,
  test: (url: string, requests: readonly string[]) => Promise<void>,
): Promise<void> {
  await using server = serveFiles({ "a.tsv": served });
  await test(server.url("a.tsv"), server.requests);
}

Deno.test("a file is found in a mirror by its bytes, under any name, in any folder", () =>
  withPlace(async ({ mirror, fetch, brought, log }) => {
    await Deno.mkdir(join(mirror, "deep", "down"), { recursive: true });
    const path = join(mirror, "deep", "down", "other name.txt");
    await Deno.writeFile(path, TEXT);
    await Deno.writeFile(join(mirror, "a.tsv"), bytesOf("something else"));
    await Deno.symlink("nowhere", join(mirror, "broken link"));
    const metrics = await fetch(pinned("a.tsv", TEXT));
    assertEquals(metrics, {
      files: 1,
      fileBytes: TEXT.length,
      fileLicences: "CC0",
    });
    assertEquals(await brought("a.tsv"), TEXT);
    assertStringIncludes(log[1], path);
  }));

Deno.test("a file of the same name and size, and other bytes, is told and passed over", () =>
  withPlace(async (place) => {
    const other = Uint8Array.from(TEXT, (byte) => byte ^ 1);
    await Deno.writeFile(join(place.mirror, "a.tsv"), other);
    await Deno.writeFile(join(place.mirror, "z.tsv"), TEXT);
    await place.fetch(pinned("a.tsv", TEXT));
    assertEquals(await place.brought("a.tsv"), TEXT);
    assertStringIncludes(
      place.log.join("\n"),
      `a.tsv is another file: SHA-256 ${hashOf(other)}, not ${hashOf(TEXT)}`,
    );
  }));

Deno.test("a file that a mirror has as gzip comes out of it plain", () =>
  withPlace(async ({ mirror, fetch, brought }) => {
    const packed = await gzip(TEXT);
    await Deno.writeFile(join(mirror, "a.tsv.gz"), packed);
    const gzipped = { sha256: hashOf(packed), bytes: packed.length };
    await fetch(pinned("a.tsv", TEXT, { gzip: gzipped }));
    assertEquals(await brought("a.tsv"), TEXT);
  }));

Deno.test("what no mirror has is downloaded, verified, and then not asked for again", () =>
  withPlace((place) =>
    withServer({ bytes: TEXT }, async (url, requests) => {
      const missing = pinned("b.tsv", bytesOf("nowhere"));
      const file = pinned("a.tsv", TEXT, { urls: [url] });
      // The run fails with the second file; what it has of the first one stays for the next.
      await assertRejects(() => place.fetch(file, missing));
      assertEquals([...Deno.readDirSync(place.folder)], []);
      await place.fetch(file);
      assertEquals(await place.brought("a.tsv"), TEXT);
      assertEquals(requests, ["a.tsv"]);
    })
  ));

Deno.test("what a killed run left is resumed, and started anew where it is of another file", () =>
  withPlace((place) =>
    withServer({ bytes: TEXT }, async (url, requests) => {
      const file = pinned("a.tsv", TEXT, { urls: [url] });
      await Deno.mkdir(join(place.work, "mine"));
      const partial = join(place.work, "mine", "a.tsv.part");
      await Deno.writeFile(partial, TEXT.subarray(0, 777));
      await place.fetch(file);
      assertEquals(await place.brought("a.tsv"), TEXT);
      await Deno.writeFile(partial, new Uint8Array(500));
      await place.fetch(file);
      assertEquals(await place.brought("a.tsv"), TEXT);
      assertEquals(requests, ["a.tsv bytes=777-", "a.tsv bytes=500-", "a.tsv"]);
    })
  ));

Deno.test("other bytes than the pinned ones are refused with both hashes", () =>
  withPlace(async (place) => {
    const other = Uint8Array.from(TEXT, (byte) => byte ^ 1);
    await withServer({ bytes: other }, async (url) => {
      const file = pinned("a.tsv", TEXT, { urls: [url], origin: undefined });
      assertEquals(
        await faultOf(place, file),
        `Cannot download "a.tsv" (8 kB, CC0): ${
          new URL(url).host
        }: it sends 8000 bytes of SHA-256 ${hashOf(other)}, expected 8000 of ${
          hashOf(TEXT)
        }; get it from ${url}, and put it into a folder that the environment variable CKD_MIRRORS names.`,
      );
      assertEquals([...Deno.readDirSync(join(place.work, "mine"))], []);
    });
  }));

Deno.test("a second address is asked where the first sends other bytes", () =>
  withPlace(async (place) => {
    await using server = serveFiles({
      "wrong.tsv": { bytes: bytesOf("wrong") },
      "right.tsv": { bytes: TEXT },
    });
    const urls = ["none.tsv", "wrong.tsv", "right.tsv"].map(server.url);
    await place.fetch(pinned("a.tsv", TEXT, { urls }));
    assertEquals(await place.brought("a.tsv"), TEXT);
    assertEquals(server.requests, ["none.tsv", "wrong.tsv", "right.tsv"]);
  }));

Deno.test("a server that is not there is told with where to get the file by hand", () =>
  withPlace(async (place) => {
    const url = await deadUrl();
    const message = await faultOf(
      place,
      pinned("a.tsv", TEXT, { urls: [url] }),
    );
    assertStringIncludes(
      message,
      `Cannot download "a.tsv" (8 kB, CC0): ${
        new URL(url).host
      }: it cannot be reached (`,
    );
    assertStringIncludes(
      message,
      `; get it from ${url} or its author, and put it into a folder`,
    );
  }));

Deno.test("a file that is in mirrors only is told with its size, licence and origin; so is a mirror that is not there", () =>
  withPlace(async (place) => {
    assertEquals(
      await faultOf(place, pinned("a.tsv", TEXT)),
      `Cannot find "a.tsv" (8 kB, CC0): no mirror has a file of SHA-256 ${
        hashOf(TEXT)
      }, and it cannot be downloaded; get it from its author, ` +
        "and put it into a folder that the environment variable CKD_MIRRORS names.",
    );
    await Deno.remove(place.mirror);
    assertEquals(
      await faultOf(place, pinned("a.tsv", TEXT)),
      `Cannot read mirror "${place.mirror}" of CKD_MIRRORS: there is no such folder.`,
    );
    await Deno.mkdir(place.mirror);
  }));

Deno.test("a file of which only the hash is known is found by its name, or downloaded within its bound", () =>
  withPlace((place) =>
    withServer({ bytes: TEXT }, async (url) => {
      const unsized = { bytes: undefined, maximumBytes: 9000, urls: [url] };
      await place.fetch(pinned("a.tsv", TEXT, unsized));
      assertEquals(await place.brought("a.tsv"), TEXT);
      await Deno.writeFile(join(place.mirror, "a.tsv"), TEXT);
      await place.fetch(pinned("a.tsv", TEXT, { ...unsized, urls: [] }));
      await Deno.remove(join(place.folder, "mine"), { recursive: true });
      await Deno.remove(join(place.mirror, "a.tsv"));
      assertStringIncludes(
        await faultOf(
          place,
          pinned("a.tsv", TEXT, { ...unsized, maximumBytes: 99 }),
        ),
        "it sends more than the 99 B that it may have",
      );
    })
  ));
