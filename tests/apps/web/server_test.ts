/** The translator as files: what is built of exported models, how it is served, and where it is written. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path";
import { parse } from "acorn";
import { filesOf, sha256 } from "../../../engine/files/hash.ts";
import { type Build, build, type BuiltFile } from "../../../apps/web/build.ts";
import { startServer } from "../../../apps/web/server.ts";
import { startTask } from "../serve/served.ts";
import { ROOT, task } from "../../fixtures/command.ts";
import { temporary } from "../../fixtures/made_run.ts";
import { makeExport } from "./fixtures/made_export.ts";

/** Every answer keeps the page from other origins, and other origins from it. */
const ISOLATION = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
  "x-content-type-options": "nosniff",
};

/** A build of a student and a teacher. */
function made(folder: string): Build {
  return build([
    makeExport(join(folder, "teacher"), { system: "teacher", bleu: 40 }),
    makeExport(join(folder, "rkd"), { graph: "another" }),
  ], "int8");
}

function file({ files }: Build, path: string): BuiltFile {
  const found = files.find((file) => file.path === path);
  assert(found !== undefined, path);
  return found;
}

const text = ({ contents }: BuiltFile) => new TextDecoder().decode(contents);

Deno.test("a build has its students as they are given and then the teacher, each model with its files, licence and size, and subwords once", () => {
  using folder = temporary();
  const folders = [
    makeExport(join(folder.path, "1"), { system: "teacher", bleu: 40 }),
    makeExport(join(folder.path, "2"), { system: "a b/c", bleu: 20 }),
    makeExport(join(folder.path, "3"), { source: "en", target: "pt" }),
    makeExport(join(folder.path, "4"), {
      bleu: 30,
      licence: "research use (WMT 2014)",
    }),
    makeExport(join(folder.path, "5"), { bleu: 25, graph: "another" }),
    makeExport(join(folder.path, "6"), { system: "..", bleu: 10 }),
  ];
  const built = build([...folders, folders[0]], "int8");
  const { models } = built.site;
  assertEquals(models.map(({ id, bleu, use }) => [id, bleu, use]), [
    ["pt-en/a_b_c", 20, "any"],
    ["pt-en/rkd", 30, "research"],
    ["pt-en/rkd-2", 25, "any"],
    ["pt-en/_", 10, "any"],
    ["pt-en/teacher", 40, "any"],
    ["en-pt/rkd", 30, "any"],
  ]);
  assertEquals(models[0].system, "a b/c");
  assertEquals(new Set(models.map(({ tokenizer }) => tokenizer)).size, 1);
  assertEquals(text(file(built, models[2].graph)), "another int8");
  assertStringIncludes(text(file(built, models[4].card)), "# teacher");
  const [student] = build([folders[3]], "fp32").site.models;
  assertEquals([student.bleu, student.precision], [31, "fp32"]);
});

Deno.test("every file of a build is listed with its hash, for the page and for the service worker", () => {
  using folder = temporary();
  const built = made(folder.path);
  for (const { contents, sha256: told, bytes } of built.files) {
    assertEquals([sha256(contents), contents.length], [told, bytes]);
  }
  const paths = built.files.map(({ path }) => path);
  assertEquals(new Set(paths).size, paths.length);
  assertEquals(JSON.parse(text(file(built, "site.json"))), built.site);
  assertEquals(
    built.site.files.map(({ path }) => path).sort(),
    paths.filter((path) => !/^(site\.json|service_worker\.js)$/.test(path))
      .sort(),
  );
  const [, list] = /^const BUILD = (.*);\n/.exec(
    text(file(built, "service_worker.js")),
  ) ?? [];
  const { files, headers } = JSON.parse(list);
  assertEquals(
    files.map(({ path, sha256 }: BuiltFile) => `${path} ${sha256}`).sort(),
    built.files.filter(({ path }) => path !== "service_worker.js")
      .map(({ path, sha256 }) => `${path} ${sha256}`).sort(),
  );
  for (const [name, value] of Object.entries(ISOLATION)) {
    assertEquals(headers[name], value);
  }
});

Deno.test("scripts of a build are JavaScript that imports files of the build only, and the page names none but these", () => {
  using folder = temporary();
  const built = made(folder.path);
  const there = new Set(built.files.map(({ path }) => path));
  let imports = 0;
  for (const script of built.files) {
    if (!script.path.endsWith(".js")) continue;
    const isWorker = script.path === "service_worker.js";
    const { body } = parse(text(script), {
      ecmaVersion: "latest",
      // A service worker is a plain script: not every browser takes modules there.
      sourceType: isWorker ? "script" : "module",
    });
    if (!script.path.startsWith("page/")) continue;
    for (const statement of body) {
      if (!("source" in statement) || statement.source == null) continue;
      const { value } = statement.source;
      const { pathname } = new URL(String(value), `file:///${script.path}`);
      assert(there.has(pathname.slice(1)), `${script.path} -> ${value}`);
      imports++;
    }
  }
  assert(imports > 10, `${imports}`);
  const page = text(file(built, "index.html"));
  const named = [...page.matchAll(/ (?:src|href)="(?!data:|#)([^"]+)"/g)];
  assertEquals(named.map(([, path]) => path), [
    ...["icon.svg", "manifest.webmanifest", "page.css"],
    ...["page/view/theme.js", "page/main.js"],
    ...["runtime/ort.LICENSE.txt", "runtime/tokenizers.LICENSE.txt"],
  ]);
  for (const name of ["ort", "tokenizers"]) {
    assertMatch(
      text(file(built, `runtime/${name}.LICENSE.txt`)),
      /Permission is hereby granted|Apache License/,
    );
  }
  for (const [, path] of named) assert(there.has(path), path);
  assertMatch(page, /Content-Security-Policy" content="default-src 'none';/);
});

