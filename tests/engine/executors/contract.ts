/** What every executor guarantees, as tests of one of them: real processes run the stages of the words pipeline. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import type { Executor } from "../../../engine/executors/executor.ts";
import type { Permissions } from "../../../engine/graph/stage.ts";
import type { NodeReport } from "../../../engine/run/node_record.ts";
import { readLog, readRuns } from "../../../engine/store/run_log.ts";
import { isHeld } from "../../../engine/store/lock.ts";
import { inProcess, SILENT } from "../fixtures/in_process.ts";
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
  type Project,
  SLOW_TEXT,
  TEXT,
  WORDS,
} from "../fixtures/project.ts";

const TOTAL = `${WORDS}/stages/total.ts`;
const BEFORE = "const words =";
const ONE = { selection: { nodes: ["total:all"] } };

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
export function testContract(
  name: string,
  executor: Executor,
  suffix = "",
): void {
  const test = (title: string, fn: () => Promise<void>) =>
    Deno.test({
      name: `${name}: ${title}${suffix}`,
      ignore: suffix !== "",
      fn,
    });

  /** Runs `total:all` with a statement in its stage that was not there before. */
  const runWith = async (
    project: Project,
    statement: string,
    permissions: Permissions = {},
  ): Promise<NodeReport> => {
    const before = project.read(TOTAL);
    project.edit(TOTAL, BEFORE, `${statement}\n    ${BEFORE}`);
    const { run } = inProcess(project, { total: { permissions } });
    const nodes = await run({ ...ONE, executor });
    project.write(TOTAL, before);
    return nodes[nodes.length - 1];
  };
  const logOf = (project: Project) =>
    readLog(project.path("artifacts"), "total:all") ?? "";

  test("the same artifacts come out as from the stages in one process", async () => {
    using project = makeProject();
    await inProcess(project).run();
    const manifest = project.read("artifacts/manifest.json");
    Deno.removeSync(project.path("artifacts"), { recursive: true });
    await inProcess(project).run({ executor });
    assertEquals(project.read("artifacts/manifest.json"), manifest);
    const [{ peakMemoryBytes = 0 }] = readRuns(project.path("artifacts"));
    assert(Deno.build.os !== "linux" || peakMemoryBytes > 20_000_000);
  });

  test("what a stage does without declaring it fails, and the sentence says how to declare it", async () => {
    using project = makeProject();
    for (const [statement, parts] of DENIED) {
      const { state, error } = await runWith(project, statement);
      assertEquals(state, "failed", statement);
      for (const part of parts) {
        assertStringIncludes(error?.message ?? "", part);
      }
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
    const { state, error } = await runWith(project, statement, {
      read: [setting],
      env: ["WORDS_*"],
      net: [host],
      native: ["onnxruntime-node", folder],
    });
    assertEquals(state, "ran", error?.message);
    assertStringIncludes(logOf(project), "heard");
  });

  test("data and artifacts behind links are reached", async () => {
    using project = makeProject();
    Deno.mkdirSync(project.path("far/artifacts"), { recursive: true });
    project.write("far/text.txt", TEXT);
    Deno.symlinkSync(project.path("far"), project.path("near"));
    Deno.symlinkSync(project.path("near/artifacts"), project.path("artifacts"));
    const nodes = await inProcess(project).run({
      set: [`text=${project.path("near/text.txt")}`],
      executor,
    });
    assertEquals(inState(nodes, "ran").length, 5);
  });

  test("what a stage and its libraries print goes to the log, what it logs goes to the listener too, and nothing of it is a message", async () => {
    using project = makeProject();
    const lines: string[] = [];
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
    const nodes = await inProcess(project).run({
      ...ONE,
      executor,
      watcher: { ...SILENT, log: (_, line) => lines.push(line) },
    });
    assertEquals(nodes.at(-1)?.metrics.words, 6);
    assertEquals(lines, ["3 lines", "logged"]);
    for (const part of ['"words":99', "complained\n", "logged\n"]) {
      assertStringIncludes(logOf(project), part);
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
      const { state, error } = await runWith(
        project,
        `void ${seed};\n    ${statement}`,
      );
      assertEquals(state, "ran", error?.message);
      assert(name !== "local" || logOf(project).includes("stored"));
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
      const { state, error } = await runWith(project, statement);
      assertEquals(state, "failed");
      assertMatch(error?.message ?? "", sentence);
      assert(!error?.message.includes("    at "));
      if (statement.startsWith("throw")) {
        assertStringIncludes(logOf(project), "    at ");
      }
    }
  });

  test("a stage's process that is killed or stopped leaves its checkpoint, and the next run resumes", async () => {
    for (const how of ["killed", "stopped"]) {
      using project = makeProject(SLOW_TEXT);
      const { run } = inProcess(project);
      const slow = { set: ['counts={"all":{"milliseconds":40}}'], executor };
      const stop = new AbortController();
      const running = run({ ...slow, signal: stop.signal });
      const [stage] = await until(() => {
        const found = stageProcesses(project, "count.ts");
        const hasBegun = checkpointOf(project) !== undefined;
        return hasBegun && found.length > 0 ? found : undefined;
      });
      if (how === "stopped") stop.abort();
      else stageProcesses(project, "count.ts").forEach(tryKill);
      const [, count, total] = await running;
      if (how === "stopped") assertEquals(count.reasons, ["interrupted"]);
      else assertStringIncludes(count.error?.message ?? "", "(signal SIGKILL");
      assertEquals(total.state, "skipped");
      await until(() => exists(`/proc/${stage}/exe`) ? undefined : true);
      assert(checkpointOf(project) !== undefined);
      const again = await run(slow);
      assertEquals(inState(again, "cached"), ["split"]);
      assertStringIncludes(
        readLog(project.path("artifacts"), "count:all") ?? "",
        "resumed after ",
      );
    }
  });

  test("a stage that reads its signal saves a checkpoint when the run is interrupted, and so on a Ctrl-C that reaches its process", async () => {
    for (const how of ["stopped", "SIGINT", "SIGTERM"] as const) {
      if (how !== "stopped" && name !== "local") continue;
      using project = makeProject(SLOW_TEXT);
      saveWhenStopped(project);
      const { run } = inProcess(project);
      const slow = { set: ['counts={"all":{"milliseconds":40}}'], executor };
      const stop = new AbortController();
      const notices: string[] = [];
      let counted = 0;
      const progress = (_: string, { done }: { done: number }) =>
        counted = done;
      const notice = (line: string) => void notices.push(line);
      const watcher = { ...SILENT, notice, progress };
      const running = run({ ...slow, watcher, signal: stop.signal });
      await until(() => counted >= 3 || undefined);
      assertEquals(checkpointOf(project), undefined);
      const [stage] = stageProcesses(project, "count.ts");
      if (how === "stopped") stop.abort();
      else Deno.kill(stage, how);
      const [, count] = await running;
      assertEquals(count.reasons, ["interrupted"]);
      assertEquals(notices, [
        "count:all: stopped, and has saved a checkpoint.",
      ]);
      const kept = Object.keys(
        JSON.parse(Deno.readTextFileSync(checkpointOf(project) ?? "")),
      ).length;
      assert(kept >= counted, `${kept} of ${counted} files`);
      assertEquals(inState(await run(slow), "ran"), ["count:all", "total:all"]);
      assertStringIncludes(
        readLog(project.path("artifacts"), "count:all") ?? "",
        `resumed after ${kept} files`,
      );
    }
  });

  test("a stage waits while the process of an earlier run holds its lock", async () => {
    using project = makeProject();
    const { run, status } = inProcess(project);
    await run({ selection: { nodes: ["split"] } });
    const key = (await status()).find(({ name }) => name === "count:all")?.key;
    const work = project.path(`artifacts/work/${key}`);
    Deno.mkdirSync(work, { recursive: true });
    const lock = Deno.openSync(`${work}/lock`, { write: true, create: true });
    lock.lockSync(true);
    const notices: string[] = [];
    const running = run({
      selection: { nodes: ["count:all"] },
      executor,
      watcher: { ...SILENT, notice: (line) => notices.push(line) },
    });
    await until(() => notices.length > 0 || undefined);
    assertStringIncludes(notices[0], "waiting for the process of an earlier");
    await delay(200);
    assert(isHeld(`${work}/lock`));
    lock.close();
    assertEquals(inState(await running, "ran"), ["count:all"]);
  });
}
