/** Damages what an artifact folder holds: each file or folder is lost, changed or replaced. */
import { dirname, join } from "@std/path";
import type { Dice } from "./dice.ts";
import {
  filesBelow,
  jsonAt,
  OTHER_THINGS,
  replace,
  statOf,
  writeSomehow,
} from "./disk.ts";

/** Says what was done, or undefined where there was nothing to do it to. */
export type Damage = (artifacts: string, dice: Dice) => string | undefined;

type Change = (bytes: Uint8Array, dice: Dice) => Uint8Array | undefined;

const TEXTS = [
  "",
  "null",
  "[]",
  "{}",
  '{"version":3}',
  "garbage",
  "{}\nnull\n",
];

/** What may happen to the bytes of any file. */
const CHANGES: Readonly<Record<string, Change>> = {
  "truncated": (bytes, dice) =>
    bytes.length === 0 ? undefined : bytes.slice(0, dice.below(bytes.length)),
  "lengthened": (bytes) => new Uint8Array([...bytes, 120]),
  "flipped": (bytes, dice) => {
    // Not in the number of a version, which would be that of a newer one.
    const text = new TextDecoder("latin1").decode(bytes);
    const at = dice.below(bytes.length);
    if (at === text.search(/(?<="schema":\s*)\d/)) return undefined;
    const flipped = bytes.slice();
    flipped[at] ^= 1 << dice.below(8);
    return bytes.length === 0 ? undefined : flipped;
  },
  "overwritten": (_, dice) => new TextEncoder().encode(dice.pick(TEXTS)),
  "zeroed": (bytes) => new Uint8Array(bytes.length),
};

/** The files that may be damaged, by what they are. */
const FILES: Readonly<Record<string, (artifacts: string) => string[]>> = {
  "object": (artifacts) => filesBelow(join(artifacts, "objects")),
  "cached result": (artifacts) => filesBelow(join(artifacts, "cache")),
  "index": (artifacts) => [join(artifacts, "index.json")],
  "no-op cache": (artifacts) => [join(artifacts, "idle.json")],
  "manifest": (artifacts) => [join(artifacts, "manifest.json")],
  "run log": (artifacts) => filesBelow(join(artifacts, "runs")),
};

/** What may happen at any time, also while a run has the file open. */
export const DAMAGES: Readonly<Record<string, Damage>> = {
  ...Object.fromEntries(
    Object.entries(FILES).flatMap(([what, files]) => [
      ...Object.entries(CHANGES).map(([how, change]) => [
        `${what} ${how}`,
        onOne(files, (path, dice) => {
          const bytes = change(Deno.readFileSync(path), dice);
          if (bytes === undefined) return false;
          if (what === "object") writeObject(path, bytes, dice);
          else Deno.writeFileSync(path, bytes);
        }),
      ]),
      [`${what} deleted`, onOne(files, (path) => Deno.removeSync(path))],
    ]),
  ),
  "object touched": onOne(
    FILES.object,
    (path, dice) =>
      dice.chance(0.5)
        ? Deno.utimeSync(path, new Date(), new Date())
        : writeObject(path, Deno.readFileSync(path), dice),
  ),
  "stray file in a folder object": onOne(FILES.object, (path, dice) => {
    if (!dirname(path).endsWith(".files")) return false;
    Deno.writeTextFileSync(join(dirname(path), `stray${dice.below(9)}`), "");
  }),
  "cached result of another node": onOne(
    FILES["cached result"],
    (path, dice) => {
      const others = filesBelow(dirname(path)).filter((one) => one !== path);
      if (others.length === 0) return false;
      Deno.copyFileSync(dice.pick(others), path);
    },
  ),
  "cached result with the outputs of another": onOne(
    FILES["cached result"],
    (path, dice) => {
      const other = jsonAt<Recorded>(dice.pick(filesBelow(dirname(path))));
      return changeJson<Recorded>(path, (record) => {
        if (other === undefined) return;
        record.outputs = other.outputs;
        record.metrics = { ...record.metrics, size: -1 };
      });
    },
  ),
  "index with two hashes swapped": onOne(FILES.index, (path, dice) => {
    const text = Deno.readTextFileSync(path);
    const hashes = text.match(/(?<=")[0-9a-f]{64}(?="\])/g) ?? [];
    if (hashes.length < 2) return false;
    const [one, other] = [dice.pick(hashes), dice.pick(hashes)];
    const swapped = text.replace(
      new RegExp(`${one}|${other}`, "g"),
      (hash) => hash === one ? other : one,
    );
    Deno.writeTextFileSync(path, swapped);
  }),
  "no-op cache with another text": onOne(
    FILES["no-op cache"],
    (path) =>
      Deno.writeTextFileSync(
        path,
        Deno.readTextFileSync(path).replace("nothing to do", "all is well"),
      ),
  ),
  "manifest with the marks of a merge conflict": onOne(
    FILES.manifest,
    (path, dice) => {
      const lines = Deno.readTextFileSync(path).split("\n");
      const at = dice.below(lines.length);
      const theirs = lines[at].replace(/[0-9]/, "0");
      lines[at] = `<<<<<<< HEAD\n${lines[at]}\n=======\n${theirs}\n>>>>>>> x`;
      Deno.writeTextFileSync(path, lines.join("\n"));
    },
  ),
  "manifest with another record": onOne(
    FILES.manifest,
    (path, dice) =>
      changeJson<{ nodes: Record<string, unknown>; code: unknown }>(
        path,
        (manifest) => {
          const { nodes } = manifest;
          const names = Object.keys(nodes);
          if (dice.chance(0.2) || names.length === 0) {
            manifest.code = {};
            return;
          }
          const other = Object.assign({}, nodes[dice.pick(names)], {
            metrics: dice.pick<unknown>([{ all: null, size: [] }, {
              size: -1,
            }]),
          });
          nodes[dice.pick(names)] = dice.pick<unknown>(
            [null, {}, [], "node", { key: 5 }, other, other],
          );
        },
      ),
  ),
};