Deno.test("a server of a build", async (t) => {
  using folder = temporary();
  const built = made(folder.path);
  const server = startServer(built.files, { host: "127.0.0.1", port: 0 });
  const get = (path: string, init?: RequestInit) =>
    fetch(server.address + path, init);

  await t.step(
    "gives every file as it is, with its type and its headers",
    async () => {
      for (const { path, type, contents } of built.files) {
        const response = await get(`/${path}`);
        assertEquals(response.status, 200, path);
        assertEquals(response.headers.get("content-type"), type);
        for (const [name, value] of Object.entries(ISOLATION)) {
          assertEquals(response.headers.get(name), value, path);
        }
        assertMatch(
          response.headers.get("content-security-policy") ?? "",
          /^default-src 'none'; .*script-src 'self' 'wasm-unsafe-eval'/,
        );
        assertEquals(new Uint8Array(await response.arrayBuffer()), contents);
      }
      const types = ["", "page.css", "page/main.js", "site.json"].map(
        async (path) => {
          const response = await get(`/${path}`);
          await response.body?.cancel();
          return response.headers.get("content-type")?.toLowerCase();
        },
      );
      assertEquals(await Promise.all(types), [
        "text/html; charset=utf-8",
        "text/css; charset=utf-8",
        "text/javascript; charset=utf-8",
        "application/json; charset=utf-8",
      ]);
      const { type } = file(built, "runtime/ort-wasm-simd-threaded.wasm");
      assertEquals(type, "application/wasm");
    },
  );

  await t.step("answers HEAD with the headers alone", async () => {
    const headers = { "accept-encoding": "identity" };
    const whole = await get("/page.css", { headers });
    const head = await get("/page.css", { headers, method: "HEAD" });
    assertEquals(await head.text(), "");
    const { length } = await whole.text();
    assertEquals(head.headers.get("content-length"), `${length}`);
    for (const name of ["etag", "content-type", "cache-control"]) {
      assertEquals(head.headers.get(name), whole.headers.get(name));
    }
  });

  await t.step("sends nothing again that the browser has", async () => {
    const plain = { "accept-encoding": "identity" };
    const first = await get("/page.css", { headers: plain });
    await first.body?.cancel();
    const etag = first.headers.get("etag") ?? "";
    assertEquals(etag, `"${file(built, "page.css").sha256}"`);
    for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const again = await get("/page.css", {
        headers: { ...plain, "if-none-match": tag },
      });
      assertEquals([again.status, await again.text()], [304, ""], tag);
      assertEquals(again.headers.get("content-length"), null);
    }
    const other = await get("/page.css", {
      headers: { ...plain, "if-none-match": '"other"' },
    });
    assertEquals(other.status, 200);
    await other.body?.cancel();
  });

  await t.step("has nothing but the build, however it is asked", async () => {
    const { hostname, port } = new URL(server.address);
    for (
      const path of [
        ...["/absent.js", "/page", "/page/", "/index.html/", "/deno.json"],
        ...["/../deno.json", "/page/../../deno.json", "/..%2fdeno.json"],
        ...["/%2e%2e/deno.json", "/..\\deno.json", "//etc/passwd", "/%ff"],
        ...[`/${ROOT}deno.json`, "/%00", "/page.css%00", "/constructor"],
      ]
    ) {
      const connection = await Deno.connect({ hostname, port: Number(port) });
      await connection.write(new TextEncoder().encode(
        `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
      ));
      const answer = await new Response(connection.readable).text();
      assertMatch(answer, /^HTTP\/1\.1 404 /, path);
      assert(!answer.includes('"tasks"'), path);
    }
  });

  await t.step("takes no other method", async () => {
    const response = await get("/", { method: "POST", body: "a" });
    assertEquals(response.status, 405);
    assertEquals(response.headers.get("allow"), "GET, HEAD");
    assertMatch(await response.text(), /^Cannot [^\n]+\.\n$/);
  });

  await server.stop();
});

/** Runs `deno task web` to its end. */
const web = (...args: string[]) => task("web", ...args);

Deno.test("--out writes what would be served, over an earlier build and over nothing else", async () => {
  using folder = temporary();
  const path = (name: string) => join(folder.path, name);
  const models = ["rkd", "teacher"].map((system) =>
    makeExport(path(system), { system, graph: system })
  );
  const out = path("site");
  const all = ["--out", out, ...models.flatMap((model) => ["--model", model])];
  const first = await web(...all, "--json");
  assertEquals([first.code, first.err], [0, ""]);
  const told = JSON.parse(first.out);
  assertEquals(told.folder, out);
  assertEquals(
    told.models.map(({ system, bytes }: { system: string; bytes: number }) => [
      system,
      bytes,
    ]),
    [["rkd", 8], ["teacher", 12]],
  );
  const built = build(models, "int8");
  assertEquals(told.files, built.files.length);
  assertEquals(
    told.bytes,
    built.files.reduce((sum, { bytes }) => sum + bytes, 0),
  );
  for (const { path: name, contents } of built.files) {
    assertEquals(Deno.readFileSync(join(out, name)), contents, name);
  }

  // A model that is gone from the build is gone from the folder; what a kill left of the list is no file of others.
  Deno.writeTextFileSync(join(out, "site.json.tmp"), "{");
  const second = await web("--out", out, "--model", models[0]);
  assertEquals([second.code, second.err], [0, ""]);
  assertMatch(second.out, /^Wrote the translator \(pt to en; rkd; int8; .*\n$/);
  assertEquals(
    filesOf(out),
    build([models[0]], "int8").files.map(({ path }) => path).sort(),
  );

  const before = filesOf(out);
  Deno.writeTextFileSync(join(out, "mine.txt"), "mine");
  const refused = await web(...all);
  assertEquals([refused.code, refused.out], [2, ""]);
  assertMatch(
    refused.err,
    /^Cannot write to [^\n]+ such as "mine.txt"; [^\n]+\.\n$/,
  );
  assertEquals(filesOf(out), [...before, "mine.txt"].sort());
});

Deno.test("--out refuses a folder of others' files, a file, and links, and writes nothing there", async () => {
  using folder = temporary();
  const path = (name: string) => join(folder.path, name);
  const model = makeExport(path("rkd"));
  Deno.mkdirSync(path("others"));
  Deno.writeTextFileSync(path("others/site.json"), '{"files": []}');
  Deno.writeTextFileSync(path("file"), "");
  Deno.mkdirSync(path("links"));
  Deno.symlinkSync(path("file"), path("links/index.html"));
  for (
    const [name, part] of [
      ["others", '"site.json"'],
      ["file", "it is a file"],
      ["file/inside", "file"],
      ["links", "links"],
    ]
  ) {
    const { code, out, err } = await web("--out", path(name), "--model", model);
    assertEquals([code, out], [2, ""], name);
    assertMatch(err, /^Cannot write to [^\n]+\.\n$/);
    assertStringIncludes(err, part);
  }
  assertEquals(filesOf(path("others")), ["site.json"]);
  assertEquals([...Deno.readDirSync(path("links"))].length, 1);
});

Deno.test("what cannot be built or served is one sentence that says what to do", async () => {
  using folder = temporary();
  const path = (name: string) => join(folder.path, name);
  const model = makeExport(path("rkd"));
  const broken = makeExport(path("broken"));
  Deno.removeSync(join(broken, "int8/translate.onnx"));
  const nameless = join(makeExport(path("nameless")), "config.json");
  const config = Deno.readTextFileSync(nameless);
  Deno.writeTextFileSync(nameless, config.replace('"rkd"', '""'));
  await using server = await startTask("web", ["--model", model]);
  const { port } = new URL(server.url);
  for (
    const [args, code, part] of [
      [
        ["--artifacts", path("none")],
        2,
        `run "deno task pipeline run --artifacts ${path("none")}"`,
      ],
      [["--model", broken], 2, "int8/translate.onnx"],
      [["--model", path("nameless")], 2, '"system": expected a name'],
      [["--model", path("absent"), "--artifacts", path("none")], 2, "absent"],
      [["--model", model, "--precision", "int4"], 2, "int4"],
      [["--model", model, "--port", port], 1, "another --port"],
      [["--model", model, "--host", "192.0.2.1"], 2, "--host"],
      [["--model", model, "--port", "70000"], 2, "65535"],
    ] as const
  ) {
    const refused = await web(...args);
    assertEquals([refused.code, refused.out], [code, ""], args.join(" "));
    assertMatch(refused.err, /^Cannot [^\n]+\.\n$/);
    assertStringIncludes(refused.err, part);
  }
});

Deno.test("told to stop, the server of `deno task web` ends with 0", async () => {
  using folder = temporary();
  const model = makeExport(join(folder.path, "rkd"));
  await using server = await startTask("web", ["--model", model]);
  const response = await fetch(server.url);
  assertStringIncludes(await response.text(), "<title>Translator</title>");
  server.signal("SIGTERM");
  const { code, out, err } = await server.ended();
  assertEquals([code, err], [0, ""]);
  assertMatch(
    out,
    /^Serving the translator \(pt to en; rkd; int8; .* at http:\S+\n$/,
  );
});
