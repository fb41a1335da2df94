/** Runs what was crafted against sharing: each is taken or refused as it must be, in one sentence, and writes nowhere else. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Buffer } from "node:buffer";
import { join } from "@std/path";
import { namesIn, removeIfThere } from "../../../engine/files/atomic.ts";
import { isFailure } from "../../../engine/files/failure.ts";
import { sha256 } from "../../../engine/files/hash.ts";
import {
  acceptListing,
  acceptManifest,
  checkManifest,
  type Policy,
} from "../../../engine/provenance/trust_policy.ts";
import { isPrivate, withoutPassword } from "../../../base/addresses.ts";
import { isInputError } from "../../../base/input_error.ts";
import { contentsOf } from "../../../sharing/transfer/contents.ts";
import { exportBundle } from "../../../sharing/bundles/export.ts";
import { importBundle } from "../../../sharing/bundles/import.ts";
import { objectPath } from "../../../sharing/remotes/remote.ts";
import { openRemote } from "../../../sharing/remotes/open.ts";
import type { NetworkPolicy } from "../../../sharing/remotes/request.ts";
import { readText } from "../../../sharing/remotes/text.ts";
import { unpack } from "../../../nmt/text/fetch/archive.ts";
import { readDeb } from "../../../nmt/text/fetch/deb.ts";
import { download, redirectTarget } from "../../../nmt/text/fetch/download.ts";
import { makeKeys, signedBy } from "../../engine/fixtures/keys.ts";
import { bytesOf, flood, serveBytes } from "../fixtures/bad_server.ts";
import { makeArtifacts, temporary, workspaceIn } from "../fixtures/made.ts";
import {
  archiveOf,
  ARCHIVES,
  BUNDLES,
  DEBS,
  type Members,
} from "./archives.ts";
import {
  crafted,
  type Expectation,
  LISTINGS,
  MANIFESTS,
  SIGNATURES,
  textOf,
} from "./manifests.ts";
import {
  type Answer,
  BODY,
  PASSWORDS,
  PRIVATE_HOSTS,
  REDIRECTS,
  SERVERS,
} from "./servers.ts";

const UNSIGNED: Policy = { keys: new Map(), unsigned: true };
const SILENT = { progress: () => {}, notice: () => {} };
const NETWORK: NetworkPolicy = {
  attempts: 2,
  wait: 1,
  timeout: 400,
  minimumBytes: 100,
};

/** What a case comes to: taken, or the sentence of the refusal; any other error is a crash. */
async function outcomeOf(
  take: () => unknown,
): Promise<string | undefined> {
  try {
    await take();
    return undefined;
  } catch (error) {
    assert(isFailure(error) || isInputError(error), `${error}`);
    return error.message;
  }
}

function assertOutcome(
  name: string,
  found: string | undefined,
  expected: Expectation,
): void {
  const told = `${name}: ${found ?? "taken"}`;
  if (expected === "taken") return assertEquals(found, undefined, told);
  assert(found !== undefined, told);
  assertStringIncludes(found, expected.refused, told);
  assert(!/[\p{C}\u2028]/u.test(found), JSON.stringify(told));
  assert(found.length < 2000, told);
}

async function assertSentence(
  name: string,
  take: () => unknown,
  expected: Expectation,
): Promise<void> {
  const found = await outcomeOf(take);
  assertOutcome(name, found, expected);
  assert(found === undefined || /^Cannot [^\n]*\.$/.test(found), found);
}

Deno.test("the attack on sharing has 250 cases at least, each with another name", () => {
  const lists = [MANIFESTS, LISTINGS, SIGNATURES, BUNDLES, ARCHIVES, DEBS];
  for (const list of [...lists, SERVERS]) {
    const names = list.map(({ name }) => name);
    assertEquals(names.length, new Set(names).size, names.join("\n"));
  }
  const count = [...lists, SERVERS, REDIRECTS]
    .reduce((sum, { length }) => sum + length, 0);
  assert(count >= 250, `${count} cases`);
});

