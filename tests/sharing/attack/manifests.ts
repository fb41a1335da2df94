/** Manifests, listings and signatures that somebody crafted, and whether they are accepted. */
import { canonical, hashListing, sha256 } from "../../../engine/files/hash.ts";
import { keyOf } from "../../../engine/keys/key.ts";
import type {
  Artifact,
  Listing,
  Manifest,
  Metrics,
} from "../../../schemas/manifest.ts";

/** What was crafted, by name, and a part of the refusal; without one, it is accepted. */
export type Cases<Crafted> = Readonly<
  Record<string, readonly [crafted: Crafted, refused?: string]>
>;

/** The texts of a manifest that an attacker may choose. */
const GOOD = {
  experiment: "quick",
  node: "count:all",
  stage: "count",
  output: "counts",
  input: "parts",
  mediaType: "application/json",
  metrics: { words: 6 } as Metrics,
  file: "data/text.txt",
  module: "stages/count.ts",
  packageId: "zod@4.6.7",
  integrity: "sha512-abc",
  resolutions: { zod: "npm:zod@4.6.7" } as Readonly<Record<string, string>>,
};
type Parts = Partial<typeof GOOD>;

const HASH = sha256("lines");
const artifact = (mediaType: string): Artifact => ({
  sha256: HASH,
  bytes: 5,
  mediaType,
});

