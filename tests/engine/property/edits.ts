/** Edits of a project between runs or during one; each changes a draft of the world and says what it did. */
import type { Dice } from "./dice.ts";
import {
  addNode,
  ALIASES,
  DATA_FILES,
  DATA_FOLDER,
  helpersOf,
  type Link,
  LOCAL_LINKS,
  type Meaning,
  nameOf,
  type NodeSpec,
  NOTE,
  PACKAGE_LINKS,
  randomAlias,
  randomConfig,
  randomLink,
  type Shape,
  shapeOf,
  stagePath,
  stagesOf,
  TABLE,
  TEXTS,
  type World,
} from "./world.ts";

/** Undefined where there is nothing to do it to. */
export type Edit = (draft: World, dice: Dice) => string | undefined;

/** What `--set` can change without another file. */
export const SETTINGS: Readonly<Record<string, Edit>> = {
  "config value": onNode((node, dice) => {
    const { level, note } = randomConfig(dice);
    const { config } = node;
    node.config = dice.pick([{ ...config, level }, { ...config, note }]);
    return JSON.stringify(node.config);
  }),
  "data files that a config names": onNode((node, dice) => {
    node.config = { ...node.config, reads: randomConfig(dice).reads };
    return node.config.reads.join();
  }),
  "seed": onNode((node, dice) => String(node.seed = dice.below(3))),
};

