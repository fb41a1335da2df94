/** Keys and signatures: how they are kept, whom they are believed of, and that nothing that was changed is. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { Buffer } from "node:buffer";
import { generateKeyPairSync } from "node:crypto";
import { sha256 } from "../../../engine/files/hash.ts";
import {
  isSigned,
  readSigningKey,
  signingKeyPath,
} from "../../../engine/provenance/signature.ts";
import { assertInputError } from "../../fixtures/input_error.ts";
import { flipBit } from "../fixtures/bits.ts";
import { makeKeys, signedBy } from "../fixtures/keys.ts";
import { inProcess, objectOf } from "../fixtures/in_process.ts";
import { makeProject, type Project } from "../fixtures/project.ts";

const onUnix = { ignore: Deno.build.os === "windows" };

Deno.test(
  "keygen prints the public key and nothing else there, and keeps the private one for its user alone",
  onUnix,
  async () => {
    using project = makeProject();
    using keys = makeKeys();
    const path = keys.path("deep/key.pem");
    const made = await project.run("keygen", "--key", path);
    assertEquals(made.code, 0, made.err);
    assertMatch(made.out, /^ed25519:[A-Za-z0-9_-]{43}\n$/);
    assertStringIncludes(
      made.err,
      `"trust": { "YOUR NAME": "${made.out.trim()}`,
    );
    assertEquals((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
    assertEquals((Deno.statSync(keys.path("deep")).mode ?? 0) & 0o777, 0o700);
    assertEquals(readSigningKey(path).publicKey, made.out.trim());
    const pem = Deno.readTextFileSync(path);
    const again = await project.run("keygen", "--key", path);
    assertEquals(again.code, 2);
    assertStringIncludes(again.err, "there is a file");
    assertEquals(Deno.readTextFileSync(path), pem);
  },
);

Deno.test(
  "keygen without --key writes into the user's own folder",
  onUnix,
  async () => {
    using project = makeProject();
    using keys = makeKeys();
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--allow-all",
        "cli/main.ts",
        "keygen",
        "--json",
      ],
      cwd: project.folder,
      env: { XDG_CONFIG_HOME: keys.folder },
    }).output();
    assertEquals(code, 0);
    const { publicKey, path } = JSON.parse(new TextDecoder().decode(stdout));
    assertEquals(path, keys.path("ckd/signing-key.pem"));
    assertEquals(readSigningKey(path).publicKey, publicKey);
  },
);

Deno.test("a key never lies in the project, not by a link either", async () => {
  using project = makeProject();
  using keys = makeKeys();
  Deno.symlinkSync(project.folder, keys.path("elsewhere"));
  for (const path of ["key.pem", keys.path("elsewhere/deep/key.pem")]) {
    const { code, err } = await project.run("keygen", "--key", path);
    assertEquals(code, 2);
    assertStringIncludes(err, "inside the project");
  }
  assertInputError(
    () => signingKeyPath(project.path("a/b"), "/config", project.folder),
    "inside the project",
  );
  const beside = `${project.folder}-key.pem`;
  assertEquals(signingKeyPath(beside, "/config", project.folder), beside);
});

Deno.test(
  "a key that others can read, none, and what is no Ed25519 key are refused with the remedy",
  onUnix,
  () => {
    using keys = makeKeys();
    keys.make("open.pem");
    Deno.chmodSync(keys.path("open.pem"), 0o640);
    assertInputError(
      () => readSigningKey(keys.path("open.pem")),
      "mode 640",
      "chmod 600",
    );
    assertInputError(() => readSigningKey(keys.path("no.pem")), "keygen");
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const others = {
      "ec.pem": privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      "text.pem": "no key\n",
    };
    for (const [name, text] of Object.entries(others)) {
      Deno.writeTextFileSync(keys.path(name), text, { mode: 0o600 });
      assertInputError(
        () => readSigningKey(keys.path(name)),
        "no Ed25519 private key",
      );
    }
  },
);

Deno.test("another implementation of Ed25519 finds a signature right, and over the hash alone it is not", async () => {
  using keys = makeKeys();
  const key = keys.make("key.pem");
  const hash = sha256("a manifest");
  const signature = key.sign(hash);
  const theirs = await crypto.subtle.importKey(
    "jwk",
    { kty: "OKP", crv: "Ed25519", x: key.publicKey.slice("ed25519:".length) },
    "Ed25519",
    false,
    ["verify"],
  );
  const holds = (message: string) =>
    crypto.subtle.verify(
      "Ed25519",
      theirs,
      new Uint8Array(Buffer.from(signature, "base64url")),
      new TextEncoder().encode(message),
    );
  assert(await holds(`ckd-manifest-v1\n${hash}\n`));
  assert(!await holds(hash));
  assert(isSigned(hash, key.publicKey, signature));
  assert(!isSigned(sha256("another"), key.publicKey, signature));
});

Deno.test("verify --signed-by takes a printed key, a file of keys and a name of the policy, and fails for any other", async () => {
  using project = await signedProject();
  const { keys, publicKey } = project;
  Deno.writeTextFileSync(
    keys.path("lab.pub"),
    `${keys.make("other.pem").publicKey}\n${publicKey}\n`,
  );
  trust(project, { "the lab": publicKey });
  for (const given of [publicKey, keys.path("lab.pub"), "the lab"]) {
    const { code, out, err } = await project.run(
      ...["verify", "--signed-by", given],
    );
    assertEquals(code, 0, err);
    assertStringIncludes(out, "The manifest is signed by ");
    assertStringIncludes(out, "6 of 6 objects are whole.");
  }
  const stranger = keys.make("stranger.pem").publicKey;
  const refused = await project.run("verify", "--signed-by", stranger);
  assertEquals([refused.code, refused.out], [1, ""]);
  assertStringIncludes(refused.err, `it is signed by ${publicKey}`);
  const unknown = await project.run("verify", "--signed-by", "the lob");
  assertEquals(unknown.code, 2);
  assertStringIncludes(unknown.err, "neither a key nor a file nor a name");
});

Deno.test("several sign one manifest; a changed one keeps no signature of what it was", async () => {
  using project = await signedProject();
  const { keys, publicKey } = project;
  const second = keys.make("second.pem").publicKey;
  const sign = () => project.run("sign", "--key", keys.path("second.pem"));
  assertEquals((await sign()).code, 0);
  const verify = () =>
    project.run(
      ...["verify", "--signed-by", publicKey, "--signed-by", second, "--json"],
    );
  assertEquals(
    JSON.parse((await verify()).out).signedBy,
    [publicKey, second].sort(),
  );
  await inProcess(project).run({ set: ["counts.all.longest=2"] });
  const stale = await verify();
  assertEquals(stale.code, 1);
  assertStringIncludes(stale.err, "signed as another text");
  assertEquals((await sign()).code, 0);
  const { signatures } = JSON.parse(
    project.read("artifacts/manifest.sig.json"),
  );
  assertEquals(Object.keys(signatures), [second]);
});

Deno.test("what sign would put its name to has to hold together", async () => {
  using project = await signedProject();
  const text = project.read("artifacts/manifest.json");
  const forged = text.replace('"seed":1', '"seed":2');
  assert(forged !== text);
  project.write("artifacts/manifest.json", forged);
  const { code, err } = await project.run(
    ...["sign", "--key", project.keys.path("key.pem")],
  );
  assertEquals(code, 1);
  assertStringIncludes(err, "is not that of what it was made of");
  const missing = await project.run("sign", "no.json");
  assertEquals(missing.code, 2);
  assertStringIncludes(missing.err, "no such file");
});

Deno.test("a flipped bit of an object fails verify, whoever has signed its manifest", async () => {
  using project = await signedProject();
  const nodes = await inProcess(project).status();
  const path = objectOf(project, nodes, "total:all", "total");
  flipBit(path);
  const { code, out, err } = await project.run(
    ...["verify", "--signed-by", project.publicKey],
  );
  assertEquals(code, 1);
  assertStringIncludes(out, "total:all: output total is damaged");
  assertStringIncludes(
    err,
    "Rebuild what is broken with: deno task pipeline run --force total:all --experiment quick\n",
  );
});

Deno.test("verify of a named manifest looks at its own signatures and at the objects of the folder", async () => {
  using project = await signedProject();
  project.write("mine.json", project.read("artifacts/manifest.json"));
  const verify = () =>
    project.run("verify", "mine.json", "--signed-by", project.publicKey);
  const unsigned = await verify();
  assertEquals(unsigned.code, 1);
  assertStringIncludes(unsigned.err, "nobody has signed it");
  project.write("mine.sig.json", project.read("artifacts/manifest.sig.json"));
  const signed = await verify();
  assertEquals(signed.code, 0, signed.err);
  assertStringIncludes(signed.out, "6 of 6 objects are whole.");
});

interface SignedProject extends Project {
  readonly keys: ReturnType<typeof makeKeys>;
  readonly publicKey: string;
}

/** A project whose manifest is signed by the key in `key.pem`. */
async function signedProject(): Promise<SignedProject> {
  const project = makeProject();
  const keys = makeKeys();
  await inProcess(project).run();
  const { publicKey } = keys.make("key.pem");
  const { code, err } = await project.run(
    "sign",
    "--key",
    keys.path("key.pem"),
  );
  assertEquals(code, 0, err);
  assertEquals(
    project.read("artifacts/manifest.sig.json"),
    signedBy(
      project.read("artifacts/manifest.json"),
      readSigningKey(keys.path("key.pem")),
    ),
  );
  return {
    ...project,
    keys,
    publicKey,
    [Symbol.dispose]: () => {
      keys[Symbol.dispose]();
      project[Symbol.dispose]();
    },
  };
}

function trust(
  project: Project,
  trust: Readonly<Record<string, string>>,
): void {
  const config = JSON.parse(project.read("deno.json"));
  project.write("deno.json", JSON.stringify({ ...config, trust }));
}
