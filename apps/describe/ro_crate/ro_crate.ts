/** Describes a run as a Provenance Run Crate: each node is an action of a stage on files with hashes. */
import { sha256 } from "../../../engine/files/hash.ts";
import { hashOf } from "../../../schemas/manifest.ts";
import { termsOfAll } from "../data.ts";
import {
  action,
  control,
  dataFile,
  dataSet,
  engine,
  type Entity,
  EXPERIMENT_PARAMETER,
  file,
  folder,
  licence,
  metrics,
  namedFile,
  outputElsewhere,
  PROJECT_LICENCE,
  type Reference,
  step,
  timeOf,
  tool,
  typescript,
  UNKNOWN_LICENCE,
  type WrittenFile,
} from "./entities.ts";
import type { MadeNode, MadeOutput } from "../made_node.ts";
import { type Described, filesOf, outputOf, spanOf } from "../record.ts";

export const METADATA = "ro-crate-metadata.json";

const SPECIFICATION = "https://w3id.org/ro/crate/1.3";
const TERMS = "https://w3id.org/ro/terms/workflow-run/context";
const PROFILES = {
  "https://w3id.org/ro/wfrun/process/0.6": "Process Run Crate",
  "https://w3id.org/ro/wfrun/workflow/0.6": "Workflow Run Crate",
  "https://w3id.org/ro/wfrun/provenance/0.6": "Provenance Run Crate",
  "https://w3id.org/workflowhub/workflow-ro-crate/1.1": "Workflow RO-Crate",
} as const;

export interface Crate {
  readonly "@context": readonly string[];
  readonly "@graph": readonly Entity[];
}

/** What of the run as a whole is written into the crate. */
export interface RunFiles {
  readonly workflow: WrittenFile;
  readonly experiment: WrittenFile;
  readonly manifest: WrittenFile;
}

/**
 * The crate of the described nodes: their outputs, where their bytes are there, are files of it; what they were made of
 * is described without its bytes.
 */
export function roCrate(described: Described, run: RunFiles): Crate {
  const { nodes, lineage, data, manifest: { experiment } } = described;
  const graph = createGraph();
  const { add } = graph;
  const span = spanOf(lineage);
  const times = {
    startTime: timeOf(span?.began),
    endTime: timeOf(span?.ended),
  };

  const terms = termsOfAll(data);
  const licences = terms.length === 0
    ? [add(UNKNOWN_LICENCE)]
    : terms.map((term) => add(licence(term)));
  const collections = data.map((set) => {
    const fetched = lineage.find(({ name }) => name === set.node)?.making;
    const files = set.files.map((file) => add(dataFile(file, fetched?.ended)));
    return add(dataSet(set, files));
  });
  const manifest = add(writtenFile(run.manifest));
  const asked = new Set(nodes.flatMap(({ outputs }) => outputs));
  const refer = (output: MadeOutput) =>
    asked.has(output) && output.at !== undefined
      ? addOutput(graph, output)
      : add(outputElsewhere(output));

  const steps = lineage.map((node, position) =>
    addStep(graph, node, position, {
      manifest,
      object: [
        ...inputsOf(node, described).map(refer),
        ...data.flatMap((set, i) =>
          set.node === node.name ? [collections[i]] : []
        ),
      ],
      result: node.outputs.map(refer),
    })
  );

  const values = add({
    ...writtenFile(run.experiment),
    exampleOfWork: add(EXPERIMENT_PARAMETER),
  });
  const workflow = add({
    ...writtenFile(run.workflow),
    "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
    programmingLanguage: add(typescript(typescriptOf(described))),
    license: add(PROJECT_LICENCE),
    input: [add(EXPERIMENT_PARAMETER)],
    hasPart: unique(steps.map(({ instrument }) => instrument)),
    step: steps.map(({ planned }) => planned),
  });
  const whole = add({
    "@id": "#run",
    "@type": "CreateAction",
    name: `run of ${experiment.name}`,
    description: `deno task pipeline run ${
      nodes.map(({ name }) => name).join(" ")
    }`,
    ...times,
    instrument: workflow,
    object: [values, ...collections],
    result: nodes.flatMap(({ outputs }) => outputs.map(refer)),
    subjectOf: manifest,
  });
  const organized = add({
    "@id": "#engine-run",
    "@type": "OrganizeAction",
    name: "run of the engine",
    ...times,
    instrument: add(engine(lineage)),
    object: steps.map(({ controlled }) => controlled),
    result: whole,
  });
  const profiles = Object.entries(PROFILES).map(([id, name]) =>
    add({
      "@id": id,
      "@type": ["CreativeWork", "Profile"],
      name,
      version: id.slice(id.lastIndexOf("/") + 1),
    })
  );
  const entities = graph.entities();
  return {
    "@context": [`${SPECIFICATION}/context`, TERMS],
    "@graph": [
      {
        "@id": METADATA,
        "@type": "CreativeWork",
        about: { "@id": "./" },
        conformsTo: { "@id": SPECIFICATION },
      },
      single({
        "@id": "./",
        "@type": "Dataset",
        name: `${experiment.name}: ${nodes.map(({ name }) => name).join(", ")}`,
        description:
          "Nodes of a pipeline that distils small translation models, with all that they were made of",
        datePublished: timeOf(span?.ended),
        license: licences,
        conformsTo: profiles,
        hasPart: entities.filter(isData).map(({ "@id": id }) => ({
          "@id": id,
        })),
        mainEntity: workflow,
        mentions: [
          whole,
          organized,
          ...steps.map(({ made }) => made),
          ...collections,
        ],
      }),
      ...entities,
    ],
  };
}

