/** The commands that a run on a terminal ends with: how to go on, as a shell takes them. */
import { quoted } from "../../base/shell_word.ts";
import type { GivenWords, NextStep } from "../../apps/init/next_steps.ts";
import type { NodeReport } from "../../engine/run/node_record.ts";
import type { NodeSummary, ProjectPipeline } from "../project_pipeline.ts";
import type { Console } from "./console.ts";

/** The most steps that are printed. */
const MOST = 5;

interface Ended {
  readonly pipeline: ProjectPipeline;
  /** All nodes of the run. */
  readonly nodes: readonly NodeReport[];
  /** Those that are up to date. */
  readonly summaries: readonly NodeSummary[];
  readonly interrupted: boolean;
  /** The arguments of the run. */
  readonly args: readonly string[];
  readonly given: GivenWords;
}

const PIPELINE = ["deno", "task", "pipeline"];

/** Lines of text; none if nothing was done. What a command does stands beside it, or below it on a narrow terminal. */
export function nextText(
  ended: Ended,
  console: Pick<Console, "paint" | "typed">,
  columns: number,
): string {
  const paint = console.paint("err");
  const steps = nextSteps(ended).slice(0, MOST);
  if (steps.length === 0) return "";
  const commands = steps.map(({ command }) =>
    console.typed(command.map(quoted).join(" "))
  );
  const width = Math.max(...commands.map((command) => command.length));
  const beside = steps.map(({ does }, i) =>
    `  ${paint("strong", commands[i].padEnd(width))}  ${does}`
  );
  const widest = Math.max(...steps.map(({ does }) => width + does.length + 4));
  const lines = widest < columns ? beside : steps.flatMap(({ does }, i) => [
    `  ${paint("strong", commands[i])}`,
    `    ${does}`,
  ]);
  return ["Next:", ...lines, ""].join("\n");
}

function nextSteps(
  { pipeline, nodes, summaries, interrupted, args, given }: Ended,
): readonly NextStep[] {
  const again = [...PIPELINE, ...args];
  if (interrupted) return [{ command: again, does: "goes on from here" }];
  const failed = nodes.find(({ state }) => state === "failed");
  if (failed !== undefined) {
    const options = [...given.experiment, ...given.artifacts];
    return [
      {
        command: [...PIPELINE, "log", failed.name, ...options],
        does: "all that it said",
      },
      { command: again, does: "once mended: what was finished stays" },
    ];
  }
  const hasRun = nodes.some(({ state }) => state === "ran");
  return hasRun ? pipeline.next?.(summaries, given) ?? [] : [];
}
