/** What comes from elsewhere: taken when a trusted key signed it and all of it holds, refused in one sentence else. */
import { assert, assertEquals } from "@std/assert";
import { EXTENT } from "../../../base/json_extent.ts";
import { isFailure } from "../../../engine/files/failure.ts";
import { canonical, hashListing, sha256 } from "../../../engine/files/hash.ts";
import { keyOf } from "../../../engine/keys/key.ts";
import type { SigningKey } from "../../../engine/provenance/signature.ts";
import {
  acceptListing,
  acceptManifest,
  LIMITS,
  type Policy,
  readPolicy,
} from "../../../engine/provenance/trust_policy.ts";
import type { Artifact, Json, Listing } from "../../../schemas/manifest.ts";
import { assertInputError } from "../../fixtures/input_error.ts";
import { makeKeys, signedBy } from "../fixtures/keys.ts";

const UNSIGNED: Policy = { keys: new Map(), unsigned: true };
const CODE = { modules: {}, packages: {}, resolutions: {} };
const PREIMAGE = {
  stage: "split",
  code: sha256(canonical(CODE)),
  config: { text: "text.txt" } as Json,
  inputs: {},
  files: {} as Record<string, string>,
  seed: 1,
  environment: null,
};
const LINES = { sha256: sha256("lines"), bytes: 5, mediaType: "text/plain" };

interface Parts {
  readonly experiment: string;
  readonly node: string;
  readonly preimage: typeof PREIMAGE;
  readonly key: string;
  readonly outputs: Readonly<Record<string, Json>>;
  readonly metrics: Readonly<Record<string, Json>>;
  readonly code: Json;
}

/** A manifest of one node, with parts as a test wants them. */
function manifest(parts: Partial<Parts> = {}): string {
  const { preimage = PREIMAGE, code = { [preimage.code]: CODE } } = parts;
  const record = {
    key: parts.key ?? keyOf(preimage),
    preimage,
    inputs: {},
    outputs: parts.outputs ?? { lines: LINES },
    metrics: parts.metrics ?? {},
  };
  return canonical({
    schema: 1,
    experiment: { name: parts.experiment ?? "quick", value: {} },
    code,
    nodes: { [parts.node ?? "split"]: record },
  }) + "\n";
}

function trusting(...keys: readonly SigningKey[]): Policy {
  return {
    keys: new Map(keys.map(({ publicKey }, i) => [publicKey, `signer ${i}`])),
    unsigned: false,
  };
}

/** Fails unless a manifest, or what else is taken, is refused in one sentence with all parts. */
function assertRefused(act: () => unknown, ...parts: readonly string[]): void {
  let error: unknown;
  try {
    act();
  } catch (thrown) {
    error = thrown;
  }
  assert(isFailure(error), `refused: ${error}`);
  assert(/^Cannot accept [^\n]*\.$/.test(error.message), error.message);
  for (const part of parts) {
    assert(error.message.includes(part), `${part} in: ${error.message}`);
  }
}

Deno.test("a manifest that a trusted key signed is taken, and says by whom", () => {
  using keys = makeKeys();
  const [one, two] = [keys.make("one"), keys.make("two")];
  const text = manifest();
  const signed = signedBy(text, one, two);
  assertEquals(
    acceptManifest(text, signed, "quick", trusting(one, two)).signedBy
      .toSorted(),
    ["signer 0", "signer 1"],
  );
  const { manifest: taken, signedBy: by } = acceptManifest(
    text,
    signed,
    "quick",
    trusting(two),
  );
  assertEquals(by, ["signer 0"]);
  assertEquals(canonical(taken) + "\n", text);
});

Deno.test("without a trusted key nothing is taken, and the sentence names the three ways out", () => {
  using keys = makeKeys();
  const text = manifest();
  assertInputError(
    () =>
      acceptManifest(text, signedBy(text, keys.make("key")), "quick", {
        keys: new Map(),
        unsigned: false,
      }),
    "no key is trusted",
    '"trust"',
    "--signed-by",
    "--unsigned",
  );
});