/** What the crate says of a node: its stage, the step that was planned, what was done, and that the engine did it. */
function addStep(
  { add }: Graph,
  node: MadeNode,
  position: number,
  { manifest, object, result }: Readonly<{
    manifest: Reference;
    object: readonly Reference[];
    result: readonly Reference[];
  }>,
) {
  const { name, record: { metrics: figures, preimage } } = node;
  const files = Object.entries(preimage.files)
    .map(([name, content]) => [name, hashOf(content)] as const);
  const instrument = add(tool(node, manifest));
  const made = add(action(node, {
    instrument,
    object: [...object, ...files.map((file) => add(namedFile(...file)))],
    result: [...result, ...metrics(name, figures).map(add)],
  }));
  const planned = add(step(node, position, instrument));
  const controlled = add(control(node, planned, made));
  return { instrument, made, planned, controlled };
}

interface Graph {
  /** Adds an entity, unless one of its name is there, and gives what others refer to it by. */
  readonly add: (entity: Entity) => Reference;
  entities(): Entity[];
}

function createGraph(): Graph {
  const entities = new Map<string, Entity>();
  return {
    add: (entity) => {
      const id = entity["@id"];
      if (!entities.has(id)) entities.set(id, single(entity));
      return { "@id": id };
    },
    entities: () => [...entities.values()],
  };
}

/** A list of one is that one, as RO-Crate has it. */
function single(entity: Entity): Entity {
  const properties = Object.entries(entity).map((
    [name, value],
  ) => [name, Array.isArray(value) && value.length === 1 ? value[0] : value]);
  return Object.fromEntries(properties);
}

/** A version of TypeScript that the code is known to run with: that which schema 1 records, else the one of this Deno. */
function typescriptOf({ manifest }: Described): string {
  const [code] = Object.values(manifest.code);
  return code?.printer?.replace(/^.*@/, "") ?? Deno.version.typescript;
}

/** A file of the crate, or a folder with its files. */
function addOutput({ add }: Graph, output: MadeOutput): Reference {
  const { path, artifact } = output;
  return artifact.folder
    ? add(folder(
      output,
      filesOf(output).map((each) => add(file(each.path, each))),
    ))
    : add(file(path, artifact));
}

function writtenFile({ path, text, name, mediaType }: WrittenFile): Entity {
  const bytes = new TextEncoder().encode(text).length;
  return { ...file(path, { sha256: sha256(text), bytes, mediaType }), name };
}

/** The outputs that a node read. */
function inputsOf(
  { record: { inputs, preimage } }: MadeNode,
  described: Described,
): MadeOutput[] {
  return Object.entries(preimage.inputs).flatMap(([input, outputs]) =>
    Object.keys(outputs).flatMap((output) =>
      outputOf(described, inputs[input], output) ?? []
    )
  );
}

function isData({ "@type": type }: Entity): boolean {
  return [type].flat().some((name) => name === "File" || name === "Dataset");
}

function unique(references: readonly Reference[]): Reference[] {
  return [...new Map(references.map((each) => [each["@id"], each])).values()];
}
