/** Manifests, listings and signatures that somebody crafted: what is in them, and whether they are taken. */
import { canonical, hashListing, sha256 } from "../../../engine/files/hash.ts";
import { keyOf } from "../../../engine/keys/key.ts";
import type {
  Artifact,
  Json,
  Listing,
  Manifest,
  Metrics,
} from "../../../schemas/manifest.ts";
import { EVIL_PATHS } from "../fixtures/mutations.ts";

/** What a refusal says, or that there is none. */
export type Expectation = { readonly refused: string } | "taken";

export interface ManifestCase {
  readonly name: string;
  readonly text: string;
  readonly expect: Expectation;
}

/** Where in a manifest a text of the attacker's stands; the rest of it is as it should be. */
interface Parts {
  readonly experiment: string;
  readonly value: Json;
  readonly node: string;
  readonly stage: string;
  readonly output: string;
  readonly input: string;
  readonly mediaType: string;
  readonly metrics: Metrics;
  readonly file: string;
  readonly module: string;
  readonly packageId: string;
  readonly integrity: string;
  readonly resolutions: Readonly<Record<string, string>>;
  readonly config: Json;
}

const GOOD: Parts = {
  experiment: "quick",
  value: {},
  node: "count:all",
  stage: "count",
  output: "counts",
  input: "parts",
  mediaType: "application/json",
  metrics: { words: 6 },
  file: "data/text.txt",
  module: "stages/count.ts",
  packageId: "zod@4.6.7",
  integrity: "sha512-abc",
  resolutions: { zod: "npm:zod@4.6.7" },
  config: {},
};

const HASH = sha256("lines");
const artifact = (mediaType: string): Artifact => ({
  sha256: HASH,
  bytes: 5,
  mediaType,
});

/** Two nodes, one made of the other, with every hash as it has to be. */
export function crafted(parts: Partial<Parts> = {}): Manifest {
  const all = { ...GOOD, ...parts };
  const code = {
    modules: { [all.module]: sha256("a module") },
    packages: { [all.packageId]: all.integrity },
    resolutions: { ...all.resolutions },
  };
  const hash = sha256(canonical(code));
  const preimage = (
    stage: string,
    inputs: Manifest["nodes"][string]["preimage"]["inputs"],
  ) => ({
    stage,
    code: hash,
    config: all.config,
    inputs,
    files: { [all.file]: sha256("text") },
    seed: 1,
    environment: null,
  });
  const first = preimage("split", {});
  const second = preimage(all.stage, { [all.input]: { lines: HASH } });
  return {
    schema: 2,
    experiment: { name: all.experiment, value: all.value },
    code: { [hash]: code },
    nodes: {
      split: {
        key: keyOf(first),
        preimage: first,
        inputs: {},
        outputs: { lines: artifact("text/plain") },
        metrics: {},
      },
      [all.node]: {
        key: keyOf(second),
        preimage: second,
        inputs: { [all.input]: "split" },
        outputs: { [all.output]: artifact(all.mediaType) },
        metrics: all.metrics,
      },
    },
  };
}

export function textOf(manifest: unknown): string {
  return canonical(manifest) + "\n";
}

/** A text, and whether it may stand where a path is made of it, where a name is printed, and where any text is. */
interface Hostile {
  readonly what: string;
  readonly text: string;
  readonly path: boolean;
  readonly name: boolean;
  readonly any: boolean;
}

const hostile = (
  what: string,
  text: string,
  allowed: "nowhere" | "name" | "any",
): Hostile => ({
  what,
  text,
  path: false,
  name: allowed === "name",
  any: allowed !== "nowhere",
});

/** To be extended: a text that nobody expects in a name. */
const HOSTILE: readonly Hostile[] = [
  hostile("a way up", "..", "name"),
  hostile("ways up", "../../../../PWNED.sh", "name"),
  hostile("a way up inside", "a/../../b", "name"),
  hostile("itself", ".", "name"),
  hostile("an absolute path", "/etc/passwd", "name"),
  hostile("a way up by backslashes", "..\\..\\PWNED.bat", "name"),
  hostile("a drive", "C:\\PWNED.bat", "name"),
  hostile("a device of Windows", "nul", "name"),
  hostile("a device with an ending", "COM1.txt", "name"),
  hostile("a dot at its end, which Windows cuts off", "..a.", "name"),
  hostile("a space at its end", "a ", "name"),
  hostile("an escape sequence", "a\u001b[2Jb", "nowhere"),
  hostile("an escape sequence of one character", "a\u009b2Jb", "nowhere"),
  hostile("a bell", "a\u0007b", "nowhere"),
  hostile("a line break", "a\nb", "nowhere"),
  hostile("a carriage return", "a\rb", "nowhere"),
  hostile("a separator of lines", "a\u2028b", "nowhere"),
  hostile("a zero byte", "a\u0000b", "nowhere"),
  hostile("a turn of direction", "a\u202egpj.exe", "nowhere"),
  hostile("an isolate of direction", "a\u2066b\u2069", "nowhere"),
  hostile("a space of no width", "a\u200bb", "nowhere"),
  hostile("a mark of order", "\ufeffa", "nowhere"),
  hostile("a character of nobody's", "a\ue000b", "nowhere"),
  hostile("300 letters", "x".repeat(300), "any"),
  hostile("130 letters of two bytes", "ü".repeat(130), "name"),
];

