/** What the server of a build sends to clients that accept content codings, and to those that do not. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { Buffer } from "node:buffer";
import { get, type IncomingHttpHeaders } from "node:http";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { build, type BuiltFile } from "../../../apps/web/build.ts";
import { RUNTIME } from "../../../apps/web/page/site.ts";
import { createEncoder } from "../../../apps/web/encodings.ts";
import { startServer } from "../../../apps/web/server.ts";
import { exportedGraphs } from "../../../nmt/export/graphs.ts";
import {
  initialWeights,
  parameterShapes,
} from "../../../nmt/transformer/parameters.ts";
import { Model } from "../../../schemas/experiment/model.ts";
import { temporary } from "../../fixtures/made_run.ts";
import { makeExport } from "./fixtures/made_export.ts";

interface Sent {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  /** As they were sent: `fetch` would decode them. */
  readonly bytes: Buffer;
}

function sent(
  url: string,
  headers: Record<string, string>,
  method = "GET",
): Promise<Sent> {
  return new Promise((resolve, reject) => {
    get(url, { headers, method, agent: false }, async (response) => {
      const parts: Buffer[] = [];
      for await (const part of response) parts.push(part);
      const { statusCode: status, headers } = response;
      resolve({ status, headers, bytes: Buffer.concat(parts) });
    }).on("error", reject);
  });
}

/** Of an output at once: Deno's zlib is slow with many small parts. */
const whole = { chunkSize: 1 << 24 };

const DECODE: Readonly<Record<string, (bytes: Buffer) => Uint8Array>> = {
  br: (bytes) => brotliDecompressSync(bytes, whole),
  gzip: (bytes) => gunzipSync(bytes, whole),
};

Deno.test("a server of a build compresses for who accepts it", async (t) => {
  using folder = temporary();
  const { files } = build([makeExport(join(folder.path, "rkd"))], "int8");
  const server = startServer(files, { host: "127.0.0.1", port: 0 });
  const ask = (
    { path }: Pick<BuiltFile, "path">,
    accepted?: string,
    more: Record<string, string> = {},
    method?: string,
  ) => {
    const coding: Record<string, string> = accepted === undefined
      ? {}
      : { "accept-encoding": accepted };
    return sent(`${server.address}/${path}`, { ...coding, ...more }, method);
  };
  const main = { path: "page/main.js" };

  await t.step("every file decodes to its bytes, in each coding", async () => {
    for (const file of files) {
      for (const [coding, decode] of Object.entries(DECODE)) {
        const { headers, bytes } = await ask(file, coding);
        assertEquals(headers.vary, "accept-encoding");
        assertEquals(headers["content-length"], `${bytes.length}`);
        const isCompressed = headers["content-encoding"] === coding;
        const decoded = isCompressed ? decode(bytes) : bytes;
        assert(Buffer.compare(decoded, file.contents) === 0, file.path);
        // Eight bytes of a model are no fewer when they are compressed.
        assertEquals(isCompressed, file.bytes > 200, `${file.path} ${coding}`);
        assert(!isCompressed || bytes.length < file.bytes);
      }
    }
  });

  await t.step(
    "the page itself, without models and libraries, is less than 32 kB by Brotli",
    async () => {
      const own = files.filter(({ path }) =>
        !/^(runtime|models|tokenizers)\//.test(path)
      );
      const sizes = await Promise.all(
        own.map(async (file) => (await ask(file, "br")).bytes.length),
      );
      const sum = sizes.reduce((sum, size) => sum + size, 0);
      assert(sum < 32_000, `${sum} bytes in ${own.length} files`);
    },
  );

  await t.step("what a client accepts is what it gets", async () => {
    for (
      const [accepted, coding] of [
        [undefined, undefined],
        ["", undefined],
        ["identity", undefined],
        ["deflate, zstd", undefined],
        ["gzip;q=0, br;q=0", undefined],
        ["*;q=0", undefined],
        ["gzip, deflate", "gzip"],
        ["gzip, deflate, br, zstd", "br"],
        ["br;q=0, *", "gzip"],
        ["GZIP ; q=0.5", "gzip"],
        ["gzip, br;q=0.1", "br"],
        ["*", "br"],
      ]
    ) {
      const { headers } = await ask(main, accepted);
      assertEquals(headers["content-encoding"], coding, accepted);
      assertEquals(headers.vary, "accept-encoding");
    }
  });

  await t.step(
    "each coding has its own tag, and is not sent again",
    async () => {
      const tags = new Set<string>();
      for (const coding of ["identity", "gzip", "br"]) {
        const first = await ask(main, coding);
        const tag = first.headers.etag ?? "";
        tags.add(tag);
        const again = await ask(main, coding, { "if-none-match": tag });
        assertEquals([again.status, again.bytes.length], [304, 0]);
        assertEquals(again.headers.etag, tag);
        assertEquals(again.headers.vary, "accept-encoding");
        for (const name of ["content-encoding", "content-type"]) {
          assertEquals(again.headers[name], undefined);
        }
        const head = await ask(main, coding, {}, "HEAD");
        assertEquals(head.bytes.length, 0);
        for (const name of ["etag", "content-length", "content-encoding"]) {
          assertEquals(head.headers[name], first.headers[name]);
        }
      }
      assertEquals(tags.size, 3);
      const { status } = await ask(main, "gzip", {
        "if-none-match": [...tags][0],
      });
      assertEquals(status, 200);
    },
  );

  await t.step("ONNX Runtime is below 2.9 MB", async () => {
    const { bytes } = await ask({ path: RUNTIME }, "br");
    assert(bytes.length < 2.9e6, `${bytes.length}`);
  });

  await server.stop();
});

