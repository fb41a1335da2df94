/** How many workers divide the batches of a translation. */
import { parametersOf, type SizedModel } from "../transformer/parameters.ts";

/** Each worker has the weights for itself: a larger model is searched by the threads of one. */
const MOST_PARAMETERS = 32_000_000;
const MOST_WORKERS = 8;

/** One for each thread that there is on a CPU, as several searches of one thread are faster than one of several. */
export function searchWorkers(
  model: SizedModel,
  threads = navigator.hardwareConcurrency,
): number {
  return parametersOf(model) <= MOST_PARAMETERS
    ? Math.min(threads, MOST_WORKERS)
    : 1;
}
