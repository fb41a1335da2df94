/** The contract of executors, kept by the one that needs nothing but Deno; `sandbox_slow.ts` has that in bubblewrap. */
import { local } from "../../../engine/executors/local.ts";
import { testContract } from "./contract.ts";

testContract("local", local);
