/** What runs at once: as much as the machine has room for, and trainings alone unless the run says otherwise. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type Capacity,
  schedule,
  type Task,
} from "../../../engine/graph/schedule.ts";

const machine: Capacity = { jobs: 10, cores: 4, memoryBytes: 100 };

function task(name: string, has: Partial<Task> = {}): Task {
  return { name, needs: [], cores: 1, memoryBytes: 0, ...has };
}

/** What had started when each task ended, and the largest number of tasks at once. */
async function play(
  tasks: readonly Task[],
  capacity: Capacity,
  failing?: string,
) {
  const running = new Set<string>();
  const order: string[] = [];
  const together: string[] = [];
  await schedule(tasks, capacity, async ({ name }) => {
    running.add(name);
    order.push(name);
    together.push([...running].sort().join(""));
    await new Promise((done) => setTimeout(done, 5));
    running.delete(name);
    if (name === failing) throw new Error(`${name} broke`);
  });
  return { order, together };
}

Deno.test("tasks that do not need each other run at once, in their order, and no more than fit", async () => {
  const tasks = ["a", "b", "c", "d", "e", "f"].map((name) => task(name));
  const { order, together } = await play(tasks, machine);
  assertEquals(order.join(""), "abcdef");
  assertEquals(together.slice(0, 4), ["a", "ab", "abc", "abcd"]);
  assert(together.every((names) => names.length <= 4));
  const one = await play(tasks, { ...machine, jobs: 1 });
  assertEquals(one.together, ["a", "b", "c", "d", "e", "f"]);
});

Deno.test("a task waits for all that it needs, also where that is named twice or is none of the tasks", async () => {
  const { order } = await play([
    task("d", { needs: ["b", "c", "b"] }),
    task("b", { needs: ["a"] }),
    task("c", { needs: ["b", "elsewhere"] }),
    task("a"),
  ], machine);
  assertEquals(order.join(""), "abcd");
});

Deno.test("what has become ready goes before what comes later in the list", async () => {
  const { order } = await play([
    task("a"),
    task("b", { needs: ["a"] }),
    task("c"),
    task("d", { needs: ["c"] }),
  ], { ...machine, jobs: 1 });
  assertEquals(order.join(""), "abcd");
});

Deno.test("neither cores nor memory are given twice, and what is too large for the machine runs alone", async () => {
  const cores = await play([
    task("a", { cores: 3 }),
    task("b", { cores: 2 }),
    task("c"),
  ], machine);
  assertEquals(cores.order.join(""), "acb");
  assert(!cores.together.some((names) => /a.*b/.test(names)));
  const memory = await play([
    task("a", { memoryBytes: 60 }),
    task("b", { memoryBytes: 101 }),
    task("c", { memoryBytes: 40 }),
    task("d", { memoryBytes: 50 }),
  ], machine);
  assertEquals(memory.order.slice(0, 2), ["a", "c"]);
  assert(memory.together.includes("b"));
  assert(!memory.together.some((names) => /a.*d|b.|.b/.test(names)));
});

Deno.test("after a throw nothing new starts, and what runs is awaited", async () => {
  const tasks = ["a", "b", "c"].map((name) => task(name));
  const started: string[] = [];
  let ended = 0;
  await assertRejects(
    () =>
      schedule(tasks, { ...machine, jobs: 2 }, async ({ name }) => {
        started.push(name);
        if (name === "a") throw new Error("a broke");
        await new Promise((done) => setTimeout(done, 10));
        ended++;
      }),
    Error,
    "a broke",
  );
  assertEquals([started.join(""), ended], ["ab", 1]);
});
