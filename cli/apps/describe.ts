/** Describes nodes of the last run in a public standard: RO-Crate, in-toto, Croissant, a model card, CSV, event files or offline runs. */
import type { Console } from "../console/console.ts";
import { EXIT } from "../exit.ts";
import { artifactFolder } from "../experiment.ts";
import type { ProjectPipeline } from "../project_pipeline.ts";
import { canonical } from "../../engine/files/hash.ts";
import { outputPath, writeOutputText } from "../../engine/files/output_file.ts";
import {
  readSigningKey,
  type SigningKey,
} from "../../engine/provenance/signature.ts";
import { keyPath } from "../sharing/trust.ts";
import { inputError } from "../../base/input_error.ts";
import { printableLines } from "../../base/names.ts";
import { writeEventFiles } from "../../apps/describe/curves/event_files.ts";
import { writeOfflineRuns } from "../../apps/describe/curves/offline_runs.ts";
import { csvText, trainingsOf } from "../../apps/describe/curves/values.ts";
import { envelope } from "../../apps/describe/in_toto/envelope.ts";
import { statement } from "../../apps/describe/in_toto/in_toto.ts";
import { indented, newFolder } from "../../apps/describe/places.ts";
import { describe, type Described } from "../../apps/describe/record.ts";

export interface DescribeOptions {
  readonly format:
    | "ro-crate"
    | "in-toto"
    | "croissant"
    | "model-card"
    | "csv"
    | "tensorboard"
    | "wandb";
  readonly experiment: string;
  readonly artifacts?: string;
  /** A file, or a new folder for several files; unless given, a text goes to standard output. */
  readonly out?: string;
  /** Whether an existing file is replaced. */
  readonly force: boolean;
  /** Signs a statement with the key in this file, or with the user's own if true. */
  readonly key?: string | true;
}

type Describe = (names: readonly string[]) => Described;

/** Describes the named nodes, or all that have a result; prints the description, or the paths that it wrote. */
export async function describeRun(
  pipeline: ProjectPipeline,
  console: Console,
  names: readonly string[],
  options: DescribeOptions,
): Promise<number> {
  const { format, key, out, force } = options;
  if (key !== undefined && format !== "in-toto") {
    throw inputError(
      `Cannot sign what is described as ${format}: --key goes with --format in-toto.`,
    );
  }
  const signing = key === undefined
    ? undefined
    : readSigningKey(keyPath(key === true ? undefined : key));
  if (out !== undefined && isText(format)) outputPath(out, { force });
  const artifacts = artifactFolder(options.artifacts);
  const warn = (line: string) => console.err(line + "\n");
  const described: Describe = (names) => {
    const found = describe(pipeline, artifacts, options.experiment, names);
    for (const { name, isChanged } of found.data) {
      if (!isChanged) continue;
      warn(
        `The descriptor of ${name} has changed since it was used; this describes it as it is now.`,
      );
    }
    return found;
  };
  switch (format) {
    case "in-toto":
      await writeText(
        console,
        options,
        statementText(described(names), signing),
      );
      break;
    case "model-card":
      await writeText(console, options, await cardText(described, names));
      break;
    case "ro-crate": {
      const { writeCrate } = await import(
        "../../apps/describe/ro_crate/crate_folder.ts"
      );
      const folder = newFolder(format, out);
      console.out(await writeCrate(folder, described(names), warn) + "\n");
      break;
    }
    case "croissant": {
      const { writeCroissants } = await import(
        "../../apps/describe/croissant/croissant_folder.ts"
      );
      const folder = newFolder(format, out);
      const paths = await writeCroissants(folder, described(names));
      for (const path of paths) console.out(path + "\n");
      break;
    }
    case "csv":
      await writeText(
        console,
        options,
        csvText(trainingsOf(described(names))),
      );
      break;
    case "tensorboard":
    case "wandb": {
      const folder = newFolder(format, out);
      const found = described(names);
      const trainings = trainingsOf(found);
      const paths = format === "wandb"
        ? writeOfflineRuns(folder, found, trainings)
        : writeEventFiles(folder, trainings);
      for (const path of paths) console.out(path + "\n");
    }
  }
  return EXIT.done;
}

/** Whether the description is one text, which may go to a file. */
function isText(format: DescribeOptions["format"]): boolean {
  return ["in-toto", "model-card", "csv"].includes(format);
}

/** Prints a text, or writes it to a file and prints its path. */
async function writeText(
  console: Console,
  { out, force }: Pick<DescribeOptions, "out" | "force">,
  text: string,
): Promise<void> {
  if (out !== undefined) await writeOutputText(out, { force }, text);
  console.out(out === undefined ? printableLines(text) : out + "\n");
}

function statementText(
  described: Described,
  key: SigningKey | undefined,
): string {
  const made = statement(described);
  if (key === undefined) return indented(made);
  // One line: a file of several statements has one on each.
  return canonical(envelope(canonical(made), key)) + "\n";
}

async function cardText(
  described: Describe,
  names: readonly string[],
): Promise<string> {
  const { bestModel, modelCard } = await import(
    "../../apps/describe/model_card.ts"
  );
  const { MAXIMUM_LENGTH } = await import("../../nmt/decoding/beam_search.ts");
  const named = names.length > 0 ? names : [bestModel(described([]))];
  const found = described(named);
  if (found.nodes.length !== 1) {
    throw inputError(
      `Cannot write a model card of ${found.nodes.length} nodes at once; name one.`,
    );
  }
  return modelCard(found, MAXIMUM_LENGTH);
}
