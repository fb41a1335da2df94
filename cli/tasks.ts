/** Entry of the commands that are tasks of their own: `deno task translate`, `score`, `serve` and `web`. */
import { main, OTHER_TASKS } from "./program.ts";

await main(OTHER_TASKS, Deno.args);
