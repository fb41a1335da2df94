/** The run of a pipeline from a program. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { ROOT } from "../../fixtures/command.ts";
import { temporary } from "../../fixtures/made_run.ts";

const STAGE = `
import { z } from "zod";
import { stage } from "@ckd/ckd/stage";
export default stage({
  name: "draw",
  module: import.meta.url,
  config: z.null(),
  inputs: {},
  outputs: { drawn: { path: "drawn.txt", mediaType: "text/plain" } },
  run: ({ outputs }) => {
    Deno.writeTextFileSync(outputs.drawn, String(performance.timeOrigin));
    return Promise.resolve({ metrics: {} });
  },
});
`;

const PROGRAM = `
import { z } from "zod";
import { pipeline, runPipeline } from "@ckd/ckd";
import draw from "./draw.ts";
const drawing = pipeline(z.strictObject({}), (_, node) => {
  node(draw, { config: null });
});
const run = () =>
  runPipeline(drawing, {}, { artifacts: "artifacts", notice: console.log });
await run();
Deno.removeSync("artifacts/objects", { recursive: true });
await run();
`;

Deno.test("a program gets the notices of its run, such as of a stage that is not deterministic", async () => {
  using folder = temporary();
  Deno.writeTextFileSync(`${folder.path}/draw.ts`, STAGE);
  Deno.writeTextFileSync(`${folder.path}/program.ts`, PROGRAM);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--config", `${ROOT}/deno.json`, "--allow-all"],
      "program.ts",
    ],
    cwd: folder.path,
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  assertStringIncludes(
    new TextDecoder().decode(stdout),
    "draw: output drawn has other bytes than the same key gave before",
  );
});
