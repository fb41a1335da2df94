/** The contract of executors, kept by jobs of a real Slurm. */
import { slurmMissing, startSlurm } from "../fixtures/slurm.ts";
import { testContract } from "./contract.ts";

if (slurmMissing === "") {
  const cluster = await startSlurm();
  globalThis.addEventListener("unload", cluster.end);
}

testContract("slurm", slurmMissing);
