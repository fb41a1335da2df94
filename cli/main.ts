/** Entry of `deno task pipeline`: replays the output of the last run if nothing has changed, else loads the command line. */
import { writeAll } from "../base/write_all.ts";
import { artifactsIn, readCachedOutput } from "../engine/keys/no_op_cache.ts";

const artifacts = artifactsIn(Deno.args, "artifacts");
const text = await readCachedOutput(artifacts, Deno.args);
if (text === undefined || !fits(text)) {
  // In a variable: a literal specifier is read at the start, before the cache is.
  const program = "./program.ts";
  const { main, PIPELINE_TASK }: typeof import("./program.ts") = await import(
    program
  );
  await main(PIPELINE_TASK, Deno.args);
} else {
  writeAll(Deno.stdout, text);
}

/** Whether no table has to be made narrower for a terminal. */
function fits(text: string): boolean {
  if (!Deno.stdout.isTerminal()) return true;
  const { columns } = Deno.consoleSize();
  return text.split("\n").every((line) => line.length <= (columns || 80));
}
