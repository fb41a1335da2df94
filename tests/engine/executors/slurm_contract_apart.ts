/** The contract of executors, kept by jobs of a real Slurm. */
import { slurmMissing, startForFile } from "../fixtures/slurm.ts";
import { testContract } from "./contract.ts";

await startForFile();

testContract("slurm", slurmMissing);
