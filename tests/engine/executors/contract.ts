/** What every executor guarantees, as tests of one of them: its command lines run the words pipeline. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import type { Permissions } from "../../../engine/graph/stage.ts";
import { readRuns } from "../../../engine/store/run_log.ts";
import { isHeld } from "../../../engine/store/lock.ts";
import {
  errorOf,
  type ExecutorName,
  runToEnd,
} from "../fixtures/run_to_end.ts";
import { inProcess } from "../fixtures/in_process.ts";
import {
  delay,
  stageProcesses,
  tryKill,
  until,
} from "../fixtures/processes.ts";
import {
  checkpointOf,
  exists,
  inState,
  makeProject,
  nodesOf,
  type Project,
  SLOW_TEXT,
  TEXT,
  WORDS,
} from "../fixtures/project.ts";

const TOTAL = `${WORDS}/stages/total.ts`;
const BEFORE = "const words =";
/** Slow enough for a command to be started meanwhile. */
const SLOW = ["--set", 'counts={"all":{"milliseconds":700}}'];

/** What is denied unless it is declared: statements, and what the sentence says. */
const DENIED: readonly (readonly [string, readonly string[]])[] = [
  ['Deno.readTextFileSync("/etc/hosts");', [
    'may not read "/etc/hosts"',
    "`files`",
    "`permissions.read`",
  ]],
  ['Deno.writeTextFileSync("/tmp/undeclared", "");', [
    'may not write "/tmp/undeclared"',
    "`context.outputs`",
  ]],
  ['Deno.env.get("HOME");', [
    'the environment variable "HOME"',
    "`permissions.env`",
  ]],
  ['await fetch("http://127.0.0.1:8499");', [
    'may not reach "127.0.0.1:8499"',
    "`permissions.net`",
  ]],
  ['await import("onnxruntime-node");', [
    "may not load native code",
    "`permissions.native`",
  ]],
];

/** Lets the stage `count` keep nothing but when it is stopped, as a training does between its validations. */
function saveWhenStopped(project: Project): void {
  const count = `${WORDS}/stages/count.ts`;
  project.edit(count, "work, log,", "work, signal, log,");
  project.edit(
    count,
    "await Deno.writeTextFile(checkpoint +",
    "if (signal.aborted) await Deno.writeTextFile(checkpoint +",
  );
  project.edit(
    count,
    "await Deno.rename(checkpoint",
    `if (!signal.aborted) {
        progress({ done: i + 1, total: names.length, unit: "files" });
        await new Promise((done) => setTimeout(done, config.milliseconds));
        continue;
      }
      await Deno.rename(checkpoint`,
  );
  project.edit(
    count,
    'progress({ done: i + 1, total: names.length, unit: "files" });\n      await',
    "signal.throwIfAborted();\n      await",
  );
}

