/** The task `web`: the translator in a browser. */
import { EXPORT_PRECISIONS } from "../../../schemas/exported_model.ts";
import { command } from "../../command.ts";
import { artifactFolder } from "../../experiment.ts";
import { load } from "../../load.ts";
import { loadModels, printModels, suggestModels } from "../../models.ts";
import { port } from "../../option_values.ts";
import { artifacts, choice, json, list, option } from "../../options.ts";

export default command({
  name: "web",
  group: "use",
  summary: "the translator in a browser, offline; until SIGTERM",
  needsPipeline: false,
  options: {
    model: {
      ...list(
        "<node>",
        "a node or a folder (default: all that are exported); may be repeated",
      ),
      suggest: suggestModels,
    },
    precision: choice("<name>", "of the graphs", EXPORT_PRECISIONS, {
      default: "int8",
    }),
    host: option<string>("<address>", "where it listens", {
      default: "127.0.0.1",
    }),
    port: option<number>("<n>", "0 is any that is free", {
      parse: port,
      default: 8080,
    }),
    out: option("<folder>", "writes static files there, and ends"),
    artifacts,
    json,
  },
  examples: [["", "a page that translates in the browser"]],
  run: async (
    { console, interruption },
    { model, artifacts, ...options },
  ) => {
    const { findExport, findExports } = await loadModels();
    const folder = artifactFolder(artifacts);
    const folders = model.length === 0
      ? findExports(folder)
      : model.map((name) => {
        const { folder: exported, note } = findExport(folder, name);
        printModels(console, artifacts, name, note);
        return exported;
      });
    if (model.length === 0) printModels(console, artifacts, undefined);
    const { runTranslatorPage } = await load<
      typeof import("../../apps/web.ts")
    >(
      import.meta.resolve("../../apps/web.ts"),
    );
    return runTranslatorPage(console, folders, options, interruption());
  },
});
