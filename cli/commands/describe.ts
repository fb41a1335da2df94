/** The command `describe`: nodes of a run, told in the form of a public standard. */
import { artifactFolder, type Console, EXIT } from "./pipeline.ts";
import type { Pipeline } from "../../engine/graph/graph.ts";
import { canonical } from "../../engine/files/hash.ts";
import { outputPath, writeOutputText } from "../../engine/files/output_file.ts";
import {
  readSigningKey,
  type SigningKey,
} from "../../engine/provenance/signature.ts";
import { keyPath } from "./sign.ts";
import { inputError } from "../../base/input_error.ts";
import { printableLines } from "../../base/names.ts";
import { envelope } from "../../apps/describe/in_toto/envelope.ts";
import { statement } from "../../apps/describe/in_toto/in_toto.ts";
import { indented, newFolder } from "../../apps/describe/places.ts";
import { describe, type Described } from "../../apps/describe/record.ts";

export interface DescribeOptions {
  readonly format: "ro-crate" | "in-toto" | "croissant" | "model-card";
  readonly experiment: string;
  readonly artifacts?: string;
  /** A file, or a new folder for what consists of several; without, one text goes to standard output. */
  readonly out?: string;
  /** Whether a file that is there is replaced. */
  readonly force: boolean;
  /** Signs a statement: with the key in this file, or with the user's own. */
  readonly key?: string | true;
}

type Describe = (names: readonly string[]) => Described;

/** Describes nodes, all that have a result unless some are named; prints the description, or the paths that it wrote. */
export async function describeCommand(
  pipeline: Pipeline,
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
    : readSigningKey(keyPath(key === true ? {} : { key }));
  if (out !== undefined && isText(format)) outputPath(out, { force });
  const artifacts = artifactFolder(options.artifacts);
  const tell = (line: string) => console.err(line + "\n");
  const described: Describe = (names) => {
    const found = describe(pipeline, artifacts, options.experiment, names);
    for (const { name, isChanged } of found.data) {
      if (!isChanged) continue;
      tell(
        `The descriptor of ${name} is another now than when it was used; told is what it says now.`,
      );
    }
    return found;
  };
  switch (format) {
    case "in-toto":
      await tellText(
        console,
        options,
        statementText(described(names), signing),
      );
      break;
    case "model-card":
      await tellText(console, options, await cardText(described, names));
      break;
    case "ro-crate": {
      const { writeCrate } = await import(
        "../../apps/describe/ro_crate/crate_folder.ts"
      );
      const folder = newFolder(format, out);
      console.out(await writeCrate(folder, described(names), tell) + "\n");
      break;
    }
    case "croissant": {
      const { writeCroissants } = await import(
        "../../apps/describe/croissant/croissant_folder.ts"
      );
      const folder = newFolder(format, out);
      const paths = await writeCroissants(folder, described(names));
      for (const path of paths) console.out(path + "\n");
    }
  }
  return EXIT.done;
}

/** Whether a standard is one text, which may go to a file. */
function isText(format: DescribeOptions["format"]): boolean {
  return format === "in-toto" || format === "model-card";
}

/** Prints a text, or writes it to a file and prints its path. */
async function tellText(
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
  // A line, as files of several statements have them.
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
