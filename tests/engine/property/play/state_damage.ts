/** Damages the files that the engine keeps besides the objects: each is lost, changed or replaced. */
import { join } from "@std/path";
import type { Damage, Folder } from "./object_damage.ts";
import type { Dice } from "../model/dice.ts";
import { OTHER_THINGS, replace, statOf } from "../model/site.ts";

/** Those that may happen at any time. */
export const STATE_DAMAGES: Readonly<Record<string, Damage>> = {
  "cached result deleted": onCached((path) => {
    Deno.removeSync(path);
    return "";
  }),
  "cached result truncated": onCached((path, dice) =>
    overwrite(path, (text) => text.slice(0, dice.below(text.length - 2)))
  ),
  "cached result with a bit flipped": onCached(flip),
  "cached result of another node": onCached((path, dice, others) => {
    if (others.length === 0) return undefined;
    const other = dice.pick(others);
    Deno.copyFileSync(other, path);
    return `from ${other}`;
  }),
  "cached result with another metric": onCached((path) =>
    changeJson<Cached>(path, (record) => {
      record.metrics = { ...record.metrics, size: record.metrics.size + 1 };
    })
  ),
  "cached result with the outputs of another": onCached(
    (path, dice, others) => {
      if (others.length === 0) return undefined;
      const other: Cached = JSON.parse(
        Deno.readTextFileSync(dice.pick(others)),
      );
      let isOther = false;
      changeJson<Cached>(path, (record) => {
        isOther = JSON.stringify(record.outputs) !==
          JSON.stringify(other.outputs);
        record.outputs = other.outputs;
      });
      return isOther ? "" : undefined;
    },
  ),
  "cached result replaced by something else": onCached(replaceByAny),
  "cached result emptied": onCached((path) => overwrite(path, () => "")),
  "all cached results deleted": ({ path, memory }) => {
    if (memory.cached.size === 0) return undefined;
    Deno.removeSync(join(path, "cache"), { recursive: true });
    memory.cached.clear();
    return "all cached results deleted";
  },
  "index deleted": onFile("index.json", (path) => {
    Deno.removeSync(path);
    return "";
  }),
  "index spoilt": onFile(
    "index.json",
    (path, dice) =>
      overwrite(path, (text) =>
        dice.pick([
          "",
          "null",
          "[]",
          "{}",
          '"index"',
          '{"version":1}',
          "\0".repeat(text.length),
          text.slice(0, dice.below(text.length - 2)),
          text.replace(/"version":\d/, '"version":0'),
          '{"version":1,"files":5}',
          '{"version":1,"files":[null]}',
        ])),
  ),
  "index with a bit flipped": onFile("index.json", flip),
  "index with two hashes swapped": onFile("index.json", (path, dice) => {
    const text = Deno.readTextFileSync(path);
    const hashes = [
      ...new Set(text.match(/(?<=")[0-9a-f]{64}(?="\])/g) ?? []),
    ];
    if (hashes.length < 2) return undefined;
    const one = dice.pick(hashes);
    const other = dice.pick(hashes.filter((hash) => hash !== one));
    return overwrite(
      path,
      () =>
        text.replace(
          new RegExp(`${one}|${other}`, "g"),
          (hash) => hash === one ? other : one,
        ),
    );
  }),
  "index replaced by something else": onFile("index.json", replaceByAny),
  "answer with a bit flipped": onFile("idle.json", flip),
  "answer with another text": onFile(
    "idle.json",
    (path) =>
      overwrite(
        path,
        (text) => text.replace("nothing to do", "everything is fine"),
      ),
  ),
  "answer replaced by something else": onFile("idle.json", replaceByAny),
  "manifest deleted": onFile("manifest.json", (path) => {
    Deno.removeSync(path);
    return "";
  }),
  "manifest with a bit flipped": onFile("manifest.json", flip),
  "manifest truncated": onFile(
    "manifest.json",
    (path, dice) =>
      overwrite(path, (text) => text.slice(0, dice.below(text.length - 2))),
  ),
  "manifest with the marks of a merge conflict": onFile(
    "manifest.json",
    (path, dice) =>
      overwrite(path, (text) => {
        const lines = text.split("\n");
        const at = dice.below(lines.length);
        const theirs = lines[at].replace(/[0-9]/, "0");
        return [
          ...lines.slice(0, at),
          "<<<<<<< HEAD",
          lines[at],
          "=======",
          theirs,
          ">>>>>>> theirs",
          ...lines.slice(at + 1),
        ].join("\n");
      }),
  ),
  "manifest with a record that cannot be read": onFile(
    "manifest.json",
    (path, dice) => {
      let isChanged = false;
      changeJson<{ nodes: Record<string, unknown> }>(path, ({ nodes }) => {
        const names = Object.keys(nodes);
        if (names.length === 0) return;
        nodes[dice.pick(names)] = dice.pick([null, {}, [], "node", { key: 5 }]);
        isChanged = true;
      });
      return isChanged ? "" : undefined;
    },
  ),
  "manifest with a metric that is no number": onRecord((record) => {
    record.metrics = { summary: null, size: [] };
  }),
  "manifest with other metrics and outputs": onRecord((record, others) => {
    record.metrics = { summary: "other", size: -1 };
    record.outputs = others[0].outputs;
  }),
  "manifest without code": onFile(
    "manifest.json",
    (path) =>
      changeJson<{ code: unknown }>(path, (manifest) => {
        manifest.code = {};
      }),
  ),
  "manifest replaced by something else": onFile("manifest.json", replaceByAny),
  // The superuser reads all.
  ...Deno.uid() === 0 ? {} : {
    "cached result unreadable": onCached(makeUnreadable),
    "index unreadable": onFile("index.json", makeUnreadable),
    "manifest unreadable": onFile("manifest.json", makeUnreadable),
  },
};

