/** How outputs come into the store, and that known files are not read again. */
import { assert, assertEquals } from "@std/assert";
import { join, relative } from "@std/path";
import { sha256 } from "../../../engine/files/hash.ts";
import { openStore } from "../../../engine/store/object_store.ts";
import { openIndex } from "../../../engine/keys/stat_index.ts";
import { createNoOpRecord } from "../../../engine/keys/no_op_record.ts";

const file = { path: "a.txt", mediaType: "text/plain" };
const folder = { path: "many", mediaType: "inode/directory", folder: true };

function makeStore(paranoid = false) {
  const root = Deno.makeTempDirSync({ prefix: "store-" });
  const index = openIndex(root, "printer");
  const store = openStore(root, index, createNoOpRecord(), paranoid);
  return {
    ...{ root, store, index },
    write: (name: string, text: string) => {
      const path = join(root, name);
      Deno.mkdirSync(join(path, ".."), { recursive: true });
      Deno.writeTextFileSync(path, text);
      return path;
    },
    [Symbol.dispose]: () => Deno.removeSync(root, { recursive: true }),
  };
}

const inode = (path: string) => Deno.statSync(path).ino;

Deno.test("an output is moved into the store, not copied: the same inode, read-only", async () => {
  using made = makeStore();
  const { store, write, root } = made;
  const path = write("a.txt", "alone");
  const inside = write("many/deep/b.txt", "inside");
  const before = [inode(path), inode(inside)];
  const alone = store.path(await store.add(path, file));
  const many = store.path(await store.add(join(root, "many"), folder));
  const after = [alone, join(many, "deep/b.txt")];
  assertEquals(after.map(inode), before);
  for (const path of after) {
    assertEquals((Deno.statSync(path).mode ?? 0) & 0o777, 0o444);
  }
});

Deno.test("equal bytes take their room once", async () => {
  using made = makeStore();
  const { store, write } = made;
  const one = await store.add(write("a.txt", "same"), file);
  const two = await store.add(write("b.txt", "same"), file);
  assertEquals(store.path(one), store.path(two));
  assertEquals(await store.check(two), "whole");
});

Deno.test("what is whole stays as it is when it is made again, and what rotted unseen is replaced", async () => {
  using made = makeStore();
  const { root, store, index, write } = made;
  const make = async () => {
    write("many/b.txt", "inside");
    const one = store.path(await store.add(write("a.txt", "alone"), file));
    const many = store.path(await store.add(join(root, "many"), folder));
    return [one, join(many, "b.txt")];
  };
  const paths = await make();
  const before = paths.map(inode);
  await make();
  assertEquals(paths.map(inode), before);
  for (const path of paths) {
    const text = Deno.readTextFileSync(path);
    Deno.chmodSync(path, 0o644);
    Deno.writeTextFileSync(path, "x" + text.slice(1));
    // As though no time told of it.
    const name = relative(root, path);
    index.rememberFile(name, Deno.statSync(path), sha256(text), true);
  }
  await make();
  assertEquals(paths.map((path) => Deno.readTextFileSync(path)), [
    "alone",
    "inside",
  ]);
});

Deno.test("a known object is not read again, but for verify, and once where the store is paranoid", async () => {
  for (const paranoid of [false, true]) {
    using made = makeStore(paranoid);
    const { store, write } = made;
    const artifact = await store.add(write("a.txt", "x".repeat(1e6)), file);
    const path = store.path(artifact);
    const reads = async (look: () => Promise<unknown>) => {
      const open = Deno.open;
      let count = 0;
      Deno.open = (...args) => {
        if (args[0] === path) count++;
        return open(...args);
      };
      try {
        await look();
      } finally {
        Deno.open = open;
      }
      return count;
    };
    const check = () => store.check(artifact);
    assertEquals(await reads(check), paranoid ? 1 : 0);
    assertEquals(await reads(check), 0);
    assertEquals(await reads(() => store.verify(artifact)), 1);
    assert(await store.check(artifact) === "whole");
  }
});
