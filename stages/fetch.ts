/** Fetches the raw data: verified packages and files of descriptors, and copies of the user's own files. */
import { z } from "zod";
import { stage } from "../engine/graph/stage.ts";
import { Data, FetchedLanguages } from "../schemas/experiment/data.ts";
import { dataFiles } from "../nmt/text/fetch/user_files.ts";
import { mirrors, VARIABLE } from "../nmt/text/fetch/mirrors.ts";
import { checksummedFiles } from "../nmt/text/descriptors/checksums.ts";
import { settingsAccess } from "../nmt/text/fetch/registry.ts";

const settings = settingsAccess();

export default stage({
  name: "fetch",
  module: import.meta.url,
  config: z.strictObject({ data: Data, languages: FetchedLanguages }),
  inputs: {},
  outputs: {
    files: { path: "files", mediaType: "inode/directory", folder: true },
  },
  permissions: {
    net: true,
    // The tar library asks for the last one as it loads; nobody sets it.
    env: [...settings.env, VARIABLE, "TESTING_TAR_FAKE_PLATFORM"],
    read: [...settings.read, ...mirrors()],
    sys: ["homedir", "uid"],
  },
  files: ({ data, languages }) => dataFiles(data, languages),
  requires: async ({ data, languages }) => {
    await checksummedFiles(data, languages);
  },
  run: async ({ config, files: copies, outputs, work, log, progress }) => {
    const { data, languages } = config;
    const { copyFiles } = await import("../nmt/text/fetch/user_files.ts");
    const { selections } = await import(
      "../nmt/text/descriptors/descriptors.ts"
    );
    const { own, additional } = selections(data, languages, copies);
    const packages = [...own === undefined ? [] : [own], ...additional]
      .flatMap(({ packages }) => packages);
    const files = checksummedFiles(data, languages, copies);
    const folder = outputs.files;
    const metrics: Record<string, number | string> = {};
    if (packages.length > 0) {
      const { fetchPackages } = await import("../nmt/text/fetch/packages.ts");
      const options = { folder, cache: work, log, progress };
      Object.assign(metrics, await fetchPackages(packages, options));
    }
    if (files.length > 0) {
      const { fetchFiles } = await import("../nmt/text/fetch/fetch.ts");
      const options = { folder, work, mirrors: mirrors(), log, progress };
      Object.assign(metrics, await fetchFiles(files, options));
    }
    Object.assign(metrics, await copyFiles(data, languages, folder, copies));
    return { metrics };
  },
});