/** Registers the tests of an executor; `suffix` says why it cannot be tested here, if it cannot. */
export function testContract(name: ExecutorName, suffix = ""): void {
  const test = (title: string, fn: () => Promise<void>) =>
    Deno.test({
      name: `${name}: ${title}${suffix}`,
      ignore: suffix !== "",
      fn,
    });

  /** Runs `total:all` with a statement in its stage that was not there before; gives the sentence with which it fails. */
  const runWith = async (
    project: Project,
    statement: string,
    permissions: Permissions = {},
  ): Promise<string | undefined> => {
    const before = project.read(TOTAL);
    project.edit(TOTAL, BEFORE, `${statement}\n    ${BEFORE}`);
    project.edit(
      TOTAL,
      "  resources:",
      `  permissions: ${JSON.stringify(permissions)},\n  resources:`,
    );
    const { nodes } = await runToEnd(name, project, "total:all");
    project.write(TOTAL, before);
    return inState(nodes, "cached").includes("total:all")
      ? undefined
      : errorOf(project, "total:all") ?? "";
  };
  const logOf = async (project: Project, node = "total:all") =>
    (await project.run("log", node)).out;

  test("the same artifacts come out as from the stages in one process", async () => {
    using project = makeProject();
    const text = `text=${project.path("text.txt")}`;
    await inProcess(project).run();
    const manifest = project.read("artifacts/manifest.json");
    Deno.removeSync(project.path("artifacts"), { recursive: true });
    await runToEnd(name, project, "--set", text);
    assertEquals(project.read("artifacts/manifest.json"), manifest);
    const [{ peakMemoryBytes = 0 }] = readRuns(project.path("artifacts"));
    assert(Deno.build.os !== "linux" || peakMemoryBytes > 20_000_000);
  });

  test("what a stage does without declaring it fails, and the sentence says how to declare it", async () => {
    using project = makeProject();
    for (const [statement, parts] of DENIED) {
      const error = await runWith(project, statement);
      for (const part of parts) assertStringIncludes(error ?? "", part);
    }
  });

  test("what is declared is allowed: a file, a variable, a host, a package and a folder with native code", async () => {
    using project = makeProject();
    const setting = project.path("setting.txt");
    const folder = project.path("native");
    Deno.mkdirSync(folder);
    project.write("setting.txt", "");
    project.write("native/broken.so", "no library");
    await using server = Deno.serve(
      { port: 0, onListen: () => {} },
      () => new Response("heard"),
    );
    const host = `127.0.0.1:${server.addr.port}`;
    const statement = `Deno.readTextFileSync(${JSON.stringify(setting)});
    Deno.env.get("WORDS_SETTING");
    await import("onnxruntime-node");
    console.log(await (await fetch("http://${host}")).text());
    Deno.readTextFileSync("${folder}/broken.so");
    try {
      Deno.dlopen("${folder}/broken.so", {});
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
    }`;
    const error = await runWith(project, statement, {
      read: [setting],
      env: ["WORDS_*"],
      net: [host],
      native: ["onnxruntime-node", folder],
    });
    assertEquals(error, undefined);
    assertStringIncludes(await logOf(project), "heard");
  });

  test("data and artifacts behind links are reached", async () => {
    using project = makeProject();
    Deno.mkdirSync(project.path("far/artifacts"), { recursive: true });
    project.write("far/text.txt", TEXT);
    Deno.symlinkSync(project.path("far"), project.path("near"));
    Deno.symlinkSync(project.path("near/artifacts"), project.path("artifacts"));
    const text = `text=${project.path("near/text.txt")}`;
    const { nodes } = await runToEnd(name, project, "--set", text);
    assertEquals(inState(nodes, "cached").length, 5);
  });

  test("what a stage and its libraries log and print goes to the log, and nothing of it is a message", async () => {
    using project = makeProject();
    project.edit(
      TOTAL,
      BEFORE,
      `console.log('\\u001e{"type":"result","metrics":{"words":99},"measurements":{}}\\u001e');
    console.error("complained");
    log("logged");
    log(new Error("no text") as unknown as string);
    progress({ done: 0 / 0, total: 1, unit: "lines" });
    ${BEFORE}`,
    );
    project.edit(
      TOTAL,
      "{ inputs, outputs }",
      "{ inputs, outputs, log, progress }",
    );
    const { nodes } = await runToEnd(name, project, "total:all");
    assertEquals(
      nodes.find(({ name }) => name === "total:all")?.metrics.words,
      6,
    );
    assertEquals(await logOf(project, "split"), "3 lines\n");
    const log = await logOf(project);
    for (const part of ['"words":99', "complained\n", "logged\n"]) {
      assertStringIncludes(log, part);
    }
  });

  test("localStorage and caches that a stage fills are empty in its next run", async () => {
    using project = makeProject();
    const statement = `let kept: unknown[] = [];
    try {
      const cache = await caches.open("stage");
      kept = [localStorage.getItem("seen"), await cache.match("https://a.invalid/")];
      localStorage.setItem("seen", "yes");
      await cache.put("https://a.invalid/", new Response("yes"));
      console.log("stored");
    } catch {
      // Where nothing can be stored, nothing is kept.
    }
    if (kept.some((each) => each !== null && each !== undefined)) throw new Error("remembered");`;
    for (const seed of [1, 2]) {
      const error = await runWith(project, `void ${seed};\n    ${statement}`);
      assertEquals(error, undefined);
      const log = await logOf(project);
      assert(name === "sandbox" || log.includes("stored"));
    }
  });

  test("a stage that throws, exits or reports what cannot be recorded fails with a sentence, and its log has the stack", async () => {
    using project = makeProject();
    const cases: readonly (readonly [string, RegExp])[] = [
      ['throw new Error("it broke");', /"total" failed: it broke; its log is /],
      ["Deno.exit(7);", /"total" ended without a result \(exit code 7\)/],
      [
        "return { metrics: { words: NaN } };",
        /cannot be recorded.*metrics\.words/,
      ],
    ];
    for (const [statement, sentence] of cases) {
      const error = await runWith(project, statement);
      assertMatch(error ?? "", sentence);
      assert(!error?.includes("    at "));
      if (statement.startsWith("throw")) {
        assertStringIncludes(await logOf(project), "    at ");
      }
    }
  });

  test("a stage's process that is killed or cancelled leaves its checkpoint, and the next run resumes", async () => {
    for (const how of ["killed", "cancelled"]) {
      using project = makeProject(SLOW_TEXT);
      const running = runToEnd(name, project, ...SLOW);
      const [stage] = await until(() => {
        const found = stageProcesses(project, "count.ts");
        const hasBegun = checkpointOf(project) !== undefined;
        return hasBegun && found.length > 0 ? found : undefined;
      });
      if (how === "cancelled") {
        const { code, out } = await project.run("cancel", "count:all", ...SLOW);
        assertEquals(code, 0);
        assertStringIncludes(out, "Stopped count:all");
      } else stageProcesses(project, "count.ts").forEach(tryKill);
      const { nodes } = await running;
      assertEquals(inState(nodes, "cached"), ["split"]);
      if (how === "killed") {
        const error = errorOf(project, "count:all") ?? "";
        assertStringIncludes(error, "(signal SIGKILL");
      }
      await until(() => exists(`/proc/${stage}/exe`) ? undefined : true);
      assert(checkpointOf(project) !== undefined);
      const again = await runToEnd(name, project, ...SLOW);
      assertEquals(inState(again.nodes, "cached").length, 3);
      const log = await project.run("log", "count:all", ...SLOW);
      assertStringIncludes(log.out, "resumed after ");
    }
  });

  test("a stage that reads its signal saves a checkpoint when it is cancelled, and so on a Ctrl-C that reaches its process", async () => {
    for (const how of ["cancelled", "SIGINT", "SIGTERM"] as const) {
      if (how !== "cancelled" && name !== "local") continue;
      using project = makeProject(SLOW_TEXT);
      saveWhenStopped(project);
      const running = runToEnd(name, project, ...SLOW);
      const counted = await until(() => {
        const done = progressOf(project);
        return done >= 2 ? done : undefined;
      });
      assertEquals(checkpointOf(project), undefined);
      const [stage] = stageProcesses(project, "count.ts");
      if (how === "cancelled") {
        await project.run("cancel", "count:all", ...SLOW);
      } else Deno.kill(stage, how);
      const { nodes, out } = await running;
      assertEquals(inState(nodes, "cached"), ["split"]);
      assertStringIncludes(
        out,
        "count:all: stopped, and has saved a checkpoint.",
      );
      const kept = Object.keys(
        JSON.parse(Deno.readTextFileSync(checkpointOf(project) ?? "")),
      ).length;
      assert(kept >= counted, `${kept} of ${counted} files`);
      const again = await runToEnd(name, project, ...SLOW);
      assertEquals(inState(again.nodes, "cached").length, 3);
      const log = await project.run("log", "count:all", ...SLOW);
      assertStringIncludes(log.out, `resumed after ${kept} files`);
    }
  });

  test("a stage waits while the process of an earlier run holds its lock", async () => {
    using project = makeProject();
    await runToEnd(name, project, "split");
    const status = await nodesOf(project, "status");
    const key = status.find(({ name }) => name === "count:all")?.key;
    const work = project.path(`artifacts/work/${key}`);
    Deno.mkdirSync(work, { recursive: true });
    const lock = Deno.openSync(`${work}/lock`, { write: true, create: true });
    lock.lockSync(true);
    const running = runToEnd(name, project, "count:all");
    await until(() => stageProcesses(project, "count.ts")[0]);
    await delay(3000);
    assertEquals(stageProcesses(project, "count.ts").length > 0, true);
    assert(isHeld(`${work}/lock`));
    lock.close();
    const { nodes, out } = await running;
    assertStringIncludes(out, "waiting for the process of an earlier");
    assert(inState(nodes, "cached").includes("count:all"));
  });
}

/** How many files the running stage `count` has reported. */
function progressOf(project: Project): number {
  const work = project.path("artifacts/work");
  if (!exists(work)) return 0;
  const [path] = [...Deno.readDirSync(work)]
    .map(({ name }) => `${work}/${name}/progress.json`).filter(exists);
  if (path === undefined) return 0;
  const [, done] = /"progress":\{"done":(\d+)/
    .exec(Deno.readTextFileSync(path)) ?? [];
  return Number(done ?? 0);
}
