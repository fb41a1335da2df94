/** Tests of downloading over HTTP, from a server that cuts, refuses, lies and forgets. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { download, type Failure } from "../../../../nmt/text/fetch/download.ts";
import { withFolder } from "../../fixtures/folder.ts";
import { deadUrl, type Served, serveFiles } from "../fixtures/file_server.ts";

const BYTES = crypto.getRandomValues(new Uint8Array(50_000));
const text = (words: string) => new TextEncoder().encode(words);

interface Outcome {
  readonly failure: Failure | undefined;
  readonly requests: readonly string[];
  /** What lies at the path at the end. */
  readonly left: Uint8Array | undefined;
  readonly log: readonly string[];
  readonly progress: readonly number[];
}

/** Downloads a file that is served so to a path where `there` lies already. */
const downloadOf = (
  served: Served,
  { there, limit = BYTES.length }: { there?: Uint8Array; limit?: number } = {},
): Promise<Outcome> =>
  withFolder(async (folder) => {
    await using server = serveFiles({ "a.gz": served });
    const path = `${folder}/a.gz`;
    if (there !== undefined) await Deno.writeFile(path, there);
    const log: string[] = [], progress: number[] = [];
    const failure = await download(server.url("a.gz"), path, {
      limit,
      progress: (bytes) => progress.push(bytes),
      log: (line) => log.push(line),
      retryDelay: 1,
    });
    const left = await Deno.readFile(path).catch(() => undefined);
    return { failure, requests: server.requests, left, log, progress };
  });

Deno.test("a file is downloaded whole, with its progress", async () => {
  const { failure, requests, left, progress } = await downloadOf({
    bytes: BYTES,
  });
  assertEquals(failure, undefined);
  assertEquals(left, BYTES);
  assertEquals(requests, ["a.gz"]);
  assertEquals(progress.at(-1), BYTES.length);
});

Deno.test("a connection that is cut is resumed where it was cut, again and again", async () => {
  const { failure, requests, left, log } = await downloadOf({
    bytes: BYTES,
    cut: { after: 8000, times: 6 },
  });
  assertEquals(failure, undefined);
  assertEquals(left, BYTES);
  assertEquals(requests, [
    "a.gz",
    ...[1, 2, 3, 4, 5, 6].map((i) => `a.gz bytes=${8000 * i}-`),
  ]);
  assertEquals(log.length, 6);
});

Deno.test("a server without ranges starts from the beginning, and the file is whole all the same", async () => {
  const { left, requests } = await downloadOf({
    bytes: BYTES,
    withoutRanges: true,
    cut: { after: 8000, times: 1 },
  });
  assertEquals(left, BYTES);
  assertEquals(requests, ["a.gz", "a.gz bytes=8000-"]);
});

Deno.test("where nothing is left to resume, the file is fetched anew", async () => {
  const { failure, left, requests } = await downloadOf({ bytes: BYTES }, {
    there: new Uint8Array(BYTES.length),
  });
  assertEquals(failure, undefined);
  assertEquals(left, BYTES);
  assertEquals(requests, [`a.gz bytes=${BYTES.length}-`, "a.gz"]);
});

Deno.test("a server that is overloaded is asked again; one that refuses is not", async () => {
  const busy = await downloadOf({
    bytes: BYTES,
    refused: { status: 503, times: 2 },
  });
  assertEquals(busy.failure, undefined);
  assertEquals(busy.requests.length, 3);
  const refused = await downloadOf({
    bytes: BYTES,
    refused: { status: 403, times: 9 },
  });
  assertEquals(refused.failure, { reason: "it answers with status 403" });
  assertEquals(refused.requests.length, 1);
  const down = await downloadOf({
    bytes: BYTES,
    refused: { status: 500, times: 9 },
  });
  assertEquals(down.failure, { reason: "it answers with status 500" });
  assertEquals(down.requests.length, 4);
});

Deno.test("a web page in place of data is told as such, whatever type it claims to be", async () => {
  for (const type of ["text/html", "application/x-gzip"]) {
    const { failure } = await downloadOf({
      bytes: text(
        "\n<!DOCTYPE html>\n<html><body>Please sign in</body></html>",
      ),
      type,
    });
    assertEquals(failure, {
      reason: "it sends a web page in place of data",
    });
  }
});

Deno.test("more bytes than the file may have are not taken", async () => {
  const { failure, left } = await downloadOf({ bytes: BYTES }, { limit: 1000 });
  assertEquals(failure, {
    reason: "it sends more than the 1 kB that it may have",
  });
  assertEquals(left?.length, 0);
});

Deno.test("a server that is not there is told in a few words", () =>
  withFolder(async (folder) => {
    const failure = await download(await deadUrl(), `${folder}/a`, {
      limit: 10,
      progress: () => {},
      log: () => {},
      retryDelay: 1,
    });
    assertStringIncludes(failure?.reason ?? "", "it cannot be reached (");
    assertStringIncludes(failure?.reason ?? "", "refused");
  }));