Deno.test("what nobody signed is taken with --unsigned only, and its hashes are checked all the same", () => {
  using keys = makeKeys();
  const text = manifest();
  assertRefused(
    () => acceptManifest(text, undefined, "quick", trusting(keys.make("key"))),
    "nobody has signed it",
  );
  assertEquals(acceptManifest(text, undefined, "quick", UNSIGNED).signedBy, []);
  assertRefused(
    () =>
      acceptManifest(
        manifest({ key: sha256("another") }),
        undefined,
        "quick",
        UNSIGNED,
      ),
    'the key of node "split"',
  );
});

Deno.test("no bit of a signed manifest can be flipped", () => {
  using keys = makeKeys();
  const key = keys.make("key");
  const text = manifest();
  const signatures = signedBy(text, key);
  const bytes = new TextEncoder().encode(text);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3] ^= 1 << (bit & 7);
    const other = new TextDecoder().decode(flipped);
    assertRefused(
      () => acceptManifest(other, signatures, "quick", trusting(key)),
      "signed as another text",
    );
  }
});

Deno.test("a flipped bit of the signatures is refused, but for the bits that base64 leaves over", () => {
  using keys = makeKeys();
  const key = keys.make("key");
  const text = manifest();
  const bytes = new TextEncoder().encode(signedBy(text, key));
  let taken = 0;
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3] ^= 1 << (bit & 7);
    const other = new TextDecoder().decode(flipped);
    try {
      acceptManifest(text, other, "quick", trusting(key));
      taken++;
    } catch (error) {
      assert(isFailure(error), `${error}`);
    }
  }
  assert(taken <= 8, `${taken} flipped bits are taken`);
});

Deno.test("a swapped key is refused: that of a stranger, and a stranger's signature under the trusted key's name", () => {
  using keys = makeKeys();
  const [trusted, stranger] = [keys.make("trusted"), keys.make("stranger")];
  const text = manifest();
  const signed = signedBy(text, stranger);
  assertRefused(
    () => acceptManifest(text, signed, "quick", trusting(trusted)),
    `it is signed by ${stranger.publicKey}`,
    "only signer 0",
  );
  assertRefused(
    () =>
      acceptManifest(
        text,
        signed.replace(stranger.publicKey, trusted.publicKey),
        "quick",
        trusting(trusted),
      ),
    "the signature of signer 0 does not hold",
  );
});

Deno.test("an old, rightly signed manifest is refused under another name, and for another text", () => {
  using keys = makeKeys();
  const key = keys.make("key");
  const text = manifest({ experiment: "paper" });
  const signatures = signedBy(text, key);
  acceptManifest(text, signatures, "paper", trusting(key));
  assertRefused(
    () => acceptManifest(text, signatures, "quick", trusting(key)),
    'that of the experiment "paper" under another name',
  );
  assertRefused(
    () => acceptManifest(manifest(), signatures, "quick", trusting(key)),
    "signed as another text",
  );
});

const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
const rawManifest = (value: string) =>
  manifest().replace('"value":{}', `"value":${value}`);

