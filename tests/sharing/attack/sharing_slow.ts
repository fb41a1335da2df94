/** Runs what was crafted against sharing: each is taken or refused as it must be, in one sentence, and writes nowhere else. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Buffer } from "node:buffer";
import { join } from "@std/path";
import { namesIn, removeIfThere } from "../../../engine/files/atomic.ts";
import { isFailure } from "../../../engine/files/failure.ts";
import {
  acceptListing,
  acceptManifest,
  checkManifest,
} from "../../../engine/provenance/trust_policy.ts";
import { isPrivate, withoutPassword } from "../../../base/addresses.ts";
import { isInputError } from "../../../base/input_error.ts";
import { contentsOf } from "../../../sharing/transfer/contents.ts";
import { exportBundle } from "../../../sharing/bundles/export.ts";
import { importBundle } from "../../../sharing/bundles/import.ts";
import { objectPath } from "../../../sharing/remotes/remote.ts";
import { openRemote } from "../../../sharing/remotes/open.ts";
import type { NetworkPolicy } from "../../../sharing/remotes/remote.ts";
import { readText } from "../../../sharing/remotes/text.ts";
import { unpack } from "../../../nmt/text/fetch/archive.ts";
import { readDeb } from "../../../nmt/text/fetch/deb.ts";
import { download, redirectTarget } from "../../../nmt/text/fetch/download.ts";
import { makeKeys, signedBy } from "../../engine/fixtures/keys.ts";
import { bytesOf, flood, serveBytes } from "../fixtures/bad_server.ts";
import { makeArtifacts, temporary, workspaceIn } from "../fixtures/made.ts";
import { SILENT, trusting, UNSIGNED } from "../fixtures/exchange.ts";
import {
  archiveOf,
  ARCHIVES,
  bundleOf,
  BUNDLES,
  DEBS,
  type Members,
} from "./archives.ts";
import {
  type Cases,
  crafted,
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

const NETWORK: NetworkPolicy = {
  attempts: 2,
  wait: 1,
  timeout: 400,
  minimumBytes: 100,
};

/** What a case comes to: undefined if it is accepted, or the sentence of the refusal; any other error is a crash. */
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
  refused: string | undefined,
): void {
  const outcome = `${name}: ${found ?? "accepted"}`;
  if (refused === undefined) return assertEquals(found, undefined, outcome);
  assert(found !== undefined, outcome);
  assertStringIncludes(found, refused, outcome);
  assert(!/[\p{C}\u2028]/u.test(found), JSON.stringify(outcome));
  assert(found.length < 2000, outcome);
}

async function assertSentence(
  name: string,
  take: () => unknown,
  refused: string | undefined,
): Promise<void> {
  const found = await outcomeOf(take);
  assertOutcome(name, found, refused);
  assert(found === undefined || /^Cannot [^\n]*\.$/.test(found), found);
}

async function tryCases<Crafted>(
  cases: Cases<Crafted>,
  take: (crafted: Crafted) => unknown,
): Promise<void> {
  for (const [name, [crafted, refused]] of Object.entries(cases)) {
    await assertSentence(name, () => take(crafted), refused);
  }
}

Deno.test("crafted manifests are accepted or refused as they must be", () =>
  tryCases(MANIFESTS, (text) => checkManifest(text, "it")));

Deno.test("crafted listings are accepted or refused as they must be", () =>
  tryCases(LISTINGS, ({ text, artifact }) => acceptListing(text, artifact)));

Deno.test("crafted signatures are accepted or refused as they must be", async () => {
  using keys = makeKeys();
  const key = keys.make("key.pem");
  const text = textOf(crafted());
  const good = signedBy(text, key);
  await tryCases(
    SIGNATURES,
    (make) => acceptManifest(text, make(good), "quick", trusting(key)),
  );
});

/** Every path below a folder, with its size. */
function treeOf(folder: string): string[] {
  return namesIn(folder).sort().flatMap((name) => {
    const path = join(folder, name);
    const { isDirectory, size } = Deno.lstatSync(path);
    return isDirectory ? [path, ...treeOf(path)] : [`${path} ${size}`];
  });
}

Deno.test("crafted bundles are refused, and leave nothing behind", async () => {
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
    Buffer.from(bundleOf(members)),
    Buffer.from(Deno.readFileSync(bundle)),
  );
  const folder = join(root.path, "a/b/c/artifacts");
  Deno.mkdirSync(folder, { recursive: true });
  const take = () =>
    importBundle(workspaceIn(folder), bundle, UNSIGNED, SILENT);
  for (const [name, make] of Object.entries(BUNDLES)) {
    Deno.writeFileSync(bundle, make(members));
    const before = treeOf(root.path);
    await assertSentence(name, take, "get it anew");
    removeIfThere(join(folder, "work"));
    assertEquals(treeOf(root.path), before, name);
  }
  Deno.writeFileSync(bundle, bundleOf(members));
  await take();
  assert(namesIn(folder).includes("manifest.json"));
});

Deno.test("crafted archives give their member or are refused, and leave nothing else", async () => {
  using root = temporary();
  const [path, to] = ["talks.tgz", "member"].map((name) =>
    join(root.path, name)
  );
  await tryCases(ARCHIVES, async (archive) => {
    Deno.writeFileSync(path, await archiveOf(archive));
    try {
      await unpack({ path, name: "talks.tgz" }, "a.pt", to);
      assertEquals(Deno.readTextFileSync(to), "um\ndois\n");
    } finally {
      assertEquals(namesIn(root.path).sort(), ["member", "talks.tgz"]);
    }
  });
});

Deno.test("crafted Debian packages are refused", async () => {
  using root = temporary();
  const path = join(root.path, "help.deb");
  await tryCases(DEBS, (text) => {
    Deno.writeFileSync(path, bytesOf(text));
    return readDeb(path, () => true);
  });
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
  return await readText(remote, "keys/x.json", 1000);
}

for (const [name, [answer, remote, download]] of Object.entries(SERVERS)) {
  Deno.test(`a server that sends ${name} is accepted or refused as it must be, by a remote and a download`, async () => {
    using root = temporary();
    await using server = serveBytes(() => raw(answer));
    await assertSentence(name, () => read(server.url), remote);
    const found = await outcomeOf(() =>
      downloaded(`${server.url}file`, root.path)
    );
    assertOutcome(name, found, download);
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
      assertOutcome(location, found, download ?? undefined);
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
