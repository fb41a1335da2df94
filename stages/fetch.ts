/** Brings the raw data: packages from the user's registry, verified, or copies of the user's own files. */
import { z } from "zod";
import { stage } from "../engine/stage.ts";
import { Data, Languages } from "../schemas/data.ts";
import { dataFiles } from "../text/files.ts";
import { settingsAccess } from "../text/registry.ts";

const settings = settingsAccess();

export default stage({
  name: "fetch",
  module: import.meta.url,
  config: z.strictObject({ data: Data, languages: Languages }),
  inputs: {},
  outputs: {
    files: { path: "files", mediaType: "inode/directory", folder: true },
  },
  permissions: {
    net: true,
    env: settings.env,
    read: settings.read,
    sys: ["homedir", "uid"],
  },
  files: ({ data, languages }) => dataFiles(data, languages),
  run: async ({ config, outputs, work, log, progress }) => {
    const { copyFiles } = await import("../text/files.ts");
    const { data, languages } = config;
    if (data.descriptor === undefined) {
      return { metrics: await copyFiles(data, outputs.files) };
    }
    const { fetchPackages } = await import("../text/packages.ts");
    const { select } = await import("../text/descriptors.ts");
    const { packages } = select(data.descriptor, data, languages);
    const metrics = await fetchPackages(packages, {
      folder: outputs.files,
      cache: work,
      log,
      progress,
    });
    return { metrics };
  },
});
