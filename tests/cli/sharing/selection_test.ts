/** What push and export send of a run of the real pipeline. */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import project from "../../../cli/project.ts";
import { openExperiment } from "../../../cli/experiment.ts";
import {
  sharesOf,
  sharesText,
  type Wish,
} from "../../../cli/sharing/selection.ts";
import type { Manifest, NodeRecord } from "../../../schemas/manifest.ts";

const { graph } = openExperiment(project, { experiment: "tiny", set: [] });

/** Every node of an experiment, each output of so many bytes as its name has letters. */
const nodes: Manifest["nodes"] = Object.fromEntries(
  [...graph.values()].map(({ name, stage, inputs, config, seed }) => {
    const outputs = Object.entries(stage.outputs).map(([output, declared]) => [
      output,
      {
        sha256: "0".repeat(64),
        bytes: output.length,
        mediaType: declared.mediaType,
      },
    ]);
    const record: NodeRecord = {
      key: "0".repeat(64),
      preimage: {
        ...{ stage: stage.name, code: "0".repeat(64), config, seed },
        ...{ inputs: {}, files: {}, environment: null },
      },
      inputs,
      outputs: Object.fromEntries(outputs),
      metrics: {},
    };
    return [name, record];
  }),
);

function shares(wish: Partial<Wish>) {
  const asked = { nodes: [], for: undefined, ...wish };
  return sharesOf({ nodes }, graph, asked, project.remade ?? []);
}

/** The outputs that are sent, as `node/output`. */
function sent(wish: Partial<Wish>): string[] {
  return shares(wish).flatMap(({ node, outputs }) =>
    outputs.map((output) => `${node}/${output}`)
  );
}

Deno.test("without nodes all is sent but the teacher's states", () => {
  const left = shares({}).filter(({ bytes, allBytes }) => bytes < allBytes);
  assertEquals(left.map(({ node }) => node), ["states", "states:encoder"]);
  assertStringIncludes(
    sharesText(shares({})),
    "Not sent: 12 B of states, states:encoder",
  );
  assertEquals(
    shares({ for: "all" }).filter(({ outputs }) => outputs.length === 0),
    [],
  );
});

Deno.test("named nodes are sent alone, a model with its subwords", () => {
  assertEquals(sent({ nodes: ["export:rkd"] }), ["export:rkd/folder"]);
  assertEquals(sent({ nodes: ["student:rkd"] }), [
    "tokenize/tokenizer",
    "student:rkd/model",
    "student:rkd/curve",
  ]);
});

Deno.test("to use a run, what is made last is sent", () => {
  assertEquals(sent({ for: "use" }), [
    "export:teacher/folder",
    "export:no-kd/folder",
    "export:rkd/folder",
    "export:ckd-regular/folder",
    "compare/comparison",
  ]);
});

Deno.test("to reproduce a node, what it was made of is sent too, states only if they are named", () => {
  const names = (wish: Partial<Wish>) =>
    new Set(sent(wish).map((each) => each.slice(0, each.lastIndexOf("/"))));
  assertEquals(
    names({ nodes: ["student:rkd"], for: "reproduce" }),
    new Set(["fetch", "corpus", "tokenize", "teacher", "student:rkd"]),
  );
  assertEquals(
    names({ nodes: ["states"], for: "reproduce" }),
    new Set(["fetch", "corpus", "tokenize", "teacher", "states"]),
  );
});

Deno.test("a name that is no node is an input error, one that never ran a failure", () => {
  assertThrows(
    () => sent({ nodes: ["export:rdk"] }),
    Error,
    'did you mean "export:rkd"',
  );
  const { fetch } = nodes;
  assertThrows(
    () =>
      sharesOf({ nodes: { fetch } }, graph, {
        nodes: ["corpus"],
        for: undefined,
      }, []),
    Error,
    'Cannot share node "corpus": the manifest lacks it',
  );
});
