/** Fetches the verified files of a public model, which a descriptor names. */
import { z } from "zod";
import { stage } from "../../engine/graph/stage.ts";
import { modelDescriptorFile } from "../../nmt/text/descriptors/models.ts";
import { mirrors, VARIABLE } from "../../nmt/text/fetch/mirrors.ts";

export default stage({
  name: "fetch-model",
  module: import.meta.url,
  config: z.strictObject({ descriptor: z.string() }),
  inputs: {},
  outputs: {
    files: { path: "files", mediaType: "inode/directory", folder: true },
  },
  permissions: {
    net: true,
    // The tar library, which archives are read with, asks for the last one as it loads; nobody sets it.
    env: [VARIABLE, "TESTING_TAR_FAKE_PLATFORM"],
    read: mirrors(),
  },
  files: ({ descriptor }) => [modelDescriptorFile(descriptor)],
  run: async ({ config, files: copies, outputs, work, log, progress }) => {
    const { filesOfModel, readModelDescriptor } = await import(
      "../../nmt/text/descriptors/models.ts"
    );
    const { fetchFiles } = await import("../../nmt/text/fetch/fetch.ts");
    const described = readModelDescriptor(config.descriptor, copies);
    const metrics = await fetchFiles(filesOfModel(described), {
      ...{ folder: outputs.files, work, mirrors: mirrors(), log, progress },
    });
    return { metrics };
  },
});