Deno.test("a file whose compression failed is compressed when it is asked for again", async () => {
  const contents = new Uint8Array(1000);
  const file = {
    ...{ path: "zeros", type: "text/plain", sha256: "0".repeat(64) },
    ...{ bytes: contents.length, contents },
  };
  const encoded = createEncoder();
  const unreadable = { ...file, contents: new Uint8Array(1000) };
  structuredClone(unreadable.contents, {
    transfer: [unreadable.contents.buffer],
  });
  await assertRejects(() => encoded(unreadable, "br"));
  assertEquals((await encoded(file, "br")).coding, "br");
});

Deno.test("a first visit of the page of quick is below 4.5 MB until it translates, below 7.8 MB in all, as sent", async () => {
  using folder = temporary();
  const folders = Object.entries({ student: 2, teacher: 6 }).map(
    ([system, layers]) => {
      const path = join(folder.path, system);
      Deno.mkdirSync(join(path, "int8"), { recursive: true });
      Deno.writeFileSync(
        join(path, "int8/translate.onnx"),
        translateOf(layers),
      );
      return makeExport(path, { system, bleu: 40 - layers });
    },
  );
  const { site, files } = build(folders, "int8");
  const encoded = createEncoder();
  const sizes = await Promise.all(
    files.map(async (file) => {
      const { contents } = await encoded(file, "gzip, deflate, br, zstd");
      return { path: file.path, bytes: contents.length };
    }),
  );
  const sum = (list: typeof sizes) =>
    list.reduce((sum, { bytes }) => sum + bytes, 0);
  const teacher = site.models.find(({ system }) => system === "teacher");
  const first = sizes.filter(({ path }) => path !== teacher?.graph);
  assert(sum(first) < 4.5e6, `${sum(first)}`);
  assert(sum(sizes) < 7.8e6, `${sum(sizes)}`);
});

/** A graph of the size that quick's models have, of random weights: they are larger compressed than trained ones. */
function translateOf(layers: number): Uint8Array<ArrayBuffer> {
  const vocabulary = 4000;
  const model = Model.parse({
    ...{ encoderLayers: layers, decoderLayers: layers },
    ...{ width: 128, feedForward: 512, heads: 4 },
  });
  const weights = initialWeights(parameterShapes(model, vocabulary), 1);
  return exportedGraphs({ model, vocabulary, weights }, "int8", 1).translate;
}
