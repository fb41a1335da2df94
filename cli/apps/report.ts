/** Writes the report: one HTML file on the last run of an experiment. */
import { join, resolve } from "@std/path";
import type { Console } from "../console/console.ts";
import { EXIT } from "../exit.ts";
import { artifactFolder } from "../experiment.ts";
import type { ProjectPipeline } from "../project_pipeline.ts";
import { shareWithGroup } from "../../engine/files/group_folder.ts";
import { outputPath, writeOutputText } from "../../engine/files/output_file.ts";
import { contentsOf } from "../../apps/report/contents.ts";
import { isReport, page } from "../../apps/report/page.ts";
import { sourceOf } from "../../apps/report/source.ts";

export interface ReportOptions {
  readonly experiment: string;
  readonly artifacts?: string;
  /** Where the page goes; `report.html` in the artifact folder unless given. */
  readonly out?: string;
  /** Whether a file there is replaced even if it is not a report. */
  readonly force: boolean;
  /** The manifest of an earlier run, which this one is compared with. */
  readonly against?: string;
}

/** Writes the page and prints its path; what is computed meanwhile goes to standard error. */
export async function writeReport(
  pipeline: ProjectPipeline,
  console: Console,
  options: ReportOptions,
): Promise<number> {
  const artifacts = artifactFolder(options.artifacts);
  const path = resolve(options.out ?? join(artifacts, "report.html"));
  // The default name is the command's own: a file there is a report.
  const force = options.force || options.out === undefined;
  const output = { force, isOwn: isReport };
  outputPath(path, output);
  if (options.out === undefined) shareWithGroup(artifacts);
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
