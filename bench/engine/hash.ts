/** Prints the seconds that the engine's hash of a file takes, without the start of a process. */
import { hashFile } from "../../engine/files/hash.ts";

const [path] = Deno.args;
const began = performance.now();
await hashFile(path);
console.log((performance.now() - began) / 1000);
