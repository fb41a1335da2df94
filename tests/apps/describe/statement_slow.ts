/** A real run is described as an in-toto statement, which in-toto's own library reads and verifies. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
} from "@std/assert";
import { readManifest } from "../../../engine/store/manifest.ts";
import type { Envelope } from "../../../apps/describe/in_toto/envelope.ts";
import type { Statement } from "../../../apps/describe/in_toto/in_toto.ts";
import { pipeline } from "../../fixtures/command.ts";
import { runPython, testWithPython } from "../../fixtures/python.ts";
import { experimentCopy, RESEARCH } from "../../fixtures/trained.ts";

const run = await experimentCopy();
const NODE = "student:ckd";

async function statementOf(): Promise<Statement> {
  const { code, out, err } = await run.pipeline(
    "describe",
    ...[NODE, "--format", "in-toto"],
  );
  assertEquals([code, err], [0, ""]);
  return JSON.parse(out);
}

Deno.test("a statement names what was built, and all that it was built of", async () => {
  const made = await statementOf();
  assertEquals(await statementOf(), made);
  const nodes = readManifest(run.artifacts)?.nodes ?? {};
  const { model, curve } = nodes[NODE].outputs;
  assertEquals(
    made.subject.map(({ digest }) => digest?.sha256).sort(),
    [model.sha256, curve.sha256].sort(),
  );
  const { buildDefinition, runDetails } = made.predicate;
  assertEquals(buildDefinition.externalParameters.nodes, [NODE]);
  assertEquals(
    Object.keys(Object(buildDefinition.internalParameters.nodes)).sort(),
    [
      ...["corpus", "fetch", "states", "states:decoder", "states:encoder"],
      ...[NODE, "teacher", "tokenize"],
    ].sort(),
  );
  const { resolvedDependencies: built } = buildDefinition;
  const named = (name: string) =>
    built.find((resource) => resource.name === name);
  assertEquals(named("talks/train.pt.gz")?.annotations?.licence, RESEARCH);
  assertMatch(
    named("talks/train.pt.gz")?.digest?.sha256 ?? "",
    /^[0-9a-f]{64}$/,
  );
  assertEquals(named("notes/notes.tsv")?.annotations?.licence, "MIT");
  const runtime = built.find(({ uri }) =>
    uri?.startsWith("pkg:npm/onnxruntime-node@")
  );
  assertMatch(runtime?.digest?.sha512 ?? "", /^[0-9a-f]{128}$/);
  assert(named("code of stage student") !== undefined);
  const teacher = nodes.teacher.outputs.model.sha256;
  assert(
    runDetails.byproducts.some(({ digest }) => digest?.sha256 === teacher),
  );
  const { startedOn = "", finishedOn = "" } = runDetails.metadata ?? {};
  assert(Date.parse(startedOn) < Date.parse(finishedOn));
  assertEquals(runDetails.builder.version, { deno: Deno.version.deno });
});

const READ = `
import json, sys
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1 import statement_pb2

given = json.load(sys.stdin)
message = json_format.ParseDict(given, statement_pb2.Statement())
Statement.copy_from_pb(message).validate()
provenance = json_format.ParseDict(given["predicate"], provenance_pb2.Provenance())
print(json.dumps({
    "type": given["predicateType"],
    "dependencies": len(provenance.build_definition.resolved_dependencies),
    "started": provenance.run_details.metadata.started_on.ToJsonString(),
}))
`;

const VERIFY = `
import base64, json, sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

given = json.load(sys.stdin)
def verify(envelope, printed):
    raw = base64.urlsafe_b64decode(printed.split(":")[1] + "=")
    key = SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(raw), keyid=printed)
    try:
        envelope = Envelope.from_dict(envelope)
        return list(envelope.verify([key], 1)) and json.loads(envelope.payload)["_type"]
    except VerificationError:
        return None
print(json.dumps([verify(*each) for each in given]))
`;

testWithPython(
  "in_toto_attestation, securesystemslib",
  "in-toto reads a statement, and its signature holds for its bytes and key only",
  async (python) => {
    const made = await statementOf();
    const { resolvedDependencies } = made.predicate.buildDefinition;
    assertEquals(await runPython(python, READ, made), {
      type: "https://slsa.dev/provenance/v1",
      dependencies: resolvedDependencies.length,
      started: made.predicate.runDetails.metadata?.startedOn,
    });

    const [key, other] = [await keyOf("key.pem"), await keyOf("other.pem")];
    assertNotEquals(key, other);
    const path = run.path("ckd.intoto.jsonl");
    const { code, err } = await run.pipeline(
      "describe",
      ...[NODE, "--format", "in-toto", "--out", path],
      ...["--key", run.path("key.pem")],
    );
    assertEquals([code, err], [0, ""]);
    const text = await Deno.readTextFile(path);
    assertEquals(text.indexOf("\n"), text.length - 1);
    const envelope: Envelope = JSON.parse(text);
    const changed = new TextDecoder().decode(
      Uint8Array.fromBase64(envelope.payload),
    ).replace("student:ckd", "student:cke");
    const forged = {
      ...envelope,
      payload: new TextEncoder().encode(changed).toBase64(),
    };
    assertEquals(
      await runPython(python, VERIFY, [
        [envelope, key],
        [envelope, other],
        [forged, key],
        [{ ...envelope, payloadType: "text/plain" }, key],
      ]),
      ["https://in-toto.io/Statement/v1", null, null, null],
    );
    assertEquals(JSON.parse(await runExample(python, key, text)), made);
    assertEquals(await runExample(python, other, text), "");
  },
);

/** Makes a key and gives its public half. */
async function keyOf(name: string): Promise<string> {
  const { code, out } = await pipeline("keygen", "--key", run.path(name));
  assertEquals(code, 0);
  return out.trim();
}

/** What docs/how-to/standards.md has people run. */
async function runExample(
  python: string,
  key: string,
  envelope: string,
): Promise<string> {
  const page = await Deno.readTextFile(
    new URL("../../../docs/how-to/standards.md", import.meta.url),
  );
  const script = [...page.matchAll(/^```python\n([^]*?)^```$/gm)]
    .map(([, script]) => script).find((script) => script.includes("dsse"));
  assert(script !== undefined);
  const child = new Deno.Command(python, {
    args: ["-c", script, key],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(envelope));
  await writer.close();
  const { stdout } = await child.output();
  return new TextDecoder().decode(stdout);
}