/** What a run reads again and again. */
export const READ_DURING_RUNS: Readonly<Record<string, Edit>> = {
  "literal": onMeaning((meaning, dice) => meaning.text = dice.pick(TEXTS)),
  "holes": onMeaning((meaning, dice) => String(meaning.holes = dice.below(3))),
  "constant that nothing reads": onMeaning((meaning, dice) =>
    String(meaning.idle = dice.below(3))
  ),
  "import added": (draft, dice) => {
    const [path, { meaning }] = dice.pick(Object.entries(draft.modules));
    const link = randomLink(draft, path, dice);
    if (meaning.links.length > 2) return undefined;
    meaning.links.splice(dice.below(meaning.links.length + 1), 0, link);
    return `${path}: ${JSON.stringify(link)}`;
  },
  "import removed": onMeaning((meaning, dice) => {
    const [link] = meaning.links.splice(dice.below(3), 1);
    return link && JSON.stringify(link);
  }),
  "kind of import": onMeaning((meaning, dice) => {
    const i = dice.below(3), link = meaning.links[i];
    const kinds = [LOCAL_LINKS, PACKAGE_LINKS].find((kinds) =>
      kinds.some((kind) => kind === link?.how)
    );
    if (kinds === undefined) return undefined;
    meaning.links[i] = { ...link, how: dice.pick<Link["how"]>(kinds) };
    return JSON.stringify(meaning.links[i]);
  }),
  "comments, formatting and types": (draft, dice) => {
    const modules = Object.entries(draft.modules);
    const chosen = dice.chance(0.5) ? modules : [dice.pick(modules)];
    for (const [, module] of chosen) module.style = dice.below(40);
    return chosen.map(([path, { style }]) => `${path} ${style}`).join();
  },
  "module of types": (draft, dice) => String(draft.types = dice.below(10)),
  "content of a data file": onData((text, dice) =>
    text.slice(0, dice.below(text.length + 1)) + dice.pick(["", "x", "yz"])
  ),
  "data file of the same size": onData((text, dice) => {
    const at = dice.below(text.length);
    return text.slice(0, at) + dice.pick(["a", "b", "c"]) + text.slice(at + 1);
  }),
  "file added to a data folder": (draft, dice) => {
    const folder = dice.pick(["", "deep/", "other/"]);
    const path = `${DATA_FOLDER}/${folder}${dice.below(3)}.txt`;
    if (draft.data[path] !== undefined) return undefined;
    draft.data[path] = dice.pick(["", "new", "one"]);
    return path;
  },
  "file of a data folder removed or renamed": (draft, dice) => {
    const paths = inFolder(draft);
    if (paths.length === 0) return undefined;
    const path = dice.pick(paths);
    const to = `${DATA_FOLDER}/renamed${dice.below(3)}.txt`;
    const isRenamed = dice.chance(0.5) && draft.data[to] === undefined;
    if (isRenamed) draft.data[to] = draft.data[path];
    delete draft.data[path];
    return isRenamed ? `${path} to ${to}` : path;
  },
  "imported JSON": (draft, dice) =>
    draft.assets[TABLE] = dice.pick([
      '{ "entry": "t" }',
      '{"entry": "t"}',
      '{ "entry": "u" }',
    ]),
  "file that the code opens": (draft, dice) => {
    const text = dice.pick([undefined, "note", "nota", "nota\n", "absent"]);
    if (text === undefined) delete draft.assets[NOTE];
    else draft.assets[NOTE] = text;
    return text ?? "deleted";
  },
  "package": (draft, dice) => {
    const name = dice.pick(Object.keys(draft.packages));
    const entry = draft.packages[name];
    const [version, ...peers] = entry.version.split("_");
    const next = version.replace(/\d+$/, String(dice.below(3)));
    const { version: grain } = draft.packages.grain;
    switch (dice.below(3)) {
      case 0:
        entry.version = [next, ...peers].join("_");
        break;
      case 1:
        entry.integrity = `sha512-${dice.pick(["a", "b", "c", "d"])}`;
        break;
      default:
        if (name !== "dice" && name !== "@toss/coin") return undefined;
        entry.dependencies = dice.pick([
          [],
          ["grain"],
          [`grain@${grain}`],
          ["idle", "grain"],
        ]);
    }
    return `${name}: ${JSON.stringify(entry)}`;
  },
  "alias pointed elsewhere": (draft, dice) => {
    const alias = dice.pick(ALIASES);
    draft.aliases[alias] = randomAlias(draft, dice);
    return `${alias}: ${JSON.stringify(draft.aliases[alias])}`;
  },
  "alias pointed to another file of its package": (draft, dice) => {
    const alias = dice.pick(ALIASES);
    const { target, how } = draft.aliases[alias];
    if (how === "named") return undefined;
    const other = how === "package" ? "subpath" : "package";
    draft.aliases[alias] = { target, how: other };
    return `${alias}: ${target} ${other}`;
  },
  "two aliases swapped": (draft) => {
    const [one, two] = ALIASES.map((alias) => draft.aliases[alias]);
    draft.aliases = { one: two, two: one };
    return JSON.stringify(draft.aliases);
  },
  "relative path remapped": (draft, dice) => {
    const helpers = helpersOf(draft);
    if (helpers.length < 2) return undefined;
    const i = dice.below(helpers.length - 1);
    if (draft.remaps[helpers[i]] === undefined) {
      draft.remaps[helpers[i]] = dice.pick(helpers.slice(i + 1));
    } else delete draft.remaps[helpers[i]];
    return `${helpers[i]}: ${draft.remaps[helpers[i]] ?? "itself"}`;
  },
};