Deno.test(`${MANIFESTS.length} crafted manifests are taken or refused as they must be`, async () => {
  for (const { name, text, expect } of MANIFESTS) {
    await assertSentence(name, () => checkManifest(text, "it"), expect);
  }
});

Deno.test(`${LISTINGS.length} crafted listings are taken or refused as they must be`, async () => {
  for (const { name, text, artifact, expect } of LISTINGS) {
    await assertSentence(name, () => acceptListing(text, artifact), expect);
  }
});

Deno.test(`${SIGNATURES.length} crafted signatures are taken or refused as they must be`, async () => {
  using keys = makeKeys();
  const key = keys.make("key.pem");
  const policy = {
    keys: new Map([[key.publicKey, "maker"]]),
    unsigned: false,
  };
  const text = textOf(crafted());
  const good = signedBy(text, key);
  for (const { name, make, expect } of SIGNATURES) {
    const take = () => acceptManifest(text, make(good), "quick", policy);
    await assertSentence(name, take, expect);
  }
});

/** Every path below a folder, with its size. */
function treeOf(folder: string): string[] {
  return namesIn(folder).sort().flatMap((name) => {
    const path = join(folder, name);
    const { isDirectory, size } = Deno.lstatSync(path);
    return isDirectory ? [path, ...treeOf(path)] : [`${path} ${size}`];
  });
}

Deno.test(`${BUNDLES.length} crafted bundles are taken or refused as they must be, and leave nothing behind`, async () => {
  using root = temporary();
  const made = join(root.path, "made");
  const text = await makeArtifacts(made);
  const contents = await contentsOf(workspaceIn(made));
  const members: Members = [
    ["manifest.json", Buffer.from(text)],
    ...[...contents.listings, ...contents.files].map((
      { sha256, path },
    ): [string, Uint8Array] => [objectPath(sha256), Deno.readFileSync(path)]),
  ];
  const bundle = join(root.path, "run.tar");
  await exportBundle(contents, bundle, SILENT);
  assertEquals(
    Buffer.from(BUNDLES[0].make(members)),
    Buffer.from(Deno.readFileSync(bundle)),
  );
  const folder = join(root.path, "a/b/c/artifacts");
  Deno.mkdirSync(folder, { recursive: true });
  for (const { name, make, expect } of BUNDLES) {
    Deno.writeFileSync(bundle, make(members));
    const before = treeOf(root.path);
    const take = () =>
      importBundle(workspaceIn(folder), bundle, UNSIGNED, SILENT);
    await assertSentence(name, take, expect);
    if (expect === "taken") {
      assert(namesIn(folder).includes("manifest.json"));
      for (const name of namesIn(folder)) removeIfThere(join(folder, name));
    } else {
      removeIfThere(join(folder, "work"));
      assertEquals(treeOf(root.path), before, name);
    }
  }
});

Deno.test(`${ARCHIVES.length} crafted archives give their member or are refused, and leave nothing else`, async () => {
  using root = temporary();
  const [path, to] = ["talks.tgz", "member"].map((name) =>
    join(root.path, name)
  );
  for (const each of ARCHIVES) {
    Deno.writeFileSync(path, await archiveOf(each));
    const take = () => unpack({ path, name: "talks.tgz" }, "a.pt", to);
    await assertSentence(each.name, take, each.expect);
    assertEquals(namesIn(root.path).sort(), ["member", "talks.tgz"]);
    if (each.expect === "taken") {
      assertEquals(Deno.readTextFileSync(to), "um\ndois\n");
    }
  }
});

Deno.test(`${DEBS.length} crafted Debian packages are each refused, and at once`, async () => {
  using root = temporary();
  const path = join(root.path, "help.deb");
  for (const { name, text, expect } of DEBS) {
    Deno.writeFileSync(path, bytesOf(text));
    const began = performance.now();
    await assertSentence(name, () => readDeb(path, () => true), expect);
    assert(performance.now() - began < 5000, name);
  }
});

