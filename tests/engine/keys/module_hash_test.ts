/** What of a stage's code enters its key, and what code is refused. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { findRevision } from "../../../engine/provenance/revision.ts";
import type { Manifest } from "../../../schemas/manifest.ts";
import { makeRepository } from "../fixtures/repository.ts";
import {
  inState,
  makeProject,
  nodesOf,
  type Project,
  WORDS,
} from "../fixtures/project.ts";

const STAGE = `${WORDS}/stages/split.ts`;

/** The project with an alias that the first stage imports. */
async function aliased(target: string, ...others: string[]): Promise<Project> {
  const project = makeProject();
  const imports = [`"alias-1": ${JSON.stringify(target)}`]
    .concat(
      others.map((other, i) => `"alias-${i + 2}": ${JSON.stringify(other)}`),
    );
  project.edit(
    "deno.json",
    '"imports": {',
    `"imports": {\n    ${imports.join(",\n    ")},`,
  );
  project.edit(
    STAGE,
    'import { z } from "zod";',
    'import { z } from "zod";\nimport * as one from "alias-1";\n' +
      (others.length > 0
        ? 'import * as two from "alias-2";\nvoid two;\n'
        : "") +
      "void one;",
  );
  await nodesOf(project);
  return project;
}

const reasonOf = async (project: Project) =>
  (await nodesOf(project, "status"))[0].reason;

Deno.test("an alias that points to another file of the same package reruns the stage that imports it", async () => {
  using project = await aliased("npm:deno-std@1.4.0/path/mod.js");
  project.edit(
    "deno.json",
    '/path/mod.js",\n    "@',
    '/assert/mod.js",\n    "@',
  );
  assertStringIncludes(
    await reasonOf(project),
    'import "alias-1": npm:deno-std@1.4.0/path/mod.js -> npm:deno-std@1.4.0/assert/mod.js',
  );
  assert(inState(await nodesOf(project), "ran").includes("split"));
});

Deno.test("two aliases that are swapped rerun the stage that imports them", async () => {
  const [path, zod] = ["npm:deno-std@1.4.0/path/mod.js", "npm:zod@4.6.7"];
  using project = await aliased(path, zod);
  project.edit("deno.json", `"alias-1": "${path}"`, `"alias-1": "${zod}"`);
  project.edit("deno.json", `"alias-2": "${zod}"`, `"alias-2": "${path}"`);
  assertStringIncludes(await reasonOf(project), 'import "alias-1"');
});

for (
  const [how, use] of [
    [
      "imported as text",
      'import note from "../note.ts" with { type: "text" };\n',
    ],
    [
      "opened by its URL",
      'const note = await Deno.readTextFile(new URL("../note.ts", import.meta.url));\n',
    ],
  ]
) {
  Deno.test(`of a module that is ${how}, a comment counts`, async () => {
    using project = makeProject();
    project.write(`${WORDS}/note.ts`, "// first\nexport {};\n");
    const isImport = use.startsWith("import");
    project.edit(
      STAGE,
      isImport ? 'import { z } from "zod";' : "    const { clean }",
      isImport
        ? `import { z } from "zod";\n${use}`
        : `    ${use}    const { clean }`,
    );
    project.edit(STAGE, "log(`", "log(note + `");
    await nodesOf(project);
    assertEquals(inState(await nodesOf(project), "ran"), []);
    project.write(`${WORDS}/note.ts`, "// second\nexport {};\n");
    assert(inState(await nodesOf(project), "ran").includes("split"));
    assertStringIncludes((await project.run("log", "split")).out, "second");
  });
}

Deno.test("a worker's script may import other modules, and the stage runs", async () => {
  using project = makeProject();
  project.write(`${WORDS}/shout.ts`, 'export const shout = "LOUD";\n');
  project.write(
    `${WORDS}/worker.ts`,
    'import { shout } from "./shout.ts";\nself.onmessage = () => self.postMessage(shout);\n',
  );
  project.edit(
    STAGE,
    "    log(",
    `    const worker = new Worker(new URL("../worker.ts", import.meta.url), { type: "module" });
    const said = await new Promise((done) => {
      worker.onmessage = ({ data }) => done(data);
      worker.postMessage("");
    });
    worker.terminate();
    log(String(said));
    log(`,
  );
  assertEquals(inState(await nodesOf(project), "failed"), []);
  assertStringIncludes((await project.run("log", "split")).out, "LOUD");
});

