/** The command line of pipeline.ts: answers at once where nothing has changed, and loads the pipeline where something has. */
import { artifactsIn, recall } from "../engine/keys/no_op_cache.ts";
import { writeAll } from "../base/write_all.ts";

const artifacts = artifactsIn(Deno.args, `${import.meta.dirname}/../artifacts`);
const text = await recall(artifacts, Deno.args);
if (text === undefined) {
  // Names in variables: what is named in an import Deno reads before it runs the first line here.
  const [paths, engine, pipeline, commandLine] = [
    "@std/path",
    "./commands/pipeline.ts",
    "../pipeline.ts",
    "./program.ts",
  ];
  // Read by themselves and first, though all need them: Deno takes three times as long over all modules at once.
  await import(paths);
  await import(engine);
  const { main } = await import(commandLine);
  await main(async () => (await import(pipeline)).default, Deno.args);
} else {
  writeAll(Deno.stdout, text);
}
