/** A real run is described as an RO-Crate, which roc-validator finds right. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { hashFile } from "../../../engine/files/hash.ts";
import type { Crate } from "../../../apps/describe/ro_crate/ro_crate.ts";
import { runPython, testWithPython } from "../../fixtures/python.ts";
import { CITED, experimentCopy, RESEARCH } from "../../fixtures/trained.ts";

const run = await experimentCopy();
const NODES = ["student:ckd", "evaluate:ckd", "states", "fetch"];

async function crateOf(
  name: string,
): Promise<{ readonly folder: string; readonly crate: Crate }> {
  const folder = run.path(name);
  const { code, out, err } = await run.pipeline(
    "describe",
    ...[...NODES, "--format", "ro-crate", "--out", folder],
  );
  assertEquals([code, err], [0, ""]);
  assertEquals(out, `${join(folder, "ro-crate-metadata.json")}\n`);
  return { folder, crate: JSON.parse(await Deno.readTextFile(out.trim())) };
}

Deno.test("a crate has copies of what was asked for, by hash", async () => {
  const { folder, crate } = await crateOf("crate");
  const entities = new Map(
    crate["@graph"].map((entity) => [entity["@id"], entity]),
  );
  let files = 0;
  for (const { "@id": id, sha256, contentSize } of crate["@graph"]) {
    if (!entities.get(id)?.["@type"].includes("File")) continue;
    if (/^https?:/.test(id)) continue;
    files++;
    const found = await hashFile(join(folder, decodeURIComponent(id)));
    assertEquals(found, { sha256: String(sha256), bytes: Number(contentSize) });
  }
  // pipeline.ts, experiment, manifest; model and curve; hypotheses and statistics; two shards of states; six files of talks and one of notes.
  assertEquals(files, 16);
  assertEquals(
    Deno.readTextFileSync(join(folder, "fetch/files/notes/notes.tsv")),
    Deno.readTextFileSync(run.path("mirror/notes.tsv")),
  );
  assert(entities.has("student.ckd/model.safetensors"));
  const data = entities.get("#data-talks-pt-en");
  assertEquals(data?.creditText, CITED);
  const licences = crate["@graph"].flatMap(({ name }) => name ?? []);
  assert(licences.includes(RESEARCH));
  assertStringIncludes(
    JSON.stringify(entities.get("#run-student%3Ackd")?.description),
    "alpha",
  );
  const again = await crateOf("crate-again");
  assertEquals(again.crate, crate);
});

/** Serves the contexts, so that no test asks the web for them; that of RO-Crate 1.1 has four names elsewhere than 1.3. */
const VALIDATE = `
import io, json, pathlib, sys
import requests, rocrate, urllib3
from rocrate_validator import services

path = pathlib.Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld"
latest = json.loads(path.read_text())
moved = {"ComputationalWorkflow": "", "FormalParameter": "", "input": "properties/", "output": "properties/"}
earlier = {name: f"https://bioschemas.org/{folder}{name}" for name, folder in moved.items()}
web = {
    "https://w3id.org/ro/crate/1.3/context": latest,
    "https://w3id.org/ro/crate/1.1/context": {"@context": {**latest["@context"], **earlier}},
    "https://w3id.org/ro/terms/workflow-run/context": {"@context": {}},
}

def send(adapter, request, **_):
    if request.url not in web:
        raise requests.ConnectionError(request.url)
    body = io.BytesIO(json.dumps(web[request.url]).encode())
    headers = {"Content-Type": "application/ld+json"}
    answer = urllib3.HTTPResponse(body, headers, 200, preload_content=False)
    return adapter.build_response(request, answer)

requests.adapters.HTTPAdapter.send = send

def faults(crate, profile):
    settings = services.ValidationSettings(rocrate_uri=crate, profile_identifier=profile)
    return sorted({issue.message for issue in services.validate(settings).get_issues()})

known = {str(profile.uri) for profile in services.get_profiles()}
print(json.dumps([known & {"https://w3id.org/ro/wfrun/provenance/0.6"} != set()]
    + [faults(*each) for each in json.load(sys.stdin)]))
`;

/** The version of the profiles that the validator knows. */
const OLDER: readonly (readonly [RegExp, string])[] = [
  [/(?<=w3id\.org\/ro\/crate\/)1\.3/g, "1.1"],
  [/(?<=wfrun\/\w+\/)0\.6/g, "0.5"],
  [/(?<=workflow-ro-crate\/)1\.1/g, "1.0"],
];

testWithPython(
  "rocrate_validator, rocrate",
  "roc-validator finds a crate right, and finds what is taken out of it",
  async (python) => {
    const { folder, crate } = await crateOf("crate-validated");
    const write = (text: string) =>
      Deno.writeTextFileSync(join(folder, "ro-crate-metadata.json"), text);
    const faults = async (profile: string) => {
      const [knowsProfiles, found] = Object(
        await runPython(python, VALIDATE, [[folder, profile]]),
      );
      assertEquals(
        knowsProfiles,
        false,
        "The validator knows version 0.6 now: give it the crate as it is.",
      );
      return found;
    };
    assertEquals(await faults("ro-crate-1.3"), []);

    const older = (crate: Crate) =>
      OLDER.reduce(
        (text, [version, other]) => text.replace(version, other),
        JSON.stringify(crate),
      );
    const without = (id: string, property: string): Crate => ({
      ...crate,
      "@graph": crate["@graph"].map((entity) =>
        entity["@id"] === id ? { ...entity, [property]: undefined } : entity
      ),
    });
    write(older(crate));
    assertEquals(await faults("provenance-run-crate-0.5"), []);
    for (
      const [id, property] of [
        ["pipeline.ts", "hasPart"],
        ["#step-teacher", "workExample"],
        ["#control-teacher", "object"],
        ["#engine-run", "result"],
      ]
    ) {
      write(older(without(id, property)));
      const found = await faults("provenance-run-crate-0.5");
      assert(found.length > 0, `${property} of ${id}`);
    }
  },
);
