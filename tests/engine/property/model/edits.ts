/** Edits of a project between runs; each changes a draft of the world and describes what it did. */
import type { Dice } from "./dice.ts";
import {
  addNode,
  ALIASES,
  DATA_FILES,
  DATA_FOLDER,
  helpersOf,
  IMPORTABLE,
  LOCAL_LINKS,
  type Meaning,
  nameOf,
  type NodeSpec,
  NOTE,
  PACKAGE_LINKS,
  randomAlias,
  randomConfig,
  randomLink,
  randomOperation,
  shapeOf,
  sourcesOf,
  stagePath,
  stagesOf,
  TABLE,
  TEXTS,
  type World,
} from "./world.ts";

/** Undefined where there is nothing to do it to. */
export type Edit = (draft: World, dice: Dice) => string | undefined;

export const EDITS: Readonly<Record<string, Edit>> = {
  "config value": onNode((node, dice) => {
    const { level, shout, note } = randomConfig(dice);
    node.config = dice.pick([
      { ...node.config, level },
      { ...node.config, shout },
      { ...node.config, note },
    ]);
    return JSON.stringify(node.config);
  }),
  "data files that a config names": onNode((node, dice) => {
    node.config = { ...node.config, reads: randomConfig(dice).reads };
    return node.config.reads.join();
  }),
  "defaults spelt out or left out": onNode((node) => {
    node.verbose = !node.verbose;
    return String(node.verbose);
  }),
  "seed": onNode((node, dice) => {
    node.seed = dice.below(3);
    return String(node.seed);
  }),
  "operation": onMeaning((meaning, dice) => {
    meaning.operation = randomOperation(dice);
    return JSON.stringify(meaning.operation);
  }),
  "literal": onMeaning((meaning, dice) => {
    const { operation } = meaning;
    if (operation.kind === "holes") {
      meaning.operation = { ...operation, holes: dice.below(3) };
    } else if (operation.kind === "append" || operation.kind === "constant") {
      meaning.operation = { ...operation, text: dice.pick(TEXTS) };
    } else return undefined;
    return JSON.stringify(meaning.operation);
  }),
  "constant that nothing reads": onMeaning((meaning, dice) => {
    meaning.idle = dice.below(3);
    return String(meaning.idle);
  }),
  "import added": (draft, dice) => {
    const [path, { meaning }] = dice.pick(Object.entries(draft.modules));
    const link = randomLink(draft, path, dice);
    if (meaning.links.length > 2) return undefined;
    meaning.links.splice(dice.below(meaning.links.length + 1), 0, link);
    return `${path}: ${JSON.stringify(link)}`;
  },
  "import removed": onMeaning((meaning, dice) => {
    if (meaning.links.length === 0) return undefined;
    const [link] = meaning.links.splice(dice.below(meaning.links.length), 1);
    return JSON.stringify(link);
  }),
  "kind of import": onMeaning((meaning, dice) => {
    const i = dice.below(meaning.links.length + 1);
    const link = meaning.links[i];
    const isFixed = link === undefined || link.how === "alias" ||
      link.target === TABLE || link.target === NOTE;
    if (isFixed) return undefined;
    const isPackage = IMPORTABLE.some((name) => name === link.target);
    const how = dice.pick(isPackage ? PACKAGE_LINKS : LOCAL_LINKS);
    meaning.links[i] = { ...link, how };
    return `${link.target} ${how}`;
  }),
  "media type": onMeaning((meaning, dice) => {
    if (meaning.shape === undefined) return undefined;
    const mediaType = dice.pick(["text/plain", "text/x-other"]);
    meaning.shape = { ...meaning.shape, mediaType };
    return mediaType;
  }),
  "kind of the second output": (draft, dice) => {
    const stage = dice.pick(stagesOf(draft));
    const isRead = draft.nodes.some((node) =>
      Object.entries(node.inputs).some(([input, source]) =>
        draft.nodes.some((other) =>
          nameOf(other) === source && other.stage === stage
        ) && shapeOf(draft, node.stage).inputs[input].includes("extra")
      )
    );
    const extra = dice.pick(
      isRead
        ? ["file", "folder"] as const
        : ["none", "file", "folder"] as const,
    );
    const { meaning } = draft.modules[stagePath(stage)];
    const { shape } = meaning;
    if (shape === undefined || isRead && shape.extra === "none") {
      return undefined;
    }
    meaning.shape = { ...shape, extra };
    return `${stage}: ${extra}`;
  },
  "comments, formatting and types": (draft, dice) => {
    const [path, module] = dice.pick(Object.entries(draft.modules));
    module.style = dice.below(40);
    return `${path}: style ${module.style}`;
  },
  "formatting of all modules": (draft, dice) => {
    for (const module of Object.values(draft.modules)) {
      module.style = dice.below(40);
    }
    return "new styles";
  },
  "module of types": (draft, dice) => {
    draft.types = dice.below(10);
    return String(draft.types);
  },
  "content of a data file": onData((text, dice) =>
    text.slice(0, dice.below(text.length + 1)) + dice.pick(["", "x", "yz"])
  ),
  "data file of the same size": onData((text, dice) => {
    const at = dice.below(text.length);
    return text.slice(0, at) + dice.pick(["a", "b", "c"]) + text.slice(at + 1);
  }),
  "file added to a data folder": (draft, dice) => {
    const path = `${DATA_FOLDER}/${dice.pick(["", "deep/", "other/"])}${
      dice.below(3)
    }.txt`;
    if (draft.data[path] !== undefined) return undefined;
    draft.data[path] = dice.pick(["", "new", "one"]);
    return path;
  },
  "file removed from a data folder": (draft, dice) => {
    const paths = inFolder(draft);
    if (paths.length === 0) return undefined;
    const path = dice.pick(paths);
    delete draft.data[path];
    return path;
  },
  "file of a data folder renamed": (draft, dice) => {
    const paths = inFolder(draft);
    if (paths.length === 0) return undefined;
    const path = dice.pick(paths);
    const to = `${DATA_FOLDER}/renamed${dice.below(3)}.txt`;
    if (draft.data[to] !== undefined) return undefined;
    draft.data[to] = draft.data[path];
    delete draft.data[path];
    return `${path} to ${to}`;
  },
  "imported JSON": (draft, dice) => {
    draft.assets[TABLE] = dice.pick([
      '{ "entry": "t" }',
      '{"entry": "t"}',
      '{ "entry": "u" }',
    ]);
    return draft.assets[TABLE];
  },
  "file that the code opens": (draft, dice) => {
    const text = dice.pick([undefined, "note", "nota", "nota\n", "absent"]);
    if (text === undefined) delete draft.assets[NOTE];
    else draft.assets[NOTE] = text;
    return text ?? "deleted";
  },
  "version of a package": (draft, dice) => {
    const name = dice.pick(Object.keys(draft.packages));
    const entry = draft.packages[name];
    const [version, ...peers] = entry.version.split("_");
    const [major, minor] = version.split(".");
    const next = `${major}.${dice.chance(0.5) ? dice.below(3) : minor}.${
      dice.below(3)
    }`;
    entry.version = [next, ...peers].join("_");
    return `${name} ${entry.version}`;
  },
  "integrity of a package": (draft, dice) => {
    const name = dice.pick(Object.keys(draft.packages));
    draft.packages[name].integrity = `sha512-${
      dice.pick(["a", "b", "c", "d"])
    }`;
    return `${name} ${draft.packages[name].integrity}`;
  },
  "dependencies of a package": (draft, dice) => {
    const name = dice.pick(["dice", "@toss/coin"]);
    const { version } = draft.packages.grain;
    draft.packages[name].dependencies = dice.pick([
      [],
      ["grain"],
      [`grain@${version}`],
      ["idle", "grain"],
    ]);
    return `${name}: ${draft.packages[name].dependencies}`;
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
  "alias pointed from a package to a module": (draft, dice) => {
    const alias = dice.pick(ALIASES);
    const last = helpersOf(draft).at(-1);
    const isModule = draft.aliases[alias].how === "named";
    if (last === undefined || isModule) return undefined;
    draft.aliases[alias] = { target: last, how: "named" };
    return `${alias}: ${last}`;
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
  "entry of deno.json that no module names": (draft, dice) => {
    draft.spare = dice.below(3);
    return String(draft.spare);
  },
  "version of the printer": (draft, dice) => {
    draft.printer = `6.0.${dice.below(3) + 3}`;
    return draft.printer;
  },
  "environment": (draft, dice) => {
    draft.runtime = dice.below(3);
    return String(draft.runtime);
  },
  "node added": (draft, dice) => {
    const stage = dice.pick(stagesOf(draft));
    const number = 10 + dice.below(10);
    if (draft.nodes.length > 8 || !addNode(draft, stage, number, dice)) {
      return undefined;
    }
    return nameOf(draft.nodes[draft.nodes.length - 1]);
  },
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
    if (draft.nodes.length < 3 || readersOf(draft, name).length > 0) {
      return undefined;
    }
    draft.nodes.splice(i, 1);
    return name;
  },
  "node renamed": onNode((node, dice, draft) => {
    const before = nameOf(node);
    const renamed = { ...node, name: `r${dice.below(5)}` };
    const after = nameOf(renamed);
    if (draft.nodes.some((other) => nameOf(other) === after)) return undefined;
    for (const reader of readersOf(draft, before)) {
      for (const [input, source] of Object.entries(reader.inputs)) {
        if (source === before) reader.inputs[input] = after;
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
  "input rewired": onInput((draft, node, input, dice) => {
    const { inputs } = shapeOf(draft, node.stage);
    const before = draft.nodes.slice(0, draft.nodes.indexOf(node));
    const sources = sourcesOf(draft, inputs[input], before);
    if (sources.length === 0) return undefined;
    node.inputs[input] = nameOf(dice.pick(sources));
    return node.inputs[input];
  }),
  "optional input dropped": onInput((draft, node, input) => {
    if (!shapeOf(draft, node.stage).optional.includes(input)) return undefined;
    delete node.inputs[input];
    return "dropped";
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

function onInput(
  change: (
    draft: World,
    node: NodeSpec,
    input: string,
    dice: Dice,
  ) => string | undefined,
): Edit {
  return onNode((node, dice, draft) => {
    const names = Object.keys(shapeOf(draft, node.stage).inputs);
    if (names.length === 0) return undefined;
    const input = dice.pick(names);
    const summary = change(draft, node, input, dice);
    return summary === undefined ? undefined : `${input} ${summary}`;
  });
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
    const paths = [...DATA_FILES, ...inFolder(draft)];
    const path = dice.pick(paths);
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
