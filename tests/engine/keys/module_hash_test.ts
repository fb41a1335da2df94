/** What of a stage's code enters its key, and what code is refused. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { local } from "../../../engine/executors/local.ts";
import { findRevision } from "../../../engine/provenance/revision.ts";
import { readLog } from "../../../engine/store/node_log.ts";
import type { Manifest } from "../../../schemas/manifest.ts";
import { inProcess, reasonOf, refusalOf } from "../fixtures/in_process.ts";
import { makeProject, type Project, WORDS } from "../fixtures/project.ts";
import { makeRepository } from "../fixtures/repository.ts";

const STAGE = `${WORDS}/stages/split.ts`;
/** From the folder of the stages of a project in a temporary folder, more often up than there are folders. */
const OUTSIDE = `${"../".repeat(20)}etc/hostname`;
const ZOD = 'import { z } from "zod";';
const IMPORTS = '"imports": {';

/** The project whose first stage imports `alias-1` and so on, with these meanings. */
function aliased(...targets: string[]): Project {
  const project = makeProject();
  const names = targets.map((_, i) => `alias-${i + 1}`);
  const imports = names.map((name, i) => `    "${name}": "${targets[i]}",\n`);
  project.edit("deno.json", IMPORTS, `${IMPORTS}\n${imports.join("")}`);
  const lines = names.map((name, i) =>
    `import * as module${i} from "${name}";\nvoid module${i};`
  );
  project.edit(STAGE, ZOD, [ZOD, ...lines].join("\n"));
  return project;
}

/** Why the stage would run again, once it has run. */
async function reasonAfter(project: Project, edit: () => void) {
  const { run, status } = inProcess(project);
  await run();
  assertEquals(reasonOf(await status(), "split"), "");
  edit();
  return reasonOf(await status(), "split");
}

Deno.test("an alias that points to another file of the same package is a reason, and so are two that are swapped", async () => {
  const [path, zod] = ["npm:deno-std@1.4.0/path/mod.js", "npm:zod@4.6.7"];
  using one = aliased(path);
  assertStringIncludes(
    await reasonAfter(
      one,
      () =>
        one.edit("deno.json", `"alias-1": "${path}"`, `"alias-1": "${ASSERT}"`),
    ),
    `import "alias-1": ${path} -> ${ASSERT}`,
  );
  using two = aliased(path, zod);
  assertStringIncludes(
    await reasonAfter(two, () => {
      two.edit("deno.json", `"alias-1": "${path}"`, `"alias-1": "${zod}"`);
      two.edit("deno.json", `"alias-2": "${zod}"`, `"alias-2": "${path}"`);
    }),
    'import "alias-1"',
  );
});

const ASSERT = "npm:deno-std@1.4.0/assert/mod.js";

Deno.test("a path that the import map gives another meaning is a reason", async () => {
  using project = makeProject();
  project.write(`${WORDS}/other.ts`, "export const clean = String;\n");
  const mapped = `"./${WORDS}/clean.ts": "./${WORDS}/other.ts"`;
  assertStringIncludes(
    await reasonAfter(
      project,
      () => project.edit("deno.json", IMPORTS, `${IMPORTS}\n    ${mapped},`),
    ),
    `code ${STAGE} <- ${WORDS}/clean.ts removed`,
  );
});

for (
  const [how, from, to] of [
    [
      "imported as text",
      ZOD,
      `${ZOD}\nimport note from "../note.ts" with { type: "text" };\nvoid note;`,
    ],
    [
      "opened by its URL",
      "const { clean }",
      'void new URL("../note.ts", import.meta.url);\n    const { clean }',
    ],
  ]
) {
  Deno.test(`of a module that is ${how}, a comment counts`, async () => {
    using project = makeProject();
    project.write(`${WORDS}/note.ts`, "// first\nexport {};\n");
    project.edit(STAGE, from, to);
    assertEquals(
      await reasonAfter(
        project,
        () => project.write(`${WORDS}/note.ts`, "// second\nexport {};\n"),
      ),
      `code ${STAGE} <- ${WORDS}/note.ts changed`,
    );
  });
}

Deno.test("a worker's script may import other modules, and all of them are code of the stage that may be read", async () => {
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
  const { run, status } = inProcess(project);
  const selection = { nodes: ["split"] };
  const [split] = await run({ selection, executor: local });
  assertEquals(split.state, "ran", split.error?.message);
  assertStringIncludes(
    readLog(project.path("artifacts"), "split") ?? "",
    "LOUD",
  );
  project.write(`${WORDS}/shout.ts`, 'export const shout = "loud";\n');
  assertEquals(
    reasonOf(await status(), "split"),
    `code ${STAGE} <- ${WORDS}/shout.ts changed`,
  );
});

Deno.test("the revision that made a node is one whose import map means the same", async () => {
  using project = aliased("npm:deno-std@1.4.0/path/mod.js");
  const repository = makeRepository(project);
  const { run } = inProcess(project);
  const codeNow = async () => {
    await run();
    const { nodes, code }: Manifest = JSON.parse(
      project.read("artifacts/manifest.json"),
    );
    return code[nodes.split.preimage.code];
  };
  const first = { code: await codeNow(), commit: repository.commit("first") };
  project.edit("deno.json", "/path/mod.js", "/assert/mod.js");
  const second = { code: await codeNow(), commit: repository.commit("second") };
  for (const { code, commit } of [first, second]) {
    assertEquals((await findRevision(project.folder, [code]))?.commit, commit);
  }
});

Deno.test("a file outside of the project is no module: by its path, by a link or by a URL, imported or opened", async () => {
  const text = (specifier: string) => (project: Project) =>
    project.edit(
      STAGE,
      ZOD,
      `${ZOD}\nimport secret from "${specifier}" with { type: "text" };\nvoid secret;`,
    );
  const ways: readonly ((project: Project) => void)[] = [
    text("/etc/hostname"),
    text(OUTSIDE),
    text("file:///etc/hostname"),
    (project) => {
      Deno.symlinkSync("/etc/hostname", project.path(`${WORDS}/inner.txt`));
      text("../inner.txt")(project);
    },
    (project) =>
      project.edit(
        STAGE,
        "    log(",
        `    void new URL("${OUTSIDE}", import.meta.url);\n    log(`,
      ),
  ];
  for (const edit of ways) {
    using project = makeProject();
    edit(project);
    const { run, status } = inProcess(project);
    for (const command of [run, status]) {
      const refusal = await refusalOf(command);
      assertStringIncludes(
        refusal,
        `Cannot use module "${STAGE}": it imports`,
      );
      assertStringIncludes(refusal, "outside of the project");
    }
  }
});

Deno.test("an import map with scopes, which is not read, is refused", async () => {
  using project = makeProject();
  project.edit("deno.json", IMPORTS, `"scopes": {},\n  ${IMPORTS}`);
  assertStringIncludes(await refusalOf(inProcess(project).run), '"scopes"');
});
