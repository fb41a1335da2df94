/** What is published or reproduced holds together: records of each other, each language pair of one code, and of the experiment they name. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  connectedParts,
  incoherence,
} from "../../../engine/provenance/coherence.ts";
import { sha256 } from "../../../engine/files/hash.ts";
import pipeline from "../../../pipeline.ts";
import { type Manifest, parseManifest } from "../../../schemas/manifest.ts";
import { makeKeys } from "../fixtures/keys.ts";
import { inProcess } from "../fixtures/in_process.ts";
import { makeProject, type Project } from "../fixtures/project.ts";

const ARTIFACTS = new URL("../../../artifacts/", import.meta.url);
const COMMITTED = [
  "manifest.json",
  ...[...Deno.readDirSync(new URL("results", ARTIFACTS))]
    .map(({ name }) => `results/${name}/manifest.json`).sort(),
];

function committed(name: string): Manifest {
  return parseManifest(Deno.readTextFileSync(new URL(name, ARTIFACTS)), name);
}

for (const name of COMMITTED) {
  Deno.test(`the committed ${name} holds together with the graph of its experiment`, () => {
    const manifest = committed(name);
    assert(Object.keys(manifest.nodes).length > 10);
    const graph = pipeline.graph(manifest.experiment.value, name);
    assertEquals(incoherence(manifest, graph), undefined);
  });
}

/** A copy in which something is another. */
function changed(
  change: (manifest: {
    experiment: { value: unknown };
    code: Record<string, { modules: Record<string, string> }>;
    nodes: Record<string, {
      preimage: {
        config: unknown;
        seed: number;
        stage: string;
        inputs: Record<string, Record<string, string>>;
      };
      inputs: Record<string, string>;
    }>;
  }) => void,
): string | undefined {
  const manifest = structuredClone(committed("manifest.json"));
  change(manifest);
  const { value } = committed("manifest.json").experiment;
  return incoherence(manifest, pipeline.graph(value, "quick"));
}

Deno.test("a record that is not of its experiment, its inputs or one code is told with the node", () => {
  assertStringIncludes(
    changed(({ nodes }) => {
      nodes.teacher.preimage.seed = 77;
    }) ?? "",
    'its experiment "quick" has another seed for node "teacher"',
  );
  assertStringIncludes(
    changed(({ nodes }) => {
      nodes.tokenize.preimage.config = { size: 1 };
    }) ?? "",
    'another config for node "tokenize"',
  );
  assertStringIncludes(
    changed(({ nodes }) => {
      nodes.teacher.preimage.stage = "student";
    }) ?? "",
    'another stage for node "teacher"',
  );
  assertStringIncludes(
    changed(({ nodes }) => {
      nodes["teacher:again"] = nodes.teacher;
    }) ?? "",
    'no node called "teacher:again"',
  );
  assertStringIncludes(
    changed(({ nodes }) => {
      nodes.teacher.preimage.inputs.tokens.train = "0".repeat(64);
    }) ?? "",
    'node "teacher" was made of another "tokenize"',
  );
  assertStringIncludes(
    changed(({ code }) => {
      const [{ modules }] = Object.values(code);
      const [path] = Object.keys(modules);
      modules[path] = "0".repeat(64);
    }) ?? "",
    "two revisions of the code",
  );
  // An input that a stage does not read any more is of an earlier version; any other is one too many.
  assertStringIncludes(
    changed(({ nodes: { compare } }) => {
      compare.inputs["system:another"] = "evaluate:teacher";
      compare.preimage.inputs["system:another"] =
        compare.preimage.inputs["system:teacher"];
    }) ?? "",
    'other inputs for node "compare"',
  );
  // A default that came or went is no difference, nor is a node that was not made.
  assertEquals(
    changed(({ nodes }) => {
      const { config } = nodes.teacher.preimage;
      nodes.teacher.preimage.config = { ...Object(config), later: 1 };
      delete nodes.compare;
    }),
    undefined,
  );
});

/** The nodes of a language pair, with modules of a content of its own. */
function asPair(pair: string, { nodes, code }: Manifest) {
  const within = (name: string) => `${pair}/${name}`;
  const codeOf = (hash: string) => sha256(`${pair} ${hash}`);
  return {
    nodes: Object.entries(nodes).map(([name, { inputs, preimage, ...rest }]) =>
      [within(name), {
        ...rest,
        inputs: Object.fromEntries(
          Object.entries(inputs)
            .map(([input, source]) => [input, within(source)]),
        ),
        preimage: { ...preimage, code: codeOf(preimage.code) },
      }] as const
    ),
    code: Object.entries(code).map(([hash, { modules, ...rest }]) =>
      [codeOf(hash), {
        ...rest,
        modules: Object.fromEntries(
          Object.keys(modules).map((path) => [path, sha256(pair)]),
        ),
      }] as const
    ),
  };
}

Deno.test("language pairs may be of two revisions, of which all nodes of each are", () => {
  const manifest = committed("manifest.json");
  const [one, other] = ["pt-en", "en-de"]
    .map((pair) => asPair(pair, manifest));
  const both = {
    ...manifest,
    nodes: Object.fromEntries([...one.nodes, ...other.nodes]),
    code: Object.fromEntries([...one.code, ...other.code]),
  };
  assertEquals(incoherence(both), undefined);
  // What both were made of may not be recorded.
  const shared = structuredClone(both);
  for (const pair of ["pt-en", "en-de"]) {
    shared.nodes[`${pair}/fetch`].inputs.mirror = "not recorded";
  }
  assertStringIncludes(incoherence(shared) ?? "", "inputs of node");
  assertEquals(connectedParts(shared.nodes).length, 1);
  const [, [hash]] = other.code;
  const [path] = Object.keys(both.code[hash].modules);
  both.code[hash].modules[path] = sha256("edited");
  assertStringIncludes(
    incoherence(both) ?? "",
    `two revisions of the code, in which "${path}" differs`,
  );
});

/** Runs a command that has to be refused; its sentence. */
async function refused(
  project: Project,
  code: number,
  ...args: string[]
): Promise<string> {
  const found = await project.run(...args);
  assertEquals([found.code, found.out], [code, ""], found.err);
  assert(/^Cannot [^\n]*\.\n$/.test(found.err), found.err);
  return found.err;
}

Deno.test("a manifest whose experiment was rewritten by a partial run is neither signed, pushed, exported nor reproduced", async () => {
  using project = makeProject();
  using keys = makeKeys();
  keys.make("key.pem");
  const { run } = inProcess(project);
  const set = ["seed=2"];
  await run();
  await run({ set, selection: { nodes: ["split"] } });
  const why = 'has another seed for node "count:all", which was made otherwise';
  const sign = ["sign", "--key", keys.path("key.pem")];
  assertStringIncludes(await refused(project, 1, ...sign), why);
  const remote = keys.path("remote");
  assertStringIncludes(await refused(project, 1, "push", remote), why);
  assertStringIncludes(await refused(project, 1, "export", "run.tar"), why);
  const manifest = "artifacts/manifest.json";
  const told = await refused(project, 2, "reproduce", manifest);
  assertStringIncludes(told, why);
  assertStringIncludes(told, '"deno task pipeline" with its experiment');
  await run({ set });
  assertEquals((await project.run(...sign)).code, 0);
});
