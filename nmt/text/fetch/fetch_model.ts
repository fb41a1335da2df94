/** Fetches a described model for as long as it is used. */
import { join } from "@std/path";
import type { ModelDescriptor } from "../../../schemas/model_descriptor.ts";
import { filesOfModel } from "../descriptors/models.ts";
import { fetchFiles } from "./fetch.ts";
import { mirrors } from "./mirrors.ts";

/**
 * Gives the folder with the verified files of a model to a function, and removes it afterwards.
 *
 * @throws An input error where a file is in no mirror and cannot be downloaded or verified.
 */
export async function withModel<Result>(
  descriptor: ModelDescriptor,
  log: (line: string) => void,
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  const root = Deno.makeTempDirSync({ prefix: "model-" });
  try {
    await fetchFiles(filesOfModel(descriptor), {
      folder: join(root, "files"),
      work: join(root, "work"),
      mirrors: mirrors(),
      log,
      progress: () => {},
    });
    return await use(join(root, "files", descriptor.name));
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}