Deno.test("the revision that made a node is one whose import map means the same", async () => {
  using project = await aliased("npm:deno-std@1.4.0/path/mod.js");
  const repository = makeRepository(project);
  const codeNow = () => {
    const { nodes, code }: Manifest = JSON.parse(
      project.read("artifacts/manifest.json"),
    );
    return code[nodes.split.preimage.code];
  };
  const first = { code: codeNow(), commit: repository.commit("first") };
  project.edit("deno.json", "/path/mod.js", "/assert/mod.js");
  await nodesOf(project);
  const second = { code: codeNow(), commit: repository.commit("second") };
  for (const { code, commit } of [first, second]) {
    assertEquals(
      (await findRevision(project.folder, [code]))?.commit,
      commit,
    );
  }
});

Deno.test("a path that the import map gives another meaning reruns the stage that imports it", async () => {
  using project = makeProject();
  await nodesOf(project);
  project.write(
    `${WORDS}/other.ts`,
    "export const clean = (text: string, _: boolean) => text.toUpperCase();\n",
  );
  project.edit(
    "deno.json",
    '"imports": {',
    `"imports": {\n    "./${WORDS}/clean.ts": "./${WORDS}/other.ts",`,
  );
  assertStringIncludes(
    await reasonOf(project),
    `code ${STAGE} <- ${WORDS}/clean.ts removed`,
  );
  assertEquals(inState(await nodesOf(project), "failed"), []);
});

Deno.test("another version of the compiler that prints modules for their hash reruns nothing", async () => {
  using project = makeProject();
  const first = await nodesOf(project);
  const [version] = /(?<="typescript": "npm:typescript@)[^"]+/
    .exec(project.read("deno.json")) ?? [];
  assert(version !== undefined);
  const lock = JSON.parse(project.read("deno.lock"));
  // The same compiler by another version's name, which is all that can be had of one offline.
  lock.npm["typescript@99.0.0"] = lock.npm[`typescript@${version}`];
  lock.specifiers[`npm:typescript@${version}`] = "99.0.0";
  const { openProject } = await import("../../../engine/keys/project.ts");
  const { createCodeReader } = await import(
    "../../../engine/keys/module_hash.ts"
  );
  const { openIndex } = await import("../../../engine/keys/stat_index.ts");
  const { createLooks } = await import("../../../engine/keys/no_op_record.ts");
  const codeOf = async () => {
    const opened = openProject(project.folder);
    const index = openIndex(project.path("nowhere"), opened.printer);
    const reader = createCodeReader(opened, index, createLooks());
    const { hash } = await reader.stage(`file://${project.path(STAGE)}`);
    return { hash, printer: opened.printer };
  };
  const before = await codeOf();
  project.write("deno.lock", JSON.stringify(lock));
  const after = await codeOf();
  assert(before.printer !== after.printer);
  assertEquals(before.hash, after.hash);
  assert(first.length > 0);
});

for (
  const [what, specifier, put] of [
    ["by its path", "/etc/hostname", () => {}],
    [
      "by a relative path",
      "../../../../../../etc/hostname",
      () => {},
    ],
    [
      "by a link in the project",
      "../inner.txt",
      (project: Project) =>
        Deno.symlinkSync("/etc/hostname", project.path(`${WORDS}/inner.txt`)),
    ],
    ["by a URL", "file:///etc/hostname", () => {}],
  ] as const
) {
  Deno.test(`a file outside of the project is no module: ${what}`, async () => {
    using project = makeProject();
    put(project);
    project.edit(
      STAGE,
      'import { z } from "zod";',
      `import { z } from "zod";\nimport secret from ${
        JSON.stringify(specifier)
      } with { type: "text" };\nvoid secret;`,
    );
    for (const args of [[], ["status"], ["--dry-run"]]) {
      const { code, err } = await project.run(...args);
      assertEquals(code, 2);
      assertStringIncludes(err, `Cannot use module "${STAGE}": it imports`);
      assertStringIncludes(err, "outside of the project");
    }
  });
}

Deno.test("a file of the project that a stage opens by itself must be in the project too", async () => {
  using project = makeProject();
  project.edit(
    STAGE,
    "    log(",
    '    await Deno.readTextFile(new URL("../../../../../../etc/hostname", import.meta.url));\n    log(',
  );
  const { code, err } = await project.run();
  assertEquals(code, 2);
  assertStringIncludes(err, "outside of the project");
});

Deno.test("an import map with scopes, which is not read, is refused", async () => {
  using project = makeProject();
  project.edit("deno.json", '"imports": {', '"scopes": {},\n  "imports": {');
  const { code, err } = await project.run();
  assertEquals(code, 2);
  assertStringIncludes(err, '"scopes"');
});