/** Two nodes, one the input of the other, with valid hashes. */
export function crafted(parts: Parts = {}): Manifest {
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
    config: {},
    inputs,
    files: { [all.file]: sha256("text") },
    seed: 1,
    environment: null,
  });
  const first = preimage("split", {});
  const second = preimage(all.stage, { [all.input]: { lines: HASH } });
  return {
    schema: 2,
    experiment: { name: all.experiment, value: {} },
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

/** Texts that may be printed as a name, but not become part of a path. */
const NO_PATHS = {
  "a way up": "..",
  "itself": ".",
  "a way up inside": "a/../../b",
  "an absolute path": "/etc/passwd",
  "a way up by backslashes": "..\\..\\PWNED.bat",
  "a drive": "C:\\PWNED.bat",
  "a device of Windows": "nul",
  "a device with an ending": "COM1.txt",
  "a dot at its end, which Windows cuts off": "..a.",
  "a space at its end": "a ",
  "130 letters of two bytes": "ü".repeat(130),
};

/** Texts that may stand only where any text may. */
const NO_NAMES = { "300 letters": "x".repeat(300) };

/** Texts that may stand nowhere. */
const NO_TEXTS = {
  "an escape sequence": "a\u001b[2Jb",
  "an escape sequence of one character": "a\u009b2Jb",
  "a line break": "a\nb",
  "a separator of lines": "a\u2028b",
  "a zero byte": "a\u0000b",
  "a turn of direction": "a\u202egpj.exe",
  "a space of no width": "a\u200bb",
  "a mark of order": "\ufeffa",
  "a private character": "a\ue000b",
};
const HOSTILE = { ...NO_PATHS, ...NO_NAMES, ...NO_TEXTS };

type Place = (text: string) => Parts;

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

/** Every hostile text in every place; those in `refused` are refused there. */
function placed(
  places: Readonly<Record<string, Place>>,
  refused: Readonly<Record<string, string>>,
): Cases<string> {
  return Object.fromEntries(
    Object.entries(places).flatMap(([place, parts]) =>
      Object.entries(HOSTILE).map(([what, text]) => [
        `${place} that is ${what}`,
        [
          textOf(crafted(parts(text))),
          Object.hasOwn(refused, what) ? "is no " : undefined,
        ],
      ])
    ),
  );
}

/** Names of nodes that would be another path. */
const NODE_NAMES: Cases<string> = Object.fromEntries(
  ["..:x", "a/../b", "/x", "x:", ":x", "x//y", "x:y\\..", "nul:x", "x:y."]
    .map((node) => [
      `a node called ${JSON.stringify(node)}`,
      [textOf(crafted({ node })), "is no name"],
    ]),
);

type Change = (manifest: Manifest) => void;

/** Changes a good manifest and makes its keys anew, so that nothing else is wrong with it. */
function changed(change: Change): string {
  const manifest = crafted();
  change(manifest);
  for (const record of Object.values(manifest.nodes)) {
    record.key = keyOf(record.preimage);
  }
  return textOf(manifest);
}

/** Adds the code of another revision and gives it to a node. */
function otherCode(
  code: Pick<Manifest["code"][string], "modules" | "packages">,
): Change {
  return (manifest) => {
    const added = { ...code, resolutions: {} };
    const hash = sha256(canonical(added));
    manifest.code[hash] = added;
    manifest.nodes["count:all"].preimage.code = hash;
  };
}

/** Each record by itself is right, and they do not belong together. */
const CONTRADICTIONS: Cases<Change> = {
  "a node that was made of other bytes than its input has": [
    ({ nodes }) =>
      nodes["count:all"].preimage.inputs.parts.lines = sha256("others"),
    'node "count:all" was made of another "split"',
  ],
  "an input whose bytes were exchanged behind the node": [
    ({ nodes }) => nodes.split.outputs.lines.sha256 = sha256("exchanged"),
    'node "count:all" was made of another "split"',
  ],
  "an input that is not in the key": [
    ({ nodes }) => nodes["count:all"].inputs.more = "split",
    'the inputs of node "count:all"',
  ],
  "an input in the key without an edge": [
    ({ nodes }) => nodes["count:all"].inputs = {},
    'the inputs of node "count:all"',
  ],
  "a node that is made of itself": [
    ({ nodes }) => nodes["count:all"].inputs.parts = "count:all",
    'was made of another "count:all"',
  ],
  "an output that the input's node does not have": [
    ({ nodes }) => nodes["count:all"].preimage.inputs.parts = { words: HASH },
    'was made of another "split"',
  ],
  "a file that was taken for a folder": [
    ({ nodes }) => nodes["count:all"].preimage.inputs.parts.lines = `${HASH}/`,
    'was made of another "split"',
  ],
  "an input whose node is missing, which is no contradiction": [
    ({ nodes }) => nodes["count:all"].inputs.parts = "elsewhere",
  ],
  "a module of two contents": [
    otherCode({ modules: { "stages/count.ts": HASH }, packages: {} }),
    'two revisions of the code, in which "stages/count.ts"',
  ],
  "a package of two contents": [
    otherCode({ modules: {}, packages: { "zod@4.6.7": "sha512-another" } }),
    'two revisions of the code, in which "package zod',
  ],
  "codes that share nothing": [
    otherCode({
      modules: { "stages/other.ts": HASH },
      packages: { "zod@4.6.8": "sha512-another" },
    }),
  ],
};

/** Parts of the text of a good manifest and what stands there instead: all are refused. */
const REPLACED: Readonly<Record<string, readonly [from: string, to: string]>> =
  {
    "a metric that is null": ['"words":6', '"words":null'],
    "a metric that is a list": ['"words":6', '"words":[38.4]'],
    "a metric that is an object": ['"words":6', '"words":{"toString":1}'],
    "a metric that is infinite": ['"words":6', '"words":1e999'],
    "a metric that is not JSON": ['"words":6', '"words":NaN'],
    "a metric called __proto__": ['"words":6', '"__proto__":6'],
    "an output called __proto__": ['"counts":', '"__proto__":'],
    "a key twice": ['"value":{}', '"value":{"a":1,"a":2}'],
    "a seed that is rounded": ['"seed":1', '"seed":1.00000000000000000001'],
    "a size that is rounded": ['"bytes":5', '"bytes":5.0'],
    "a negative size": ['"bytes":5', '"bytes":-5'],
    "a hash in capitals": [HASH, HASH.toUpperCase()],
    "a hash that is too short": [HASH, HASH.slice(1)],
    "half a character": ['"value":{}', '"value":"\\udc00"'],
    "an escape where none is needed": ['"quick"', '"qu\\u0069ck"'],
    "schema 0": ['"schema":2', '"schema":0'],
    "a schema that is a text": ['"schema":2', '"schema":"2"'],
    "a schema to come": ['"schema":2', '"schema":3'],
    "no schema": [',"schema":2', ""],
    "code of no form": ['"resolutions":{"zod":"npm:zod@4.6.7"}', '"x":1'],
    "marks of a merge": ['{"code"', '<<<<<<< ours\n{"code"'],
    "a byte more": ["}\n", "}\n\n"],
    "no end of line": ["}\n", "}"],
    "a mark of order before it": ['{"code"', '\ufeff{"code"'],
  };

function replaced(from: string, to: string): string {
  const text = textOf(crafted());
  if (!text.includes(from)) throw new Error(`${from} is not in it.`);
  return text.replace(from, to);
}

export const MANIFESTS: Cases<string> = {
  "nothing wrong": [textOf(crafted())],
  ...placed(PATHS, HOSTILE),
  ...placed(NAMES, { ...NO_NAMES, ...NO_TEXTS }),
  ...placed(TEXTS, NO_TEXTS),
  ...NODE_NAMES,
  ...Object.fromEntries(
    Object.entries(CONTRADICTIONS)
      .map(([name, [change, refused]]) => [name, [changed(change), refused]]),
  ),
  ...Object.fromEntries(
    Object.entries(REPLACED)
      .map(([name, [from, to]]) => [
        name,
        [replaced(from, to), "Cannot accept"],
      ]),
  ),
};

/** A listing and the artifact that it is said to be of. */
interface CraftedListing {
  readonly text: string;
  readonly artifact: Artifact;
}

const file = (path: string) => ({ path, sha256: HASH, bytes: 1 });

function listed(listing: Listing, bytes = listing.length): CraftedListing {
  const sha256 = hashListing(listing);
  return {
    text: canonical(listing),
    artifact: { sha256, bytes, mediaType: "inode/directory", folder: true },
  };
}

const NO_PATH = "is no path inside a folder";

/** Paths that no listing may have, beside hostile names within one. */
const EVIL_PATHS = [
  "../outside",
  "a/../../../outside",
  "/outside",
  "C:/outside",
  "a//b",
  "./a",
  "a/.",
  " ",
  "a/".repeat(600) + "b",
];

export const LISTINGS: Cases<CraftedListing> = {
  "files and folders": [listed([file("a"), file("b/c")])],
  "names of other scripts": [listed([file("ü €/ナ.txt")])],
  ...Object.fromEntries(
    EVIL_PATHS.map((path) => [
      `a file called ${JSON.stringify(path.slice(0, 30))}`,
      [listed([file("0"), file(path)]), NO_PATH],
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(HOSTILE).filter(([, text]) => !text.includes("/"))
      .map(([what, text]) => [
        `a file whose name is ${what}`,
        [listed([file(`a/${text}/b`)]), NO_PATH],
      ]),
  ),
  "a path twice": [listed([file("a"), file("a")]), "a path twice"],
  "a file that is a folder": [
    listed([file("a"), file("a/b")]),
    "a path twice",
  ],
  "other bytes than the artifact has": [
    listed([file("a")], 2),
    "expected files of 2 bytes, found 1",
  ],
};

const STRANGER = `ed25519:${"A".repeat(43)}`;
const UNWRITTEN = "not written as such";

/** The one key and its signature in a good text. */
const SIGNED = /"(ed25519:[^"]*)":"([^"]*)"/;

/** Made of a good text of signatures by a trusted key. */
export const SIGNATURES: Cases<(good: string) => string | undefined> = {
  "as they were made": [(good) => good],
  "none": [() => undefined, "nobody has signed it"],
  "an empty text": [() => "", UNWRITTEN],
  "a list": [() => "[]", UNWRITTEN],
  "a newer form": [
    (good) => good.replace('"schema":1', '"schema":2'),
    UNWRITTEN,
  ],
  "a field more": [(good) => good.replace("{", '{"x":1,'), UNWRITTEN],
  "nobody's": [(good) => good.replace(SIGNED, ""), "it is signed by nobody"],
  "a stranger's": [
    (good) => good.replace(SIGNED, `"${STRANGER}":"$2"`),
    "believed would be only",
  ],
  "a stranger's beside the trusted one's": [
    (good) =>
      good.replace(SIGNED, `"$1":"$2","${STRANGER}":"${"A".repeat(86)}"`),
  ],
  "a signature of zeros": [
    (good) => good.replace(SIGNED, `"$1":"${"A".repeat(86)}"`),
    "does not hold",
  ],
  "a signature that is too short": [
    (good) => good.replace(SIGNED, (all) => all.slice(0, -2) + '"'),
    UNWRITTEN,
  ],
  "of another manifest": [
    (good) => good.replace(/[0-9a-f]{64}/, sha256("another")),
    "signed as another text",
  ],
  "a key with an escape sequence": [
    (good) => good.replace("ed25519:", "ed25519:\\u001b[2J"),
    UNWRITTEN,
  ],
  "brackets without end": [() => "[".repeat(60_000), UNWRITTEN],
  "longer than any": [
    (good) => good + " ".repeat(70_000),
    "expected at most",
  ],
};