type Place = (text: string) => Partial<Parts>;

/** What becomes part of a path. Of a node's name the parts do, between colons and slashes. */
const PATHS: Readonly<Record<string, Place>> = {
  "an experiment": (experiment) => ({ experiment }),
  "a stage": (stage) => ({ stage }),
  "an output": (output) => ({ output }),
};

/** What is printed. */
const NAMES: Readonly<Record<string, Place>> = {
  "an input": (input) => ({ input }),
  "a media type": (mediaType) => ({ mediaType }),
  "a metric": (metric) => ({ metrics: { [metric]: 1 } }),
};

/** What may be longer than a name. */
const TEXTS: Readonly<Record<string, Place>> = {
  "a metric's text": (text) => ({ metrics: { signature: text } }),
  "a data file": (file) => ({ file }),
  "a module": (module) => ({ module }),
  "a package": (packageId) => ({ packageId }),
  "a package's integrity": (integrity) => ({ integrity }),
  "what is imported": (specifier) => ({ resolutions: { [specifier]: "x" } }),
  "what an import resolves to": (target) => ({ resolutions: { x: target } }),
};

function placed(
  places: Readonly<Record<string, Place>>,
  allows: (hostile: Hostile) => boolean,
): ManifestCase[] {
  return Object.entries(places).flatMap(([place, parts]) =>
    HOSTILE.map((hostile): ManifestCase => ({
      name: `${place} that is ${hostile.what}`,
      text: textOf(crafted(parts(hostile.text))),
      expect: allows(hostile) ? "taken" : { refused: "is no " },
    }))
  );
}

/** A name is asked for, and so is never another one: these are refused by what they hold. */
const NODE_NAMES: readonly ManifestCase[] = [
  "..:x",
  "../x",
  "x:..",
  "a/../b",
  "/x",
  "x:",
  ":x",
  "x//y",
  "x:y\\..",
  "nul:x",
  "x:y.",
].map((node): ManifestCase => ({
  name: `a node called ${JSON.stringify(node)}`,
  text: textOf(crafted({ node })),
  expect: { refused: "is no name" },
}));

/** Changes a good manifest and makes its keys anew, so that nothing else is wrong with it. */
function changed(
  change: (manifest: ReturnType<typeof loose>) => void,
): string {
  const manifest = loose();
  change(manifest);
  for (const record of Object.values(manifest.nodes)) {
    record.key = keyOf(record.preimage);
  }
  return textOf(manifest);
}

function loose(): {
  experiment: { name: string; value: Json };
  code: Record<string, Manifest["code"][string]>;
  nodes: Record<string, {
    key: string;
    preimage: Manifest["nodes"][string]["preimage"];
    inputs: Record<string, string>;
    outputs: Record<string, Artifact>;
    metrics: Record<string, unknown>;
  }>;
} {
  return structuredClone(crafted());
}

/** Adds the code of another revision and gives it to a node. */
function otherCode(
  code: Manifest["code"][string],
): (manifest: ReturnType<typeof loose>) => void {
  return (manifest) => {
    const hash = sha256(canonical(code));
    manifest.code[hash] = code;
    manifest.nodes["count:all"].preimage.code = hash;
  };
}

