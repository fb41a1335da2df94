/** Times the recording of a teacher's states of real sentences, writing included, after a warm-up. */
import {
  chosenRuntime,
  numbers,
  preparedTeacher,
  preparedText,
  report,
  versionOf,
} from "../figures.ts";
import { record } from "./teacher_targets.ts";
import { subset } from "./pairs.ts";

/** Pairs of a file of states. */
const SHARD_PAIRS = 2048;
const { shards, threads } = numbers({ shards: 2 });
const runtime = await chosenRuntime();
const { tokens: all } = preparedText(0);
const wanted = Math.min(shards * SHARD_PAIRS, all.pairs);
const tokens = subset(all, Array.from({ length: wanted }, (_, i) => i));
const folder = await Deno.makeTempDir({ prefix: "ckd-bench-" });
try {
  const times: { pairs: number; at: number }[] = [];
  await record(
    runtime,
    { teacher: preparedTeacher(), tokens, folder },
    threads,
    (pairs) => times.push({ pairs, at: performance.now() }),
  );
  // The first report ends the warm-up, as the first file does for the peer.
  const first = times[0], last = times[times.length - 1];
  const sentences_per_s = (last.pairs - first.pairs) /
    ((last.at - first.at) / 1000);
  await report({ sentences_per_s }, threads, versionOf(runtime));
} finally {
  await Deno.remove(folder, { recursive: true });
}
