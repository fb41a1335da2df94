/** Serves an exported model by HTTP until a signal. */
import type { Console } from "../console/console.ts";
import { EXIT } from "../exit.ts";
import { inputError, parse } from "../../base/input_error.ts";
import { ServeLimits } from "../../schemas/http_api.ts";
import { loadSubwords } from "../../nmt/text/subwords/subwords.ts";
import { allowOrigins } from "../../apps/serve/http/cors.ts";
import { aborted, listen } from "../../apps/serve/http/listening.ts";
import { openReader } from "../../apps/serve/translation/readers.ts";
import {
  damagedGraph,
  graphIn,
  readExport,
  tokenizerIn,
} from "../../apps/models.ts";
import { startServer } from "../../apps/serve/server.ts";
import { openTranslators } from "../../apps/serve/translation/translators.ts";

export interface ServeOptions extends ServeLimits {
  readonly host: string;
  readonly port: number;
  /** Host names that are accepted beside the address. */
  readonly allowHost: readonly string[];
  /** Origins whose pages may use it, beside its own. */
  readonly cors: readonly string[];
  readonly int8: boolean;
  /** Sentences that are translated in parallel. */
  readonly concurrency: number;
}

/** Serves the exported model of a folder until the signal; then finishes what is under way. */
export async function serveModel(
  console: Console,
  folder: string,
  { host, port, allowHost, cors: origins, int8, concurrency, ...given }:
    ServeOptions,
  signal: AbortSignal,
): Promise<number> {
  const limits = parse(ServeLimits, given, "the limits");
  const cors = allowOrigins(origins);
  const config = readExport(folder);
  if (config.beam > limits.maxBeam) {
    throw inputError(
      `Cannot serve "${config.system}": its beam of ${config.beam} is more than the ${limits.maxBeam} that --max-beam allows; allow more.`,
    );
  }
  const precision = int8 ? "int8" : "fp32";
  const graph = graphIn(folder, precision, config);
  const tokenizer = tokenizerIn(folder, config);
  const subwords = await loadSubwords(tokenizer);
  using reader = await openReader({ tokenizer, limits, beam: config.beam });
  using translators = await openTranslators(graph, concurrency)
    .catch((error: Error) => {
      throw damagedGraph(graph, error.message);
    });
  const address = { host, port };
  const server = listen(address, () =>
    startServer({
      ...{ ...address, allowHost, cors, config, precision, reader, subwords },
      ...{ translators, concurrency, limits },
      warn: (sentence) => console.err(sentence + "\n"),
    }));
  const { source, target } = config.languages;
  console.out(
    `Serving ${config.system}, ${source} to ${target}, ${precision}, at ${server.address}\n`,
  );
  await aborted(signal);
  await server.stop();
  console.out("Stopped: what was under way is done.\n");
  return EXIT.done;
}