/** Each record by itself is right, and they do not belong together. */
const TORN: readonly ManifestCase[] = [
  {
    name: "a node that was made of other bytes than its input has",
    text: changed(({ nodes }) => {
      nodes["count:all"].preimage.inputs.parts.lines = sha256("others");
    }),
    expect: { refused: 'node "count:all" was made of another "split"' },
  },
  {
    name: "an input whose bytes were exchanged behind the node",
    text: changed(({ nodes }) => {
      nodes.split.outputs.lines.sha256 = sha256("exchanged");
    }),
    expect: { refused: 'node "count:all" was made of another "split"' },
  },
  {
    name: "an input that the key knows nothing of",
    text: changed(({ nodes }) => {
      nodes["count:all"].inputs.more = "split";
    }),
    expect: { refused: 'the inputs of node "count:all"' },
  },
  {
    name: "an input that the key knows and no edge tells",
    text: changed(({ nodes }) => {
      nodes["count:all"].inputs = {};
    }),
    expect: { refused: 'the inputs of node "count:all"' },
  },
  {
    name: "a node that is made of itself",
    text: changed(({ nodes }) => {
      nodes["count:all"].inputs.parts = "count:all";
    }),
    expect: { refused: 'was made of another "count:all"' },
  },
  {
    name: "an output that the input's node does not have",
    text: changed(({ nodes }) => {
      nodes["count:all"].preimage.inputs.parts = { words: HASH };
    }),
    expect: { refused: 'was made of another "split"' },
  },
  {
    name: "a file that was taken for a folder",
    text: changed(({ nodes }) => {
      nodes["count:all"].preimage.inputs.parts.lines = `${HASH}/`;
    }),
    expect: { refused: 'was made of another "split"' },
  },
  {
    name: "an input whose node is missing, which is no contradiction",
    text: changed(({ nodes }) => {
      nodes["count:all"].inputs.parts = "elsewhere";
    }),
    expect: "taken",
  },
  {
    name: "a module of two contents",
    text: changed(otherCode({
      modules: { "stages/count.ts": sha256("another module") },
      packages: {},
      resolutions: {},
    })),
    expect: {
      refused: 'two revisions of the code, in which "stages/count.ts"',
    },
  },
  {
    name: "a package of two contents",
    text: changed(otherCode({
      modules: {},
      packages: { "zod@4.6.7": "sha512-another" },
      resolutions: {},
    })),
    expect: { refused: 'two revisions of the code, in which "package zod' },
  },
  {
    name: "codes that share nothing",
    text: changed(otherCode({
      modules: { "stages/other.ts": sha256("another module") },
      packages: { "zod@4.6.8": "sha512-another" },
      resolutions: {},
    })),
    expect: "taken",
  },
];

/** Values in place of a metric, as JSON has them. */
const VALUES: readonly ManifestCase[] = [
  "null",
  "true",
  "[]",
  "{}",
  "[38.4]",
  '{"toString":1}',
  "1e999",
  "-1e999",
  "NaN",
  "Infinity",
].map((value): ManifestCase => ({
  name: `a metric whose value is ${value}`,
  text: textOf(crafted()).replace('"words":6', `"words":${value}`),
  expect: { refused: "Cannot accept" },
}));

/** Keys that mean something to JavaScript, and numbers that JSON does not keep. */
const READINGS: readonly ManifestCase[] = [
  ["a metric called __proto__", '"words":6', '"__proto__":6'],
  ["an output called __proto__", '"counts":', '"__proto__":'],
  ["an experiment with a key twice", '"value":{}', '"value":{"a":1,"a":2}'],
  ["a seed that is rounded", '"seed":1', '"seed":1.00000000000000000001'],
  ["a size that is rounded", '"bytes":5', '"bytes":5.0'],
  ["a negative size", '"bytes":5', '"bytes":-5'],
  ["a hash in capitals", HASH, HASH.toUpperCase()],
  ["a hash that is too short", HASH, HASH.slice(1)],
  ["half a character", '"value":{}', '"value":"\\udc00"'],
  ["an escape where none is needed", '"quick"', '"qu\\u0069ck"'],
  ["schema 0", '"schema":2', '"schema":0'],
  ["schema -1", '"schema":2', '"schema":-1'],
  ["schema 1 with what schema 2 has", '"schema":2', '"schema":"2"'],
  ["a schema to come", '"schema":2', '"schema":3'],
  ["no schema", ',"schema":2', ""],
  ["code of no form", '"resolutions":{"zod":"npm:zod@4.6.7"}', '"x":1'],
  ["marks of a merge", '{"code"', '<<<<<<< ours\n{"code"'],
  ["a byte more", "}\n", "}\n\n"],
  ["no end of line", "}\n", "}"],
  ["a mark of order", '{"code"', '\ufeff{"code"'],
].map(([name, from, to]): ManifestCase => ({
  name,
  text: exchanged(textOf(crafted()), from, to),
  expect: { refused: "Cannot accept" },
}));

function exchanged(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`${from} is not in it.`);
  return text.replace(from, to);
}

