/** The command line of pipeline.ts: answers at once where nothing has changed, and loads the pipeline where something has. */
import { artifactsIn, recall } from "./engine/idle.ts";
import { writeAll } from "./engine/write.ts";

const artifacts = artifactsIn(Deno.args, `${import.meta.dirname}/artifacts`);
const text = recall(artifacts, Deno.args);
if (text === undefined) {
  // Names in variables: what is named in an import Deno reads before it runs the first line here.
  const [pipeline, commandLine] = ["./pipeline.ts", "./cli.ts"];
  const { default: definition } = await import(pipeline);
  const { main } = await import(commandLine);
  await main(definition, Deno.args);
} else {
  writeAll(Deno.stdout, text);
}
