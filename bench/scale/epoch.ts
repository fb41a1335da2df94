/** Opens the tokens of `--tokens` as a training does, orders an epoch's batches and makes each; prints one JSON line. */
import { parseArgs } from "@std/cli/parse-args";
import { batchOrder, makeBatch } from "../../nmt/text/subwords/batches.ts";
import { readTokens } from "../../nmt/text/subwords/tokens.ts";
import { report } from "../figures.ts";

const { tokens: path } = parseArgs(Deno.args, { string: ["tokens"] });
const started = performance.now();
const tokens = readTokens(String(path));
const read_ms = performance.now() - started;
const order = batchOrder(tokens, 4096, 1, 0);
const order_ms = performance.now() - started - read_ms;
let positions = 0;
for (const pairs of order) positions += makeBatch(tokens, pairs).targetTokens;
const seconds = (performance.now() - started) / 1000;
const batch_ms = (1000 * seconds - order_ms - read_ms) / order.length;
await report(
  { seconds, read_ms, order_ms, batch_ms, positions },
  1,
  `Deno ${Deno.version.deno}`,
);