/** The bytes behind a head, as the data say. */
async function* bodyOf({ body = "", drip, flood: more }: Answer) {
  yield bytesOf(body);
  for (; drip !== undefined;) {
    await new Promise((resolve) => setTimeout(resolve, drip));
    yield bytesOf("x");
  }
  if (more !== undefined) yield* flood(more);
}

const raw = (answer: Answer) => ({
  head: answer.head,
  body: bodyOf(answer),
  hangs: answer.hangs,
});

/** What comes of a download, as a remote's is told. */
async function downloaded(url: string, folder: string): Promise<void> {
  const path = join(folder, "file");
  removeIfThere(path);
  const failure = await download(url, path, {
    limit: 1000,
    progress: () => {},
    log: () => {},
    retryDelay: 1,
    pace: { bytes: NETWORK.minimumBytes, milliseconds: NETWORK.timeout },
  });
  if (failure === undefined) return;
  const error = new Error(failure.reason);
  error.name = "Failure";
  throw error;
}

async function read(
  url: string,
  redirects?: string,
): Promise<string | undefined> {
  const remote = openRemote(url, { network: NETWORK, redirects });
  return await readText(remote, "keys/x.json", 1000, NETWORK);
}

for (const { name, answer, remote, download } of SERVERS) {
  Deno.test(`a server that sends ${name} is taken or told as it must be, by a remote and a download`, async () => {
    using root = temporary();
    await using server = serveBytes(() => raw(answer));
    const began = performance.now();
    await assertSentence(name, () => read(server.url), remote);
    const found = await outcomeOf(() =>
      downloaded(`${server.url}file`, root.path)
    );
    assertOutcome(name, found, download);
    // Each attempt ends after its timeout, however many bytes drip.
    assert(performance.now() - began < 20_000, name);
  });
}

for (const { location, allowed, remote, download } of REDIRECTS) {
  Deno.test(
    `a redirect to ${location}${
      allowed === undefined ? "" : `, where ${allowed} is allowed,`
    } is followed or not as it must be`,
    async () => {
      using root = temporary();
      let port = "";
      const withPort = (text: string) => text.replaceAll("PORT", port);
      await using server = serveBytes(({ path }) => {
        if (path.endsWith("whole")) {
          const head = `HTTP/1.1 200 OK\r\ncontent-length: ${BODY.length}\r\n`;
          return raw({ head: `${head}connection: close\r\n\r\n`, body: BODY });
        }
        const to = path === "circle" ? "/circle" : withPort(location);
        return raw({
          head:
            `HTTP/1.1 302 Found\r\nlocation: ${to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`,
        });
      });
      port = new URL(server.url).port;
      const hosts = allowed && withPort(allowed);
      await assertSentence(location, () => read(server.url, hosts), remote);
      if (download === undefined) return;
      const found = await outcomeOf(() =>
        downloaded(`${server.url}file`, root.path)
      );
      assertOutcome(location, found, download);
    },
  );
}

Deno.test("a download is led from the public network into no private one, however it is written", () => {
  for (const [address, expected] of Object.entries(PRIVATE_HOSTS)) {
    assertEquals(isPrivate(new URL(address)), expected, address);
    const led = redirectTarget(new URL("https://example.org/a/b"), address);
    assertEquals("reason" in led, expected, address);
  }
});

Deno.test("no address is told with its password", () => {
  for (const [text, expected] of Object.entries(PASSWORDS)) {
    assertEquals(withoutPassword(text), expected);
    assertEquals(withoutPassword(expected), expected);
  }
});

Deno.test("the hash of what a crafted manifest names is what it says", () => {
  assertEquals(
    crafted().nodes.split.outputs.lines.sha256,
    sha256("lines"),
  );
});
