/** Two users of one artifact folder of their group: each goes on with what the other left, and can remove it. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { namesIn } from "../../../engine/files/atomic.ts";
import { stageProcesses, tryKill, until } from "../fixtures/processes.ts";
import {
  exists,
  inState,
  makeProject,
  type NodeJson,
  type Outcome,
  type Project,
  SLOW_TEXT,
} from "../fixtures/project.ts";
import { makeUsers, type Users, usersMissing } from "../fixtures/users.ts";

function test(
  title: string,
  fn: (users: Users, project: Project) => Promise<void>,
): void {
  Deno.test({
    name: title + usersMissing,
    ignore: usersMissing !== "",
    fn: async () => {
      using users = makeUsers();
      using project = makeProject(SLOW_TEXT);
      await fn(users, project);
    },
  });
}

function nodesIn({ code, out, err }: Outcome): readonly NodeJson[] {
  assert(code === 0 || code === 10, err);
  return JSON.parse(out).nodes;
}

/** The checkpoint of the stage `count` of a node that is being made. */
function checkpointIn(artifacts: string): string | undefined {
  return namesIn(`${artifacts}/work`)
    .map((key) => `${artifacts}/work/${key}/work/counts.json`).find(exists);
}

function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    return isDirectory ? [path, ...filesIn(path)] : [path];
  });
}

test(
  "of two users of a folder each takes the results of the other, verifies and removes them",
  async ({ shared, group, ours, theirs }, project) => {
    const artifacts = ["--artifacts", `${shared}/artifacts`];
    const shorter = ["--set", "counts.all.longest=1"];
    const first = await theirs.run(project, ...artifacts, "--json");
    assertEquals(inState(nodesIn(first), "ran").length, 5);
    const same = await ours.run(project, ...artifacts, "--json");
    assertEquals(inState(nodesIn(same), "cached").length, 5);
    const second = await ours.run(project, ...artifacts, ...shorter, "--json");
    assertEquals(inState(nodesIn(second), "ran"), ["count:all", "total:all"]);
    for (const path of filesIn(shared)) {
      const { mode, gid, isDirectory } = Deno.lstatSync(path);
      const rights = (mode ?? 0) & (isDirectory ? 0o2070 : 0o040);
      assertEquals([gid, rights], [group, isDirectory ? 0o2070 : 0o040], path);
    }
    for (const user of [ours, theirs]) {
      for (const command of [["verify"], ["log", "split", ...shorter]]) {
        const { code, err } = await user.run(project, ...command, ...artifacts);
        assertEquals([code, err], [0, ""]);
      }
    }
    // What nobody names any more was made by the one, and is removed by the other.
    const gc = await ours.run(project, "gc", "--yes", ...artifacts);
    assertEquals(gc.code, 0, gc.err);
    const again = await theirs.run(project, ...artifacts, "--json");
    assertEquals(inState(nodesIn(again), "ran"), ["count:all", "total:all"]);
  },
);

test(
  "a user goes on from the checkpoint of another, whose run was killed",
  async ({ shared, ours, theirs }, project) => {
    const settings = ["--artifacts", shared, "--set"];
    const slow = [...settings, 'counts={"slow":{"milliseconds":700}}'];
    const run = theirs.start(project, ...slow);
    await until(() => checkpointIn(shared));
    const [stage] = stageProcesses(project, "count.ts");
    tryKill(run.pid);
    tryKill(stage);
    await run.output();
    const { code, err } = await ours.run(project, ...slow);
    assertEquals(code, 0, err);
    const log = await theirs.run(project, "log", "count:slow", ...slow);
    assertStringIncludes(log.out, "resumed after ");
  },
);

test(
  "a download that another user began is stored as one's own, read-only",
  async ({ shared, theirs, ours }, project) => {
    project.write(
      "cli/main.ts",
      `import { hashFile } from "../engine/files/hash.ts";
    import { openWorkspace } from "../engine/store/workspace.ts";
    const [artifacts, path] = Deno.args;
    const { store } = openWorkspace(artifacts);
    const { sha256, bytes } = await hashFile(path);
    const artifact = { sha256, bytes, mediaType: "text/plain" };
    store.commit(path, artifact);
    console.log(store.path(artifact));`,
    );
    const staged = `${shared}/staged`;
    Deno.writeTextFileSync(staged, "half and half\n");
    Deno.chownSync(staged, theirs.id, Deno.statSync(shared).gid ?? 0);
    Deno.chmodSync(staged, 0o660);
    const { code, out, err } = await ours.run(project, shared, staged);
    assertEquals(code, 0, err);
    const { mode, uid } = Deno.statSync(out.trim());
    assertEquals([(mode ?? 0) & 0o777, uid], [0o444, ours.id]);
    assertEquals(Deno.readTextFileSync(out.trim()), "half and half\n");
    assert(!exists(staged));
  },
);
