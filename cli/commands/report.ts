/** The command `report`: one HTML file on an experiment's last run. */
import { join, resolve } from "@std/path";
import { artifactFolder, type Console, EXIT } from "./pipeline.ts";
import type { Pipeline } from "../../engine/graph/graph.ts";
import { outputPath, writeOutputText } from "../../engine/files/output_file.ts";
import { contentsOf } from "../../apps/report/contents.ts";
import { isReport, page } from "../../apps/report/page.ts";
import { sourceOf } from "../../apps/report/source.ts";

export interface ReportOptions {
  readonly experiment: string;
  readonly artifacts?: string;
  /** Where the page goes; without, `report.html` of the artifact folder. */
  readonly out?: string;
  /** Whether any file is replaced there, not a former report only. */
  readonly force: boolean;
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
  // Where none is named, whatever lies there is a report: the name is the command's own.
  const force = options.force || options.out === undefined;
  const output = { force, isOwn: isReport };
  outputPath(path, output);
  const source = sourceOf(pipeline, artifacts, options.experiment);
  const contents = await contentsOf(
    source,
    options.against,
    (line) => console.err(line + "\n"),
  );
  await writeOutputText(path, output, page(contents));
  console.out(path + "\n");
  return EXIT.done;
}