/** Changes an object, or a file in it; false where it has none. */
export function damageObject(path: string, dice: Dice): boolean {
  const files = statOf(path)?.isDirectory ? filesBelow(path) : [path];
  if (files.length === 0) return false;
  const file = dice.pick(files);
  const change = CHANGES[dice.pick(Object.keys(CHANGES))];
  const bytes = change(Deno.readFileSync(file), dice);
  if (bytes !== undefined) writeObject(file, bytes, dice);
  return bytes !== undefined;
}

/** What would hit what a run has open. */
export const DAMAGES_BETWEEN_RUNS: Readonly<Record<string, Damage>> = {
  ...Object.fromEntries(
    Object.entries({ ...FILES, lock: (path: string) => [join(path, "lock")] })
      .map(([what, files]) => [
        `${what} replaced by something else`,
        onOne(files, (path, dice) => replace(path, dice.pick(OTHER_THINGS))),
      ]),
  ),
  // The superuser reads all.
  ...Deno.uid() === 0 ? {} : Object.fromEntries(
    ["cached result", "index", "manifest"].map((what) => [
      `${what} unreadable`,
      onOne(FILES[what], (path) => Deno.chmodSync(path, 0)),
    ]),
  ),
  "folder lost or replaced by something else": (artifacts, dice) => {
    const objects = filesBelow(join(artifacts, "objects"));
    const folders = ["cache", "runs", "work", "objects"]
      .map((name) => join(artifacts, name));
    if (objects.length > 0) {
      const object = dirname(dice.pick(objects));
      folders.push(object, object, object);
    }
    const folder = dice.pick(folders);
    if (statOf(folder)?.isDirectory !== true) return undefined;
    if (dice.chance(0.5)) Deno.removeSync(folder, { recursive: true });
    else replace(folder, dice.pick(["a file", "a FIFO", "a dangling link"]));
    return folder;
  },
  "work left over": (artifacts, dice) => {
    const results = filesBelow(join(artifacts, "cache"));
    const work = join(artifacts, "work");
    if (results.length === 0) return undefined;
    const [, key] = /([^/]*)\.json$/.exec(dice.pick(results)) ?? [];
    const folder = join(work, key ?? "other");
    const name = dice.pick(["lock", "outputs", "files", "work", "outputs/x"]);
    try {
      Deno.mkdirSync(join(folder, name), { recursive: true });
    } catch {
      // Another damage has put something in the way.
      return undefined;
    }
    if (dice.chance(0.5)) replace(join(folder, name), dice.pick(OTHER_THINGS));
    else if (dice.chance(0.2)) replace(folder, "a file");
    Deno.writeTextFileSync(
      join(artifacts, `index.json.${dice.below(99)}.tmp`),
      "{",
    );
    return `${folder} ${name}`;
  },
};

interface Recorded {
  outputs: unknown;
  metrics: Readonly<Record<string, unknown>>;
}

/** Spoils one of some files, if any is there; `spoil` returns false where it has done nothing. */
function onOne(
  files: (artifacts: string) => string[],
  spoil: (path: string, dice: Dice) => void | false,
): Damage {
  return (artifacts, dice) => {
    const paths = files(artifacts)
      .filter((path) => statOf(path)?.isFile === true);
    if (paths.length === 0) return undefined;
    const path = dice.pick(paths);
    return spoil(path, dice) === false ? undefined : path;
  };
}

/** Nothing where an earlier damage has left no JSON. */
function changeJson<T>(path: string, change: (value: T) => void): void {
  const value = jsonAt<T>(path);
  if (value === undefined) return;
  try {
    change(value);
  } catch {
    return;
  }
  Deno.writeTextFileSync(path, JSON.stringify(value) + "\n");
}

/**
 * Writes over a read-only object. Objects are taken to be settled once they are stored, so that a write within the clock's
 * grain after that goes unseen: it is repeated until the clock shows it.
 */
function writeObject(path: string, bytes: Uint8Array, dice: Dice): void {
  const look = () => {
    const { size, mtime, ctime, ino } = Deno.statSync(path);
    return [size, mtime?.getTime(), ctime?.getTime(), ino].join();
  };
  const before = look();
  do {
    Deno.chmodSync(path, 0o644);
    writeSomehow(path, bytes, dice);
    if (dice.chance(0.5)) Deno.chmodSync(path, 0o444);
  } while (look() === before);
}
