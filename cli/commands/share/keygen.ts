/** The command `keygen`: makes a key to sign with. */
import { makeSigningKey } from "../../../engine/provenance/signature.ts";
import { command } from "../../command.ts";
import { EXIT } from "../../exit.ts";
import { json, option } from "../../options.ts";
import { keyPath } from "../../sharing/trust.ts";

export default command({
  name: "keygen",
  group: "share",
  summary: "makes a key to sign with, and prints its public half",
  needsPipeline: false,
  options: {
    key: option("<file>", "where it is kept (default: in your own folder)"),
    json,
  },
  examples: [["> me.pub", "the public half, to give to others"]],
  run: ({ console }, { key, json }) => {
    const path = keyPath(key);
    const { publicKey } = makeSigningKey(path);
    // Standard output is the public key alone, to be redirected to a file.
    console.out(
      (json ? JSON.stringify({ publicKey, path }) : publicKey) + "\n",
    );
    console.err(
      `This is the public key of "${path}", which only you can read: keep it, there is no other copy.\n` +
        `Whoever believes you writes into deno.json: "trust": { "YOUR NAME": "${publicKey}" }\n`,
    );
    return EXIT.done;
  },
});