export const MANIFESTS: readonly ManifestCase[] = [
  { name: "nothing wrong", text: textOf(crafted()), expect: "taken" },
  ...placed(PATHS, ({ path }) => path),
  ...placed(NAMES, ({ name }) => name),
  ...placed(TEXTS, ({ any }) => any),
  ...NODE_NAMES,
  ...TORN,
  ...VALUES,
  ...READINGS,
];

export interface ListingCase {
  readonly name: string;
  readonly text: string;
  readonly artifact: Artifact;
  readonly expect: Expectation;
}

const file = (path: string) => ({ path, sha256: HASH, bytes: 1 });

function listed(
  name: string,
  listing: Listing,
  expect: Expectation,
): ListingCase {
  return {
    name,
    text: canonical(listing),
    artifact: {
      sha256: hashListing(listing),
      bytes: listing.reduce((sum, { bytes }) => sum + bytes, 0),
      mediaType: "inode/directory",
      folder: true,
    },
    expect,
  };
}

const NO_PATH = { refused: "is no path inside a folder" };

export const LISTINGS: readonly ListingCase[] = [
  listed("files and folders", [file("a"), file("b/c")], "taken"),
  listed("names of other scripts", [file("ü €/ナ.txt")], "taken"),
  ...EVIL_PATHS.filter((path) => path !== "0.txt/b").map((path) =>
    listed(
      `a file called ${JSON.stringify(path.slice(0, 30))}`,
      [file("0"), file(path)],
      NO_PATH,
    )
  ),
  ...HOSTILE.filter(({ text }) => !text.includes("/")).map(({ what, text }) =>
    listed(`a file whose name is ${what}`, [file(`a/${text}/b`)], NO_PATH)
  ),
  listed("a path twice", [file("a"), file("a")], { refused: "a path twice" }),
  listed("a file that is a folder", [file("a"), file("a/b")], {
    refused: "a path twice",
  }),
  {
    ...listed("other bytes than the artifact has", [file("a")], "taken"),
    artifact: {
      sha256: hashListing([file("a")]),
      bytes: 2,
      mediaType: "",
      folder: true,
    },
    expect: { refused: "expected files of 2 bytes, found 1" },
  },
];

export interface SignatureCase {
  readonly name: string;
  /** Out of a good text of signatures, by a trusted key. */
  readonly make: (good: string) => string | undefined;
  readonly expect: Expectation;
}

const STRANGER = `ed25519:${"A".repeat(43)}`;
const UNWRITTEN = { refused: "not written as such" };

/** The one key and its signature in a good text. */
const SIGNED = /"(ed25519:[^"]*)":"([^"]*)"/;

export const SIGNATURES: readonly SignatureCase[] = [
  { name: "as they were made", make: (good) => good, expect: "taken" },
  {
    name: "none",
    make: () => undefined,
    expect: { refused: "nobody has signed it" },
  },
  { name: "an empty text", make: () => "", expect: UNWRITTEN },
  { name: "a list", make: () => "[]", expect: UNWRITTEN },
  {
    name: "a newer form",
    make: (good) => good.replace('"schema":1', '"schema":2'),
    expect: UNWRITTEN,
  },
  {
    name: "a field more",
    make: (good) => good.replace("{", '{"x":1,'),
    expect: UNWRITTEN,
  },
  {
    name: "nobody's",
    make: (good) => good.replace(SIGNED, ""),
    expect: { refused: "it is signed by nobody" },
  },
  {
    name: "a stranger's",
    make: (good) => good.replace(SIGNED, `"${STRANGER}":"$2"`),
    expect: { refused: "believed would be only" },
  },
  {
    name: "a stranger's beside the trusted one's",
    make: (good) =>
      good.replace(SIGNED, `"$1":"$2","${STRANGER}":"${"A".repeat(86)}"`),
    expect: "taken",
  },
  {
    name: "a signature of zeros",
    make: (good) => good.replace(SIGNED, `"$1":"${"A".repeat(86)}"`),
    expect: { refused: "does not hold" },
  },
  {
    name: "a signature that is too short",
    make: (good) => good.replace(SIGNED, (all) => all.slice(0, -2) + '"'),
    expect: UNWRITTEN,
  },
  {
    name: "of another manifest",
    make: (good) => good.replace(/[0-9a-f]{64}/, sha256("another")),
    expect: { refused: "signed as another text" },
  },
  {
    name: "a key with an escape sequence",
    make: (good) => good.replace("ed25519:", "ed25519:\\u001b[2J"),
    expect: UNWRITTEN,
  },
  {
    name: "brackets without end",
    make: () => "[".repeat(60_000),
    expect: UNWRITTEN,
  },
  {
    name: "longer than any",
    make: (good) => good + " ".repeat(70_000),
    expect: { refused: "expected at most" },
  },
];
