/** Tests of downloading packages, against a registry that this test serves: settings, verification, what goes wrong. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import cacache from "cacache";
import { settingsAccess } from "../../../../nmt/text/fetch/registry.ts";
import type { Package } from "../../../../schemas/descriptor.ts";

const BYTES = new TextEncoder().encode("these bytes stand for a tarball");
const TOKEN = "a-secret-of-this-test";

async function integrity(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-512", bytes));
  return `sha512-${btoa(String.fromCharCode(...digest))}`;
}

async function wanted(name: string): Promise<Package> {
  return {
    name,
    version: "1.2.3",
    integrity: await integrity(BYTES),
    licence: "MIT",
    bytes: BYTES.length,
    files: {},
  };
}

/** A registry with one version of every package, for those who have the token. */
function serve(): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request) => {
      if (request.headers.get("authorization") !== `Bearer ${TOKEN}`) {
        return new Response("{}", { status: 401 });
      }
      const { pathname, origin } = new URL(request.url);
      const name = decodeURIComponent(pathname.slice(1));
      if (name.endsWith(".tgz")) {
        return new Response(name.includes("changed") ? "other bytes" : BYTES);
      }
      if (name.includes("missing")) return new Response("{}", { status: 404 });
      return Response.json({
        name,
        "dist-tags": { latest: "1.2.3" },
        versions: {
          "1.2.3": {
            name,
            version: "1.2.3",
            dist: {
              tarball: `${origin}/${name}/-/x-1.2.3.tgz`,
              integrity: await integrity(BYTES),
            },
          },
        },
      });
    },
  );
}

interface Outcome {
  readonly log: readonly string[];
  readonly error?: { readonly name: string; readonly message: string };
  readonly tarballs: readonly string[];
}

/** Runs with a home folder, without npm's own variables, which name the real user's settings where npm runs this test. */
function atHome<T>(home: string, run: () => T): T {
  const before = Deno.env.get("HOME");
  const settings = Object.entries(Deno.env.toObject())
    .filter(([name]) => /^npm_config_/i.test(name));
  for (const [name] of settings) Deno.env.delete(name);
  Deno.env.set("HOME", home);
  try {
    return run();
  } finally {
    if (before !== undefined) Deno.env.set("HOME", before);
    for (const [name, value] of settings) Deno.env.set(name, value);
  }
}

/** Fetches in a process that has a home folder with this `.npmrc` and the permissions that the stage asks for. */
async function fetchWith(
  npmrc: string,
  packages: readonly Package[],
  environment: Record<string, string> = {},
  prepare: (home: string) => Promise<unknown> = () => Promise.resolve(),
): Promise<Outcome> {
  const home = await Deno.makeTempDir();
  const before = Deno.env.get("HOME");
  try {
    const files = join(home, "files"), work = join(home, "work");
    await Deno.mkdir(files);
    await Deno.writeTextFile(join(home, ".npmrc"), npmrc);
    await prepare(home);
    const { env, read } = atHome(home, settingsAccess);
    const output = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        "--quiet",
        `--allow-env=${env.join(",")}`,
        `--allow-read=${[home, ...read].join(",")}`,
        `--allow-write=${home}`,
        "--allow-sys=homedir,uid",
        "--allow-net",
        new URL("../fixtures/fetch_process.ts", import.meta.url).href,
        JSON.stringify({ packages, folder: files, cache: work }),
      ],
      clearEnv: true,
      env: {
        HOME: home,
        NO_COLOR: "1",
        ...denoDirectory(before),
        ...environment,
      },
    }).output();
    const text = new TextDecoder();
    assert(output.success, text.decode(output.stderr));
    const tarballs = [];
    for await (const { name } of Deno.readDir(files)) {
      assertEquals(await Deno.readFile(join(files, name)), BYTES);
      tarballs.push(name);
    }
    return {
      ...JSON.parse(text.decode(output.stdout)),
      tarballs: tarballs.sort(),
    };
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

/** Deno's own cache stays where it was, though the home folder is another. */
function denoDirectory(home: string | undefined): Record<string, string> {
  const folder = Deno.env.get("DENO_DIR") ??
    (home === undefined ? undefined : join(home, ".cache", "deno"));
  return folder === undefined ? {} : { DENO_DIR: folder };
}

