/** Builds the translator as static files: page, runtime, models, and a list of all with their hashes. */
import { contentType } from "@std/media-types";
import { extname, fromFileUrl } from "@std/path";
import { namesIn } from "../../engine/files/atomic.ts";
import { sha256 } from "../../engine/files/hash.ts";
import type { ExportPrecision } from "../../schemas/exported_model.ts";
import { compiled } from "./compile.ts";
import { HEADERS, POLICY } from "./headers.ts";
import { readModels } from "./models.ts";
import {
  BUILDER,
  RUNTIME,
  RUNTIME_SCRIPT,
  type Site,
  type SiteFile,
} from "./page/site.ts";

export interface Build {
  readonly site: Site;
  /** Every file, the list and the service worker too. */
  readonly files: readonly BuiltFile[];
}

export interface BuiltFile extends SiteFile {
  readonly contents: Uint8Array<ArrayBuffer>;
}

/** The list of a build, by which a folder is known as one. */
export const LIST = "site.json";
export const SERVICE_WORKER = "service_worker.js";

const PAGE = new URL("page/", import.meta.url);

/** Packages of the page, and the files of a build that they are. */
const PACKAGES: Readonly<Record<string, string>> = {
  "onnxruntime-web/wasm": "runtime/ort.wasm.js",
  "@huggingface/tokenizers": "runtime/tokenizers.js",
};

/** Builds the translator with the exported models of some folders. */
export function build(
  folders: readonly string[],
  precision: ExportPrecision,
): Build {
  const models = readModels(folders, precision);
  const contents = new Map<string, Uint8Array<ArrayBuffer>>([
    ...pageFiles(),
    ...sharedFiles(),
    ...runtimeFiles(),
    ...models.flatMap(({ files }) => [...files]),
  ]);
  const files = [...contents].map(([path, contents]) => built(path, contents));
  const site: Site = {
    builder: BUILDER,
    runtime: runtimeVersion(),
    models: models.map(({ model }) => model),
    files: files.map(listed),
  };
  const list = built(LIST, bytes(JSON.stringify(site, null, 1) + "\n"));
  const kept = { files: [...site.files, listed(list)], headers: HEADERS };
  const worker = built(
    SERVICE_WORKER,
    bytes(
      `const BUILD = ${JSON.stringify(kept)};\n${moduleText("service_worker")}`,
    ),
  );
  return { site, files: [...files, list, worker] };
}

/** Modules of the library that the page runs too, below `page/` in a build. */
const SHARED_MODULES = [
  ...["normalization/charsmap", "normalization/normalizer"],
  ...["subwords/casing", "subwords/language_tokens"],
  ...["subwords/placeholders", "subwords/reserved"],
].map((name) => `nmt/text/${name}`);

function sharedFiles(): [path: string, contents: Uint8Array<ArrayBuffer>][] {
  return SHARED_MODULES.map((name) => [
    `page/${name}.js`,
    bytes(compiledModule(`${name}.ts`, pageText(`../../../${name}.ts`))),
  ]);
}

function pageFiles(): [path: string, contents: Uint8Array<ArrayBuffer>][] {
  const modules = ["", "model/", "view/"].flatMap((folder) =>
    namesIn(fromFileUrl(new URL(folder, PAGE)))
      .filter((name) => name.endsWith(".ts"))
      .map((name) => `${folder}${name.slice(0, -".ts".length)}`)
  ).filter((name) => `${name}.js` !== SERVICE_WORKER).sort();
  return [
    ["index.html", bytes(pageText("index.html").replace("%POLICY%", POLICY))],
    ["page.css", bytes(pageText("../../theme.css") + pageText("page.css"))],
    ...["icon.svg", "manifest.webmanifest"].map(
      (
        name,
      ): [string, Uint8Array<ArrayBuffer>] => [name, bytes(pageText(name))],
    ),
    ...modules.map((name) => ({ name, text: moduleText(name) }))
      // Types alone leave nothing.
      .filter(({ text }) => text !== "export {};\n")
      .map(({ name, text }): [string, Uint8Array<ArrayBuffer>] => [
        `page/${name}.js`,
        bytes(text),
      ]),
  ];
}

function runtimeFiles(): [path: string, contents: Uint8Array<ArrayBuffer>][] {
  const runtime = import.meta.resolve("onnxruntime-web/wasm");
  const tokenizers = import.meta.resolve("@huggingface/tokenizers");
  const read = (name: string, beside: string) =>
    Deno.readFileSync(new URL(name, beside));
  // Not every host knows that .mjs is JavaScript.
  return [
    ["runtime/ort.wasm.js", read("ort.wasm.min.mjs", runtime)],
    [RUNTIME_SCRIPT, read("ort-wasm-simd-threaded.mjs", runtime)],
    [RUNTIME, read("ort-wasm-simd-threaded.wasm", runtime)],
    [
      "runtime/ort.LICENSE.txt",
      bytes(pageText("../licences/onnxruntime-web.txt")),
    ],
    ["runtime/tokenizers.js", read("tokenizers.min.mjs", tokenizers)],
    ["runtime/tokenizers.LICENSE.txt", read("../LICENSE", tokenizers)],
  ];
}

function runtimeVersion(): string {
  const { version }: { version: string } = JSON.parse(
    Deno.readTextFileSync(
      new URL("../package.json", import.meta.resolve("onnxruntime-web/wasm")),
    ),
  );
  return version;
}

function moduleText(name: string): string {
  const path = `${name}.ts`;
  return compiledModule(path, pageText(path));
}

/** A module of the page at a path below `page/`. */
function compiledModule(path: string, text: string): string {
  const up = "../".repeat(path.split("/").length);
  return compiled(text, path, (specifier) => {
    if (Object.hasOwn(PACKAGES, specifier)) return up + PACKAGES[specifier];
    const shared = SHARED_MODULES.find((name) =>
      specifier.endsWith(`../${name}.ts`)
    );
    if (shared !== undefined) return `${up}page/${shared}.js`;
    if (/^\.\.?\/(\w+\/)?\w+\.ts$/.test(specifier)) {
      return specifier.replace(/\.ts$/, ".js");
    }
    throw new Error(
      `Cannot build ${path}: expected imports of the page's own modules and of ${
        Object.keys(PACKAGES).join(" and ")
      }, found "${specifier}".`,
    );
  });
}

function pageText(name: string): string {
  return Deno.readTextFileSync(new URL(name, PAGE));
}

function built(path: string, contents: Uint8Array<ArrayBuffer>): BuiltFile {
  return {
    path,
    sha256: sha256(contents),
    bytes: contents.length,
    type: contentType(extname(path)) ?? "application/octet-stream",
    contents,
  };
}

function listed({ path, sha256, bytes, type }: BuiltFile): SiteFile {
  return { path, sha256, bytes, type };
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