/** What is wrong with a manifest, its text, and what the refusal says. */
const BAD: readonly (readonly [string, () => string, string])[] = [
  [
    "too long a text",
    () => manifest() + " ".repeat(LIMITS.manifestBytes),
    `expected at most ${LIMITS.manifestBytes} bytes`,
  ],
  [
    "values that lie too deep in each other",
    () => rawManifest(nested(EXTENT.depth)),
    "deeper in each other than 64",
  ],
  [
    "a million open brackets",
    () => "[".repeat(1_000_000),
    "deeper in each other",
  ],
  [
    "too many values",
    () => `[${"0,".repeat(EXTENT.values)}0]`,
    "more values than",
  ],
  ["a string without an end", () => '{"schema', "it is no JSON"],
  ["no JSON", () => "{]", "it is no JSON"],
  ["another shape", () => "[]\n", "expected object"],
  [
    "a newer version",
    () => manifest().replace('"schema":1', '"schema":3'),
    "written by a newer version",
  ],
  [
    "a field that nobody knows",
    () => manifest().replace('"schema":1', '"schema":1,"x":1'),
    'unknown key "x"',
  ],
  [
    "a key twice, which two readers may read in two ways",
    () => manifest().replace('"seed":1', '"seed":2,"seed":1'),
    "canonical JSON",
  ],
  ["spaces", () => manifest().replace(":", ": "), "canonical JSON"],
  [
    "a node called __proto__",
    () => manifest({ node: "split2" }).replace('"split2"', '"__proto__"'),
    "canonical JSON",
  ],
  [
    "half a character",
    () => rawManifest('"\\ud800"'),
    "canonical JSON",
  ],
  [
    "a name with a control character",
    () => manifest({ node: "split\u001b[2J" }),
    "is no name",
  ],
  [
    "an output whose name leads out of its folder",
    () => manifest({ outputs: { "../../../../PWNED.sh": LINES } }),
    '"../../../../PWNED.sh" is no name',
  ],
  [
    "a metric with a control character",
    () => manifest({ metrics: { signature: "\u001b[2J" } }),
    "is no text that can be printed",
  ],
  [
    "an experiment's name with a control character",
    () => manifest({ experiment: "quick\u001b[2J" }),
    "is no name",
  ],
  [
    "the hash of code with a control character, and long",
    () => manifest({ code: { ["\u001b[2J".repeat(1000)]: CODE } }),
    "SHA-256",
  ],
  [
    "a name that turns the direction of text",
    () => manifest({ outputs: { "a\u202eb": LINES } }),
    "is no name",
  ],
  [
    "too long a name",
    () => manifest({ metrics: { ["x".repeat(LIMITS.nameLength + 1)]: 1 } }),
    "is no name",
  ],
  [
    "too long a path",
    () =>
      manifest({
        preimage: {
          ...PREIMAGE,
          files: { ["x".repeat(LIMITS.pathLength + 1)]: sha256("") },
        },
      }),
    "is no name",
  ],
  [
    "an object larger than any disk",
    () => manifest({ outputs: { lines: { ...LINES, bytes: 2 ** 45 } } }),
    "is larger than",
  ],
  [
    "a size that is no number of bytes",
    () => manifest({ outputs: { lines: { ...LINES, bytes: 2 ** 53 } } }),
    "bytes",
  ],
  [
    "a key that is not the preimage's hash",
    () =>
      manifest({ preimage: { ...PREIMAGE, seed: 2 }, key: keyOf(PREIMAGE) }),
    "is not that of what it was made of",
  ],
  [
    "code under another's hash",
    () =>
      manifest({
        code: { [PREIMAGE.code]: { ...CODE, resolutions: { a: "b" } } },
      }),
    "has another hash",
  ],
  [
    "code that is missing",
    () => manifest({ code: {} }),
    'the code of node "split" is missing',
  ],
];

for (const [what, text, part] of BAD) {
  Deno.test(`${what} is refused in one sentence`, () => {
    assertRefused(
      () => acceptManifest(text(), undefined, "quick", UNSIGNED),
      part,
    );
  });
}

Deno.test("too long a file of signatures is refused before it is parsed, and so is one that is none", () => {
  using keys = makeKeys();
  const key = keys.make("key");
  const text = manifest();
  const refused = (signatures: string, part: string) =>
    assertRefused(
      () => acceptManifest(text, signatures, "quick", trusting(key)),
      part,
    );
  refused(
    signedBy(text, key) + " ".repeat(LIMITS.signaturesBytes),
    "expected at most",
  );
  for (const none of ["", "{", "[]", '{"schema":1}', '{"schema":2}']) {
    refused(none, "not written as such");
  }
});

function listed(listing: Listing): readonly [string, Artifact] {
  const bytes = listing.reduce((sum, { bytes }) => sum + bytes, 0);
  return [canonical(listing), {
    sha256: hashListing(listing),
    bytes,
    mediaType: "inode/directory",
    folder: true,
  }];
}

