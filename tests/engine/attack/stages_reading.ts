/** Stages that read what they do not declare, in every possible way; `{{secret}}` is a file outside of the project. */
import type { StageAttack } from "./stages.ts";

const DENIED = ['Stage "attack" may not read'];
const OUTSIDE = ["attack.ts", "outside of the project"];

export const SECRETS: readonly StageAttack[] = [
  ...[
    ["Deno.readTextFile", 'await Deno.readTextFile("{{secret}}.txt");'],
    ["Deno.stat", 'await Deno.stat("{{secret}}.txt");'],
    ["Deno.readDir", 'for await (const _ of Deno.readDir("/etc"));'],
    ["Deno.copyFile", 'await Deno.copyFile("{{secret}}.txt", outputs.out);'],
    [
      "a path through its own folder",
      "await Deno.readTextFile(`${work}/../../../../text.txt`);",
    ],
    [
      "/proc/self/root",
      'await Deno.readTextFile("/proc/self/root{{secret}}.txt");',
    ],
    ["/dev/fd", 'await Deno.readTextFile("/dev/fd/0");'],
  ].map(([what, body]): StageAttack => ({
    name: `reads undeclared by ${what}`,
    body,
    expect: { fails: ['Stage "attack"'] },
  })),
  ...[
    [
      "node:fs",
      'import { readFileSync } from "node:fs";',
      'readFileSync("{{secret}}.txt");',
    ],
    [
      "require",
      'import { createRequire } from "node:module";',
      'createRequire(import.meta.url)("{{secret}}.json");',
    ],
    [
      "node:sqlite",
      'import { DatabaseSync } from "node:sqlite";',
      'new DatabaseSync("{{secret}}.db");',
    ],
  ].map(([what, top, body]): StageAttack => ({
    name: `reads undeclared by ${what}`,
    top,
    body,
    expect: { fails: ['Stage "attack"'] },
  })),
  ...[
    [
      "text",
      'await import(`file://${"{{secret}}"}.txt`, { with: { type: "text" } });',
    ],
    ["a module", 'await import(`file://${"{{secret}}"}.mjs`);'],
    ["WebAssembly", 'await import(`file://${"{{secret}}"}.wasm`);'],
  ].map(([what, body]): StageAttack => ({
    name: `imports ${what} from outside, by a name that is made as it runs`,
    body,
    expect: { fails: ['Stage "attack"'] },
  })),
  ...[
    ["text", 'import secret from "{{secret}}.txt" with { type: "text" };'],
    ["a module", 'import secret from "{{secret}}.mjs";'],
    [
      "a module to export it again",
      'export { default as other } from "{{secret}}.mjs"; const secret = 1;',
    ],
    [
      "text by a path that climbs",
      'import secret from "../../../../../{{secret}}.txt" with { type: "text" };',
    ],
  ].map(([what, top]): StageAttack => ({
    name: `imports ${what} from outside`,
    top,
    body:
      "await Deno.writeTextFile(outputs.out, `${secret}`); return { metrics: { n: 1 } };",
    expect: { refused: OUTSIDE },
  })),
  {
    name: "imports text from outside within a function",
    body:
      'const { default: secret } = await import("{{secret}}.txt", { with: { type: "text" } }); await honest(); await Deno.writeTextFile(outputs.out, secret);',
    expect: { refused: OUTSIDE },
  },
  {
    name: "imports text by a link in the project",
    links: { "link.txt": "{{secret}}.txt" },
    top: 'import secret from "./link.txt" with { type: "text" };',
    body: "await honest(); await Deno.writeTextFile(outputs.out, secret);",
    expect: { refused: OUTSIDE },
  },
  {
    name: "imports a module by a linked folder in the project",
    links: { linked: "{{secret}}" },
    top: 'import secret from "./linked/inner.mjs";',
    body: "await honest(); await Deno.writeTextFile(outputs.out, `${secret}`);",
    expect: { refused: OUTSIDE },
  },
  {
    name: "has a module that imports text from outside",
    files: {
      "other.ts":
        'import secret from "{{secret}}.txt" with { type: "text" };\nexport default secret;\n',
    },
    top: 'import secret from "./other.ts";',
    body: "await honest(); await Deno.writeTextFile(outputs.out, secret);",
    expect: { refused: ["other.ts", "outside of the project"] },
  },
  {
    name: "opens a link in the project by new URL()",
    links: { "link.txt": "{{secret}}.txt" },
    body: 'await Deno.readTextFile(new URL("./link.txt", import.meta.url));',
    expect: { refused: OUTSIDE },
  },
  {
    name: "opens a file outside by a new URL() that climbs",
    body:
      'await Deno.readTextFile(new URL("../../../../../etc/hosts", import.meta.url));',
    expect: { refused: OUTSIDE },
  },
  {
    name: "has a worker whose script lies outside",
    body:
      'const worker = new Worker(`file://${"{{secret}}"}.mjs`, { type: "module" }); await new Promise((done, fail) => { worker.onmessage = done; worker.onerror = (event) => { event.preventDefault(); fail(new Error(event.message)); }; });',
    expect: { fails: ['Stage "attack"'] },
  },
  {
    name: "has a worker that asks for all permissions",
    body:
      'new Worker(URL.createObjectURL(new Blob(["postMessage(1)"])), { type: "module", deno: { permissions: { read: true } } } as never);',
    expect: { fails: ['Stage "attack"'] },
  },
  {
    name: "has a worker of its own text that reads",
    body:
      'const worker = new Worker(URL.createObjectURL(new Blob([\'try { Deno.readTextFileSync("{{secret}}.txt"); postMessage("read"); } catch (error) { postMessage(error.message); }\'])), { type: "module" }); const said = await new Promise<string>((done) => worker.onmessage = ({ data }) => done(data)); throw new Error(said);',
    expect: { fails: DENIED },
  },
  {
    name:
      "imports a data: URL, made as it runs, that imports text from outside",
    body:
      'await import(`data:text/javascript,${encodeURIComponent(\'import secret from "file://{{secret}}.txt" with { type: "text" }; export default secret;\')}`);',
    expect: { fails: ['Stage "attack"'] },
  },
  {
    name: "imports a data: URL that imports text from outside",
    body:
      'await import("data:text/javascript,import%20secret%20from%20%22file://{{secret}}.txt%22%20with%20%7Btype:%22text%22%7D;export%20default%20secret;");',
    expect: { refused: ["attack.ts"] },
  },
  {
    name: "fetches a file",
    body: 'await fetch("file://{{secret}}.txt");',
    expect: { fails: ['Stage "attack"'] },
  },
  {
    name: "resolves a module's path, which reads nothing",
    body: 'import.meta.resolve("file://{{secret}}.txt");',
    expect: { runs: "honestly" },
  },
];
