/** The contract of executors, kept by the one that needs nothing but Deno; the slow suite has it of the others. */
import { testContract } from "./contract.ts";

testContract("local");