const named = (...paths: string[]): Listing =>
  paths.map((path) => ({ path, sha256: sha256(path), bytes: 1 }));

Deno.test("a listing is taken where it has the artifact's hash and bytes", () => {
  const files = named("a.txt", "b/c.txt", "b/d.txt", "ü €.txt");
  const [text, artifact] = listed(files);
  assertEquals(acceptListing(text, artifact), files);
  assertRefused(
    () => acceptListing(text.replace("a.txt", "b.txt"), artifact),
    "another hash",
  );
  assertRefused(
    () => acceptListing(text, { ...artifact, bytes: 5 }),
    "expected files of 5 bytes, found 4",
  );
});

const OUTSIDE = [
  "../a",
  "/etc/passwd",
  "a/../../b",
  "a//b",
  "a/",
  ".",
  "a/./b",
  "a\\b",
  "c:a",
  "a\u0000b",
  "a\nb",
  "x".repeat(LIMITS.nameLength + 1),
  "abc/".repeat(LIMITS.pathLength / 4) + "a",
];

for (const path of OUTSIDE) {
  Deno.test(`a file called ${JSON.stringify(path.slice(0, 20))} in a listing is refused`, () => {
    const [text, artifact] = listed(named(path));
    assertRefused(
      () => acceptListing(text, artifact),
      "is no path inside a folder",
    );
  });
}

Deno.test("a listing that names a path twice, as file and folder too, is refused", () => {
  for (const paths of [["a", "a"], ["a", "a!b", "a/b"]]) {
    const [text, artifact] = listed(named(...paths));
    assertRefused(() => acceptListing(text, artifact), "a path twice");
  }
});

Deno.test("the policy is that of deno.json and of the user's trust.json; --signed-by narrows it", () => {
  using keys = makeKeys();
  const [lab, friend, other] = ["lab", "friend", "other"]
    .map((name) => keys.make(name).publicKey);
  Deno.writeTextFileSync(
    keys.path("deno.json"),
    JSON.stringify({ imports: {}, trust: { lab } }),
  );
  const options = { project: keys.folder, config: keys.folder };
  assertEquals(readPolicy(options), {
    keys: new Map([[lab, "lab"]]),
    unsigned: false,
  });
  Deno.writeTextFileSync(keys.path("trust.json"), JSON.stringify({ friend }));
  assertEquals(
    readPolicy(options).keys,
    new Map([[lab, "lab"], [friend, "friend"]]),
  );
  const narrowed = readPolicy({ ...options, signedBy: ["friend", other] });
  assertEquals(narrowed.keys, new Map([[friend, "friend"], [other, other]]));
});

Deno.test("a policy that is not written as one is told with the place", () => {
  using keys = makeKeys();
  const policy = (text: string) => {
    Deno.writeTextFileSync(keys.path("trust.json"), text);
    return () => readPolicy({ project: keys.folder, config: keys.folder });
  };
  assertEquals(policy("{}")().keys.size, 0);
  assertInputError(policy("{"), "trust.json", "no JSON");
  assertInputError(
    policy('{"lab": "ed25519:short"}'),
    '"lab"',
    "expected a public key",
  );
  assertInputError(policy('{"": "x"}'), "expected a name");
  Deno.writeTextFileSync(keys.path("keys.pub"), "no key\n");
  Deno.removeSync(keys.path("trust.json"));
  assertInputError(
    () =>
      readPolicy({
        project: keys.folder,
        config: keys.folder,
        signedBy: [keys.path("keys.pub")],
      }),
    "a line that is no public key",
  );
});

Deno.test("the project's own manifest is one that could be taken", () => {
  const text = Deno.readTextFileSync(
    new URL("../../../artifacts/manifest.json", import.meta.url),
  );
  const { experiment } = JSON.parse(text);
  const { manifest } = acceptManifest(
    text,
    undefined,
    experiment.name,
    UNSIGNED,
  );
  assert(Object.keys(manifest.nodes).length > 0);
});