export const EDITS: Readonly<Record<string, Edit>> = {
  ...SETTINGS,
  ...READ_DURING_RUNS,
  "defaults spelt out or left out": onNode((node) =>
    String(node.verbose = !node.verbose)
  ),
  "what a stage declares": (draft, dice) => {
    const stage = dice.pick(stagesOf(draft));
    const shape = shapeOf(draft, stage);
    const changed: Shape = dice.pick([
      { ...shape, mediaType: dice.pick(["text/plain", "text/x-other"]) },
      { ...shape, extra: dice.pick(["file", "folder"] as const) },
      { ...shape, grain: dice.pick(["all", "coarse", "nothing"] as const) },
      { ...shape, environment: !shape.environment },
    ]);
    draft.modules[stagePath(stage)].meaning.shape = changed;
    return `${stage}: ${JSON.stringify(changed)}`;
  },
  "entry of deno.json that no module names": (draft, dice) =>
    String(draft.spare = dice.below(3)),
  "version of the printer": (draft, dice) =>
    draft.printer = `6.0.${dice.below(3) + 3}`,
  "environment": (draft, dice) => String(draft.runtime = dice.below(3)),
  "node added": (draft, dice) =>
    draft.nodes.length > 8
      ? undefined
      : addNode(draft, dice.pick(stagesOf(draft)), 10 + dice.below(10), dice),
  "node copied under another name": (draft, dice) => {
    const node = dice.pick(draft.nodes);
    const copy = { ...structuredClone(node), name: `copy${dice.below(5)}` };
    const isTaken = draft.nodes.some((other) => nameOf(other) === nameOf(copy));
    if (draft.nodes.length > 8 || isTaken) return undefined;
    draft.nodes.push(copy);
    return nameOf(copy);
  },
  "node removed": (draft, dice) => {
    const i = dice.below(draft.nodes.length);
    const name = nameOf(draft.nodes[i]);
    const isRead = readersOf(draft, name).length > 0;
    if (draft.nodes.length < 3 || isRead) return undefined;
    draft.nodes.splice(i, 1);
    return name;
  },
  "node renamed": onNode((node, dice, draft) => {
    const before = nameOf(node);
    const renamed = { ...node, name: `r${dice.below(5)}` };
    const after = nameOf(renamed);
    if (draft.nodes.some((other) => nameOf(other) === after)) return undefined;
    for (const { inputs } of readersOf(draft, before)) {
      for (const [input, source] of Object.entries(inputs)) {
        if (source === before) inputs[input] = after;
      }
    }
    node.name = renamed.name;
    return `now ${after}`;
  }),
  "order of the nodes": (draft, dice) => {
    const i = dice.below(draft.nodes.length - 1);
    const [one, other] = [draft.nodes[i], draft.nodes[i + 1]];
    if (Object.values(other.inputs).includes(nameOf(one))) return undefined;
    [draft.nodes[i], draft.nodes[i + 1]] = [other, one];
    return `${nameOf(other)} before ${nameOf(one)}`;
  },
  "input rewired or dropped": onNode((node, dice, draft) => {
    const names = Object.keys(shapeOf(draft, node.stage).inputs);
    const sources = draft.nodes.slice(0, draft.nodes.indexOf(node));
    if (names.length === 0) return undefined;
    const input = dice.pick(names);
    if (sources.length === 0 || dice.chance(0.3)) delete node.inputs[input];
    else node.inputs[input] = nameOf(dice.pick(sources));
    return `${input} ${node.inputs[input]}`;
  }),
};

function onNode(
  change: (node: NodeSpec, dice: Dice, draft: World) => string | undefined,
): Edit {
  return (draft, dice) => {
    const node = dice.pick(draft.nodes);
    const name = nameOf(node);
    const summary = change(node, dice, draft);
    return summary === undefined ? undefined : `${name}: ${summary}`;
  };
}

function onMeaning(
  change: (meaning: Meaning, dice: Dice) => string | undefined,
): Edit {
  return (draft, dice) => {
    const [path, { meaning }] = dice.pick(Object.entries(draft.modules));
    const summary = change(meaning, dice);
    return summary === undefined ? undefined : `${path}: ${summary}`;
  };
}

function onData(change: (text: string, dice: Dice) => string): Edit {
  return (draft, dice) => {
    const path = dice.pick([...DATA_FILES, ...inFolder(draft)]);
    const text = draft.data[path];
    if (text === "") return undefined;
    draft.data[path] = change(text, dice);
    return `${path}: ${JSON.stringify(draft.data[path])}`;
  };
}

function inFolder({ data }: World): string[] {
  return Object.keys(data).filter((path) => path.startsWith(DATA_FOLDER));
}

function readersOf({ nodes }: World, name: string): NodeSpec[] {
  return nodes.filter((node) => Object.values(node.inputs).includes(name));
}
