/** The task `serve`: translates with an exported model by HTTP. */
import { ServeLimits } from "../../../schemas/http_api.ts";
import { command } from "../../command.ts";
import { artifactFolder } from "../../experiment.ts";
import { load } from "../../load.ts";
import { loadModels, printModels, suggestModels } from "../../models.ts";
import { port, positive, size } from "../../option_values.ts";
import { artifacts, flag, list, option } from "../../options.ts";

const limits = ServeLimits.parse({});

/** A limit of the server: a whole number. */
function limit(placeholder: string, summary: string, initial: number) {
  return option<number>(placeholder, summary, {
    parse: positive,
    default: initial,
  });
}

export default command({
  name: "serve",
  group: "use",
  summary: "translates with an exported model by HTTP, until SIGTERM",
  needsPipeline: false,
  options: {
    model: option<string | undefined>(
      "<node>",
      "a node or a folder (default: best student)",
      { suggest: suggestModels },
    ),
    int8: flag("the graph in 8 bits: smaller, nearly the same"),
    host: option<string>("<address>", "where it listens", {
      default: "127.0.0.1",
    }),
    allowHost: list("<name>", "another name of the server; may be repeated"),
    cors: list(
      "<origin>",
      "whose pages may use it, * for all; may be repeated (default: none)",
    ),
    port: option<number>("<n>", "0 is any that is free", {
      parse: port,
      default: 8000,
    }),
    concurrency: limit(
      "<n>",
      "sentences at once, a core each",
      navigator.hardwareConcurrency,
    ),
    queue: limit("<n>", "sentences that wait", limits.queue),
    requests: limit("<n>", "requests at once", limits.requests),
    connections: limit("<n>", "open at once", limits.connections),
    maxBody: option<number>("<size>", "of a request", {
      parse: size,
      default: limits.maxBody,
      defaultText: `${limits.maxBody / 1e6}M`,
    }),
    maxSentences: limit("<n>", "of a request", limits.maxSentences),
    maxWords: limit("<n>", "of a sentence", limits.maxWords),
    maxCharacters: limit("<n>", "of a sentence", limits.maxCharacters),
    maxBeam: limit("<n>", "of a request", limits.maxBeam),
    timeout: limit(
      "<seconds>",
      "that a request, or a stop, may take",
      limits.timeout,
    ),
    artifacts,
  },
  examples: [["--model rkd --port 8080", "one model by HTTP"]],
  run: async (
    { console, interruption },
    { model, artifacts, ...options },
  ) => {
    const { findExport } = await loadModels();
    const { folder, note } = findExport(artifactFolder(artifacts), model);
    printModels(console, artifacts, model, note);
    const { serveModel } = await load<typeof import("../../apps/serve.ts")>(
      import.meta.resolve("../../apps/serve.ts"),
    );
    return serveModel(console, folder, options, interruption());
  },
});
