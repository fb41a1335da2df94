/** The command `report`: one HTML file on an experiment's last run. */
import { join, resolve } from "@std/path";
import { reasonOf, writeAtomically } from "../engine/atomic.ts";
import { artifactFolder, type Console, EXIT } from "../engine/commands.ts";
import { tellDisk } from "../engine/failure.ts";
import type { Pipeline } from "../engine/graph.ts";
import { inputError } from "../schemas/errors.ts";
import { contentsOf } from "./contents.ts";
import { page } from "./page.ts";
import { sourceOf } from "./source.ts";

export interface ReportOptions {
  readonly experiment: string;
  readonly artifacts?: string;
  /** Where the page goes; without, `report.html` of the artifact folder. */
  readonly out?: string;
  /** The manifest of an earlier run, which this one is compared with. */
  readonly against?: string;
}

/** Writes the page and prints its path; on standard error what is computed meanwhile. */
export async function reportCommand(
  pipeline: Pipeline,
  console: Console,
  options: ReportOptions,
): Promise<number> {
  const artifacts = artifactFolder(options.artifacts);
  const path = resolve(options.out ?? join(artifacts, "report.html"));
  const source = sourceOf(pipeline, artifacts, options.experiment);
  const contents = await contentsOf(
    source,
    options.against,
    (line) => console.err(line + "\n"),
  );
  write(path, page(contents));
  console.out(path + "\n");
  return EXIT.done;
}

function write(path: string, text: string): void {
  try {
    writeAtomically(path, text, { locked: false });
  } catch (error) {
    const told = tellDisk(error, path);
    throw told === error
      ? inputError(
        `Cannot write the report to "${path}": ${
          reasonOf(error)
        }; name another file by --out.`,
      )
      : told;
  }
}