function settingsFor(
  server: Deno.HttpServer<Deno.NetAddr>,
  key = "registry",
): string {
  const host = `127.0.0.1:${server.addr.port}`;
  return `${key}=http://${host}/\n//${host}/:_authToken=\${TOKEN_OF_THIS_TEST}\n`;
}

const GIVEN = { TOKEN_OF_THIS_TEST: TOKEN };

Deno.test("packages come from the registry of .npmrc, with its token out of the environment, and are told before", async () => {
  await using server = serve();
  const packages = [await wanted("one"), await wanted("@scope/two")];
  const { log, error, tarballs } = await fetchWith(
    settingsFor(server),
    packages,
    GIVEN,
  );
  assertEquals(error, undefined);
  assertEquals(tarballs, ["@scope+two-1.2.3.tgz", "one-1.2.3.tgz"]);
  assertEquals(log, [
    "2 packages, 62 B, under MIT, from the package registry or npm's cache:",
    "  one@1.2.3  31 B  MIT",
    "  @scope/two@1.2.3  31 B  MIT",
  ]);
});

Deno.test("a registry for a scope, and one from the environment, are honoured", async () => {
  await using server = serve();
  const scoped = await fetchWith(settingsFor(server, "@scope:registry"), [
    await wanted("@scope/two"),
  ], GIVEN);
  assertEquals(scoped.error, undefined);
  assertEquals(scoped.tarballs, ["@scope+two-1.2.3.tgz"]);
  const host = `http://127.0.0.1:${server.addr.port}/`;
  const token = settingsFor(server, "registry").split("\n")[1];
  const named = await fetchWith(token, [await wanted("one")], {
    ...GIVEN,
    npm_config_registry: host,
  });
  assertEquals(named.tarballs, ["one-1.2.3.tgz"]);
});

Deno.test("what npm has in its cache needs no registry", async () => {
  const { error, tarballs } = await fetchWith(
    "registry=http://127.0.0.1:9/\ncache=${HOME}/npm\n",
    [await wanted("one")],
    {},
    (home) => cacache.put(join(home, "npm", "_cacache"), "any key", BYTES),
  );
  assertEquals(error, undefined);
  assertEquals(tarballs, ["one-1.2.3.tgz"]);
});

Deno.test("other bytes than the pinned ones are refused in one sentence", async () => {
  await using server = serve();
  const { error, tarballs } = await fetchWith(settingsFor(server), [
    await wanted("changed"),
  ], GIVEN);
  assertEquals(error, {
    name: "InputError",
    message:
      "Cannot use package changed@1.2.3 (31 B): the registry sent other bytes than its descriptor pins by sha512; " +
      "use another registry in your .npmrc, or none of the proxies before it.",
  });
  assertEquals(tarballs, []);
});

Deno.test("a registry that refuses, that lacks the package, or that is not there is told apart", async () => {
  await using server = serve();
  const refused = await fetchWith(settingsFor(server), [await wanted("one")], {
    TOKEN_OF_THIS_TEST: "wrong",
  });
  assertStringIncludes(
    refused.error?.message ?? "",
    "Cannot download package one@1.2.3 (31 B): the registry refused it (E401)",
  );
  const missing = await fetchWith(settingsFor(server), [
    await wanted("missing"),
  ], GIVEN);
  assertStringIncludes(
    missing.error?.message ?? "",
    "Cannot download package missing@1.2.3 (31 B): the registry does not have it (E404)",
  );
  // Nothing listens on the port of a server that was closed.
  const closed = serve();
  const settings = settingsFor(closed);
  await closed.shutdown();
  const { error } = await fetchWith(settings, [await wanted("one")], GIVEN);
  assertEquals(error, {
    name: "InputError",
    message:
      "Cannot download package one@1.2.3 (31 B): the package registry cannot be reached (ECONNREFUSED); connect this machine, " +
      'or set "registry" or "proxy" in your .npmrc, or train on your own files with "data.train".',
  });
});
