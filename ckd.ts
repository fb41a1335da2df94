/** Entry of the command `ckd`: all commands, from any folder. */
import { CKD, main } from "./cli/program.ts";

await main(CKD, Deno.args);
