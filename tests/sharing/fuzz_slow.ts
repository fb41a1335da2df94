/** Thousands of mutated bundles, remotes and answers: each is accepted only if equal, else refused in one sentence, and writes nowhere else. */
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { dirname, join } from "@std/path";
import { ifThere } from "../../base/stat.ts";
import { namesIn, removeIfThere } from "../../engine/files/atomic.ts";
import { isFailure } from "../../engine/files/failure.ts";
import { canonical, filesOf, sha256 } from "../../engine/files/hash.ts";
import type { Policy } from "../../engine/provenance/trust_policy.ts";
import { contentsOf } from "../../sharing/transfer/contents.ts";
import { exportBundle } from "../../sharing/bundles/export.ts";
import { importBundle } from "../../sharing/bundles/import.ts";
import { pull } from "../../sharing/pull.ts";
import { push } from "../../sharing/push.ts";
import {
  sharedManifestPath,
  sharedSignaturesPath,
} from "../../sharing/remotes/remote.ts";
import { openRemote } from "../../sharing/remotes/open.ts";
import { isInputError } from "../../base/input_error.ts";
import { random } from "../../nmt/random.ts";
import { trials } from "../fixtures/trials.ts";
import { makeKeys, signedBy } from "../engine/fixtures/keys.ts";
import { answerBadly } from "./fixtures/bad_server.ts";
import { SILENT, trusting, UNSIGNED } from "./fixtures/exchange.ts";
import {
  assertObjectsWhole,
  makeArtifacts,
  seen,
  temporary,
  workspaceIn,
} from "./fixtures/made.ts";
import { mutated, type Next, oneOf, reshaped } from "./fixtures/mutations.ts";

/** FUZZ_SEED=7 tries others; FUZZ_ONLY=123 one alone. */
const CASES = trials(3000);
const SEED = Number(Deno.env.get("FUZZ_SEED") ?? 1);
const ONLY = Deno.env.get("FUZZ_ONLY");
const numbers = ONLY === undefined
  ? Array.from({ length: CASES }, (_, i) => i)
  : [Number(ONLY)];

const NETWORK = { attempts: 2, wait: 1, timeout: 300, minimumBytes: 1 };

/** No case needs more beyond what the test takes by itself. */
const MEMORY_BYTES = 600e6;

/** The kinds of cases, in turns. */
const KINDS = ["bundle", "manifest", "answer"] as const;

interface Site {
  /** All that may be touched; the artifact folder lies deep in it, so that what leads out of it stays in here. */
  readonly root: string;
  readonly artifacts: string;
  readonly remote: string;
  readonly bundle: string;
}

