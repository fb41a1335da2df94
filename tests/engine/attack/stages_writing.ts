/** Stages that write what or where they should not, with and without somebody else's help. */
import { join } from "@std/path";
import type { StageAttack } from "./stages.ts";

const STRAY = ['Stage "attack" wrote', "does not declare"];
const UNWRITTEN = ['Stage "attack" did not write its output'];
const WAIT =
  'Deno.writeTextFileSync(`${work}/ready`, "{{number}}"); for (;;) { try { Deno.statSync(`${work}/go`); break; } catch { await new Promise((done) => setTimeout(done, 10)); } }';

/** What native code, or another user of the same name, may put into a node's folder. */
function helped(
  name: string,
  accomplice: (folder: string) => void,
  fails: readonly string[],
): StageAttack {
  return {
    name,
    body: `const result = await honest(); ${WAIT} return result;`,
    accomplice,
    expect: { fails },
  };
}

function system(...[program, ...args]: readonly string[]): void {
  const { success } = new Deno.Command(program, { args: [...args] })
    .outputSync();
  if (!success) throw new Error(`${program} ${args.join(" ")} failed.`);
}

function inPlace(make: (path: string) => void, name: string) {
  return (folder: string) => {
    const path = join(folder, "outputs", name);
    try {
      Deno.removeSync(path, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    make(path);
  };
}

const link = (target: string) => (path: string) =>
  Deno.symlinkSync(target, path);
const fifo = (path: string) => system("mkfifo", path);
const device = (path: string) => system("mknod", path, "c", "1", "5");

const IRREGULAR = [
  ["a link to a file", link("/etc/hosts")],
  ["a link to itself", link("circle")],
  ["a FIFO", fifo],
  ["a device that never ends", device],
] as const;

export const FILES: readonly StageAttack[] = [
  ...IRREGULAR.map(([what, make]) =>
    helped(`leaves ${what} in place of a file`, inPlace(make, "out.txt"), [
      'Stage "attack"',
      "out",
    ])
  ),
  ...IRREGULAR.map(([what, make]) =>
    helped(`leaves ${what} in place of a folder`, inPlace(make, "folder"), [
      'Stage "attack"',
      "folder",
    ])
  ),
  ...IRREGULAR.map(([what, make]) =>
    helped(
      `leaves ${what} in a folder`,
      inPlace(make, "folder/inner"),
      ['Stage "attack"', "inner"],
    )
  ),
  ...IRREGULAR.map(([what, make]) =>
    helped(`leaves ${what} beside its outputs`, inPlace(make, "beside"), [
      'Stage "attack"',
      "beside",
    ])
  ),
  {
    name: "makes a socket in place of a file",
    body:
      'await honest(); await Deno.remove(outputs.out); Deno.listen({ transport: "unix", path: outputs.out });',
    expect: { fails: ['Stage "attack"'] },
  },
  {
    name: "makes a hard link to a file that it may not read",
    body: 'await Deno.link("{{secret}}.txt", outputs.out);',
    expect: { fails: ['Stage "attack"'] },
  },
  {
    name: "makes a folder in place of a file",
    body: "await Deno.mkdir(outputs.out); return { metrics: { n: 1 } };",
    expect: { fails: UNWRITTEN },
  },
  {
    name: "makes a file in place of a folder",
    body:
      'await honest(); await Deno.remove(outputs.folder, { recursive: true }); await Deno.writeTextFile(outputs.folder, ""); return { metrics: { n: 1 } };',
    expect: { fails: UNWRITTEN },
  },
  {
    name: "writes nothing",
    body: "return { metrics: { n: 1 } };",
    expect: { fails: UNWRITTEN },
  },
  {
    name: "writes a stray file",
    body: 'await Deno.writeTextFile(outputs.out + ".more", "");',
    expect: { fails: STRAY },
  },
  {
    name: "writes a stray file whose name steers the terminal",
    body: 'await Deno.writeTextFile(outputs.out + "\\u001b[2J", "");',
    expect: { fails: ['Stage "attack" wrote'] },
  },
  ...[
    ["a line break", "one\\ntwo"],
    ["a backslash", "..\\\\..\\\\up"],
    ["a mark of direction", "\\u202etxt.exe"],
  ].map(([what, name]): StageAttack => ({
    name: `writes into a folder a file whose name has ${what}`,
    body: `await Deno.writeTextFile(\`\${outputs.folder}/${name}\`, "");`,
    expect: { fails: ['Stage "attack"'] },
  })),
  {
    name: "leaves empty folders in a folder, which no listing knows",
    body: "await Deno.mkdir(`${outputs.folder}/a/b/c`, { recursive: true });",
    expect: { runs: "honestly" },
  },
  {
    name: "writes its outputs and takes away its right to read them",
    body:
      "await honest(); await Deno.chmod(outputs.out, 0); return { metrics: { n: 1 } };",
    expect: { runs: "honestly" },
  },
  {
    name: "leaves a thousand files in its folder `work`",
    body:
      'for (let i = 0; i < 1000; i++) await Deno.writeTextFile(`${work}/${i}`, "");',
    expect: { runs: "honestly" },
  },
  {
    name: "removes its folder `work`",
    body: "await Deno.remove(work, { recursive: true });",
    expect: { runs: "honestly" },
  },
  {
    name: "removes its own lock",
    body: "await Deno.remove(`${work}/../lock`);",
    expect: { runs: "honestly" },
  },
  {
    name: "moves its outputs away",
    body:
      "await honest(); await Deno.rename(outputs.out, `${work}/out`); return { metrics: { n: 1 } };",
    expect: { fails: UNWRITTEN },
  },
  ...[
    ["a file of the system", '"/tmp/attacked"'],
    ["the manifest", "`${work}/../../../manifest.json`"],
    ["the folder of another node", "`${work}/../../other`"],
    ["the engine", 'new URL("./engine/files/hash.ts", import.meta.url)'],
    ["its data file", 'files["{{folder}}/text.txt"]'],
    ["what its data file was copied from", '"{{folder}}/text.txt"'],
  ].map(([what, path]): StageAttack => ({
    name: `writes to ${what}`,
    fields: 'files: () => ["{{folder}}/text.txt"],',
    body: `await Deno.writeTextFile(${path}, "attacked");`,
    expect: { fails: ['Stage "attack" may not write'] },
  })),
  {
    name: "removes all that it may reach",
    body: 'await Deno.remove("{{folder}}/artifacts", { recursive: true });',
    expect: { fails: ['Stage "attack" may not write'] },
  },
];
