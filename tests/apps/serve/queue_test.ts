/** The queue: whose turn it is, how much may wait, and what is never begun. */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createQueue } from "../../../apps/serve/translation/queue.ts";
import { isRefusal } from "../../../apps/serve/http/refusal.ts";

/** Work that says in which order it is begun, and waits to be let go on. */
function recorded() {
  const begun: string[] = [];
  const waiting: (() => void)[] = [];
  const controller = new AbortController();
  return {
    begun,
    controller,
    work: (name: string, count: number) => ({
      count,
      signal: controller.signal,
      run: (index: number) => {
        begun.push(`${name}${index}`);
        return new Promise<number>((resolve) =>
          waiting.push(() => resolve(index))
        );
      },
      done: () => {},
    }),
    /** Lets what was begun first go on, and what comes of it happen. */
    next: async () => {
      waiting.shift()?.();
      await new Promise((resolve) => setTimeout(resolve, 0));
    },
  };
}

Deno.test("requests take turns, and the sentences of each are begun in order", async () => {
  const { begun, work, next } = recorded();
  const queue = createQueue({ concurrency: 2, limit: 10 });
  const all = [queue.add(work("a", 5)), queue.add(work("b", 2))];
  assertEquals(queue.waiting, 5);
  for (let i = 0; i < 7; i++) await next();
  await Promise.all(all);
  assertEquals(begun, ["a0", "a1", "a2", "b0", "a3", "b1", "a4"]);
  assertEquals(queue.waiting, 0);
});

Deno.test("what is too much is refused at once, and what waits is not touched", async () => {
  const { begun, work, next } = recorded();
  const queue = createQueue({ concurrency: 1, limit: 3 });
  const first = queue.add(work("a", 3));
  const error = assertThrows(() => queue.add(work("b", 2)));
  assertEquals(isRefusal(error) && error.status, 429);
  const second = queue.add(work("c", 1));
  for (let i = 0; i < 4; i++) await next();
  await Promise.all([first, second]);
  assertEquals(begun, ["a0", "a1", "c0", "a2"]);
});

Deno.test("what has not begun when its request is given up is never begun, and leaves its place to others", async () => {
  const given = recorded(), kept = recorded();
  const queue = createQueue({ concurrency: 1, limit: 4 });
  const lost = queue.add(given.work("a", 4));
  const rejected = assertRejects(() => lost, Error, "gone");
  given.controller.abort(new Error("gone"));
  await rejected;
  assertEquals(queue.waiting, 0);
  const all = queue.add(kept.work("b", 4));
  await given.next();
  for (let i = 0; i < 4; i++) await kept.next();
  await all;
  assertEquals(given.begun, ["a0"]);
  assertEquals(kept.begun, ["b0", "b1", "b2", "b3"]);
});

Deno.test("an error ends the work that it is of, and no other", async () => {
  const { work, next } = recorded();
  const queue = createQueue({ concurrency: 1, limit: 9 });
  const failing = queue.add({
    ...work("a", 3),
    run: () => Promise.reject(new Error("broken")),
  });
  const other = queue.add(work("b", 1));
  await assertRejects(() => failing, Error, "broken");
  assertEquals(queue.waiting, 0);
  await next();
  await other;
});