interface Good {
  readonly text: string;
  readonly signatures: string;
  /** The bytes of the bundle. */
  readonly bundle: Uint8Array;
  /** By path in a remote. */
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

Deno.test(`${numbers.length} changed manifests, bundles and answers are each taken as equal or refused in one sentence`, async (t) => {
  using keys = makeKeys();
  using root = temporary();
  const key = keys.make("key.pem");
  const signed = trusting(key);
  const site: Site = {
    root: root.path,
    artifacts: join(root.path, "a/b/c/artifacts"),
    remote: join(root.path, "remote"),
    bundle: join(root.path, "run.tar"),
  };
  const good = await makeGood(
    join(root.path, "good"),
    (text) => signedBy(text, key),
  );
  await using server = answerBadly(good.files);
  Deno.mkdirSync(site.artifacts, { recursive: true });
  Deno.mkdirSync(site.remote);
  const outside = treeOf(site);
  // Of this isolate: other tests share the process.
  const held = () => {
    const { heapTotal, external } = Deno.memoryUsage();
    return heapTotal + external;
  };
  const before = held();
  const outcomes = new Map<string, number>();
  const count = (what: string) =>
    outcomes.set(what, (outcomes.get(what) ?? 0) + 1);

  for (const number of numbers) {
    const next = random("fuzz", SEED, number);
    const kind = KINDS[number % KINDS.length];
    const policy = next() < 0.5 ? signed : UNSIGNED;
    try {
      const take = prepare(kind, site, good, next, server);
      const refusal = await refusalOf(() => take(policy));
      if (refusal === undefined) {
        await assertTaken(site, good, policy === signed);
      } else {
        await assertRefused(site, refusal);
      }
      count(`${kind} ${refusal === undefined ? "taken" : "refused"}`);
      assertEquals(treeOf(site), outside);
      assert(held() - before < MEMORY_BYTES);
    } catch (error) {
      throw new Error(`FUZZ_SEED=${SEED} FUZZ_ONLY=${number}, ${kind}`, {
        cause: error,
      });
    }
    clear(site.artifacts);
  }
  if (ONLY === undefined) {
    for (const kind of KINDS) {
      for (const outcome of ["taken", "refused"]) {
        const times = outcomes.get(`${kind} ${outcome}`) ?? 0;
        assert(times > 0, `No ${kind} was ${outcome}.`);
      }
    }
  }
  await t.step(
    [...outcomes].map(([what, times]) => `${what}: ${times}`).sort().join(", "),
    () => {},
  );
});

/** Lays out a case; gives how it is taken in. */
function prepare(
  kind: typeof KINDS[number],
  site: Site,
  good: Good,
  next: Next,
  server: ReturnType<typeof answerBadly>,
): (policy: Policy) => Promise<unknown> {
  const workspace = () => workspaceIn(site.artifacts);
  const importIt = (policy: Policy) =>
    importBundle(workspace(), site.bundle, policy, SILENT);
  const pullFrom = (address: string) => (policy: Policy) =>
    pull(workspace(), "made", policy, [
      openRemote(address, { network: NETWORK }),
    ], SILENT);
  switch (kind) {
    case "bundle":
      Deno.writeFileSync(site.bundle, changedBundle(good, next));
      return importIt;
    case "manifest":
      writeRemote(site.remote, good, next);
      return pullFrom(site.remote);
    case "answer":
      server.misbehave(next);
      return pullFrom(server.url);
  }
}

/** The error of a refusal, or undefined where it was taken; any other error is a crash. */
async function refusalOf(
  take: () => Promise<unknown>,
): Promise<Error | undefined> {
  try {
    await take();
    return undefined;
  } catch (error) {
    if (isFailure(error) || isInputError(error)) return error;
    throw error;
  }
}

/** One sentence that steers no terminal, and a folder in which nothing is seen. */
async function assertRefused(
  { artifacts }: Site,
  { message }: Error,
): Promise<void> {
  assert(/^Cannot [^\n]*\.$/.test(message), message);
  assert(!/[.!?] [A-Z]/.test(message.replaceAll(/"[^"]*"/g, "")), message);
  assert(!/\p{Cc}/u.test(message), JSON.stringify(message));
  assert(message.length < 2000, message);
  const names = namesIn(artifacts);
  assert(!names.includes("manifest.json") && !names.includes("cache"), message);
  await assertObjectsWhole(artifacts);
}

/** What was taken is what was signed, or at least all that it says holds. */
async function assertTaken(
  { artifacts }: Site,
  { text, signatures }: Good,
  isSigned: boolean,
): Promise<void> {
  const { manifest, broken, ...found } = await seen(artifacts);
  assertEquals(broken, 0);
  assert(manifest !== undefined);
  if (!isSigned) return;
  assertEquals(manifest, text);
  assertEquals(found.signatures, signatures);
}

/** Every path but those below the artifact folder, with its size. */
function treeOf({ root, artifacts, bundle, remote }: Site): string[] {
  const walk = (folder: string): string[] =>
    [...Deno.readDirSync(folder)].flatMap((entry) => {
      const path = join(folder, entry.name);
      if (path === artifacts || path === bundle || path === remote) {
        return [path];
      }
      if (entry.isDirectory) return [path, ...walk(path)];
      return [`${path} ${Deno.lstatSync(path).size}`];
    });
  return walk(root).filter((path) => path !== bundle).sort();
}

function clear(folder: string): void {
  for (const name of namesIn(folder)) removeIfThere(join(folder, name));
}

async function makeGood(
  folder: string,
  sign: (text: string) => string,
): Promise<Good> {
  const text = await makeArtifacts(folder);
  const signatures = sign(text);
  Deno.writeTextFileSync(join(folder, "manifest.sig.json"), signatures);
  const contents = await contentsOf(workspaceIn(folder));
  const bundle = join(folder, "bundle");
  await exportBundle(contents, bundle, SILENT);
  const remote = join(folder, "remote");
  await push(
    contents,
    openRemote(remote, { network: NETWORK, create: true }),
    { paranoid: false },
    SILENT,
  );
  const files = new Map(
    filesOf(remote)
      .map((name) => [name, Deno.readFileSync(join(remote, name))]),
  );
  return { text, signatures, bundle: Deno.readFileSync(bundle), files };
}

/** The bytes of a bundle changed somewhere, mostly behind the manifest; now and then not at all. */
function changedBundle({ bundle }: Good, next: Next): Uint8Array {
  return next() < 0.02 ? bundle : mutated(bundle, next);
}

/** A remote in a folder with one of its files changed, its manifest most often; the others are as they should be. */
function writeRemote(folder: string, good: Good, next: Next): void {
  const changed = next() < 0.7
    ? sharedManifestPath("made")
    : next() < 0.5
    ? sharedSignaturesPath(sha256(good.text))
    : oneOf(next, [...good.files.keys()]);
  for (const [name, bytes] of good.files) {
    const path = join(folder, name);
    const content = name !== changed || next() < 0.02
      ? bytes
      : next() < 0.5
      ? mutated(bytes, next)
      : rewritten(bytes, next);
    const there = ifThere(() => Deno.readFileSync(path));
    if (there !== undefined && Buffer.from(there).equals(content)) continue;
    Deno.mkdirSync(dirname(path), { recursive: true });
    Deno.writeFileSync(path, content);
  }
}

/** A JSON text with something in it changed, as it would be written; other bytes as they are. */
function rewritten(bytes: Uint8Array<ArrayBuffer>, next: Next) {
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes));
    return Buffer.from(canonical(reshaped(value, next)) + "\n");
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return bytes;
  }
}
