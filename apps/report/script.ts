/** The scripts of the page: the libraries that it draws with, and its own modules compiled to one. */
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import ts from "typescript";

/** The scripts in the order in which they run; none ends its element early. */
export function pageScripts(): string[] {
  return [...libraries(), ownScript()].map((script) =>
    script.replaceAll("</script", "<\\/script").trim()
  );
}

/** Each sets a global: `Plot`, which needs `d3`, and `Diff`. */
function libraries(): string[] {
  const plot = import.meta.resolve("@observablehq/plot");
  const d3 = pathToFileURL(createRequire(plot).resolve("d3")).href;
  const diff = import.meta.resolve("diff");
  const read = (path: string, beside: string) =>
    Deno.readTextFileSync(new URL(path, beside));
  return ([
    [d3, "d3.min.js"],
    [plot, "plot.umd.min.js"],
    [diff, "diff.min.js"],
  ] as const).map(([at, file]) =>
    `/*!\n${read("../LICENSE", at)}*/\n${read(`../dist/${file}`, at)}`
  );
}

/** The modules of `browser/`, each a function that is called after those of the modules that it imports. */
function ownScript(): string {
  const compiled = new Map<string, string>();
  const add = (name: string) => {
    const url = new URL(`./browser/${name}`, import.meta.url);
    const source = Deno.readTextFileSync(url);
    for (const { fileName } of ts.preProcessFile(source).importedFiles) {
      const [, imported] = /^\.\/([^/]+\.ts)$/.exec(fileName) ?? [];
      if (imported !== undefined && !compiled.has(imported)) add(imported);
    }
    compiled.set(name, commonJs(source, fileURLToPath(url)));
  };
  add("main.ts");
  const modules = [...compiled].map(([name, code]) =>
    `modules["./${name}"] = {};\n((exports) => {\n${code}})(modules["./${name}"]);\n`
  );
  return `"use strict";
const modules = { "@observablehq/plot": Plot, diff: Diff };
const require = (name) => modules[name];
${modules.join("")}`;
}

function commonJs(source: string, fileName: string): string {
  return ts.transpileModule(source, {
    fileName,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.CommonJS,
      removeComments: true,
    },
  }).outputText;
}
