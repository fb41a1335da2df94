/** What `--version` prints: the version of the project, of Deno and of ONNX Runtime. */
import { join } from "@std/path";
import { z } from "zod";
import { git } from "../engine/files/git.ts";
import { ROOT } from "../engine/keys/project.ts";

const Config = z.object({
  version: z.string(),
  imports: z.record(z.string(), z.string()),
});

export function versionText(): string {
  const { version, imports } = Config.parse(
    JSON.parse(Deno.readTextFileSync(join(ROOT, "deno.json"))),
  );
  const commit = git(ROOT, "describe", "--always", "--dirty")?.trim();
  const own = commit === undefined ? version : `${version}, commit ${commit}`;
  const runtime = imports["onnxruntime-node"].split("@").at(-1);
  return [
    `ckd ${own}`,
    `Deno ${Deno.version.deno}`,
    `ONNX Runtime ${runtime}`,
  ].join("\n") + "\n";
}