/** Those that happen between runs only: during one they would hit what a run has open. */
export const STATE_DAMAGES_BETWEEN_RUNS: Readonly<Record<string, Damage>> = {
  "record of a run spoilt": (folder, dice) => {
    const runs = join(folder.path, "runs");
    if (statOf(runs)?.isDirectory !== true) return undefined;
    const records = [...Deno.readDirSync(runs)].map(({ name }) => name)
      .filter((name) => name.endsWith(".jsonl"));
    if (records.length === 0) return undefined;
    const path = join(runs, dice.pick(records));
    if (statOf(path)?.isFile !== true || dice.chance(0.3)) {
      return `${path} ${replaceByAny(path, dice)}`;
    }
    overwrite(
      path,
      (text) =>
        dice.pick([
          "",
          text.slice(0, text.length / 2),
          "garbage",
          "{}\nnull\n",
        ]),
    );
    return path;
  },
  "folder replaced by a file": ({ path, memory }, dice) => {
    const name = dice.pick(["cache", "runs", "work"]);
    if (!exists(join(path, name))) return undefined;
    replace(join(path, name), dice.pick(["a file", "a dangling link"]));
    if (name === "cache") memory.cached.clear();
    return name;
  },
  "lock replaced by something else": onFile("lock", replaceByAny),
  "work left over": ({ path, keys }, dice) => {
    if (keys.size === 0) return undefined;
    const work = join(path, "work");
    if (exists(work) && statOf(work)?.isDirectory !== true) return undefined;
    const folder = join(work, dice.pick([...keys.values()]));
    if (exists(folder)) return undefined;
    Deno.mkdirSync(work, { recursive: true });
    const name = dice.pick(["", "lock", "outputs", "files", "work"]);
    if (name === "") Deno.writeTextFileSync(folder, "a file");
    else {
      Deno.mkdirSync(folder);
      const inner = join(folder, name);
      Deno.writeTextFileSync(inner, "");
      replace(inner, dice.pick(["a file", ...OTHER_THINGS]));
    }
    return `${folder}/${name}`;
  },
};

interface Cached {
  metrics: { summary: string; size: number };
  outputs: unknown;
}

interface Recorded {
  metrics: unknown;
  outputs: unknown;
}

type Spoil = (path: string, dice: Dice) => string | undefined;

function onFile(name: string, spoil: Spoil): Damage {
  return ({ path }, dice) => {
    const file = join(path, name);
    return statOf(file)?.isFile === true ? spoil(file, dice) : undefined;
  };
}

/** `others` are the cached results of other nodes. */
function onCached(
  spoil: (
    path: string,
    dice: Dice,
    others: readonly string[],
  ) => string | undefined,
): Damage {
  return (folder, dice) => {
    const paths = cachedPaths(folder);
    if (paths.size === 0) return undefined;
    const [description, path] = dice.pick([...paths]);
    const others = [...paths.values()].filter((other) => other !== path);
    const summary = spoil(path, dice, others);
    if (summary === undefined) return undefined;
    folder.memory.cached.delete(description);
    return `${path} ${summary}`;
  };
}

/** The cached results whose files are there, by description. */
function cachedPaths({ path, memory, keys }: Folder): Map<string, string> {
  return new Map(
    [...memory.cached].flatMap((description) => {
      const key = keys.get(description);
      const file = join(path, "cache", `${key}.json`);
      return statOf(file)?.isFile === true
        ? [[description, file] as const]
        : [];
    }),
  );
}

function onRecord(
  change: (record: Recorded, others: readonly Recorded[]) => void,
): Damage {
  return onFile("manifest.json", (path, dice) => {
    let isChanged = false;
    changeJson<{ nodes: Record<string, Recorded> }>(path, ({ nodes }) => {
      const names = Object.keys(nodes);
      if (names.length === 0) return;
      change(nodes[dice.pick(names)], Object.values(nodes));
      isChanged = true;
    });
    return isChanged ? "" : undefined;
  });
}

function overwrite(path: string, change: (text: string) => string): string {
  Deno.writeTextFileSync(path, change(Deno.readTextFileSync(path)));
  return "";
}

/** Undefined where an earlier damage has left no JSON. */
function changeJson<T>(
  path: string,
  change: (value: T) => void,
): string | undefined {
  let value: T;
  try {
    value = JSON.parse(Deno.readTextFileSync(path));
    change(value);
  } catch {
    return undefined;
  }
  Deno.writeTextFileSync(path, JSON.stringify(value) + "\n");
  return "";
}

/** Not in the number of a version, which would be that of a newer one. */
function flip(path: string, dice: Dice): string | undefined {
  const bytes = Deno.readFileSync(path);
  const text = new TextDecoder("latin1").decode(bytes);
  const version = text.search(/(?<="schema":\s*)\d/);
  const at = dice.below(bytes.length);
  if (bytes.length === 0 || at === version) return undefined;
  bytes[at] ^= 1 << dice.below(8);
  Deno.writeFileSync(path, bytes);
  return `at byte ${at}`;
}

function makeUnreadable(path: string): string {
  Deno.chmodSync(path, 0);
  return "";
}

function replaceByAny(path: string, dice: Dice): string {
  const thing = dice.pick(OTHER_THINGS);
  replace(path, thing);
  return `by ${thing}`;
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
