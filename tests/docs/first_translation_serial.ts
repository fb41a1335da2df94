/** A stranger's first minutes: from a clone to the first translation by the README, with a home that has nothing in it. */
import { assert, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { temporary } from "../fixtures/made_run.ts";
import { missingRegistry } from "../fixtures/registry.ts";
import { blocksOf, commandsOf, ROOT } from "./page.ts";

const SECONDS = 180;

/** What would let the clone use what this machine has fetched before. */
const CACHES = /^(HOME|DENO_DIR|XDG_\w+|npm_config_cache)$/i;

Deno.test({
  name:
    `from git clone to the first translation a stranger waits at most ${SECONDS} s${missingRegistry}`,
  ignore: missingRegistry !== "",
  fn: async () => {
    using folder = temporary();
    const start = blocksOf("README.md").find(({ section }) =>
      section === "Start"
    );
    const [command] = commandsOf(start?.text ?? "");
    const home = join(folder.path, "home");
    Deno.mkdirSync(home);
    // Unlike a stranger's, this clone is of a folder, which another user may own.
    Deno.writeTextFileSync(
      join(home, ".gitconfig"),
      "[safe]\n\tdirectory = *\n",
    );
    const began = performance.now();
    const { code, stdout, stderr } = await new Deno.Command("sh", {
      args: [
        "-c",
        `git clone --quiet "$0" clone && cd clone && ${command}`,
        ROOT,
      ],
      cwd: folder.path,
      clearEnv: true,
      env: {
        ...Object.fromEntries(
          Object.entries(Deno.env.toObject())
            .filter(([name]) => !CACHES.test(name)),
        ),
        HOME: home,
      },
    }).output();
    const seconds = (performance.now() - began) / 1000;
    const said = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assert(code === 0, said(stderr));
    assertMatch(
      said(stdout),
      /\b(open|opening|opened)\b.*\bfile\b|\bfile\b.*\bopen/i,
    );
    console.log(`${seconds.toFixed(0)} s: ${said(stdout).trim()}`);
    assert(seconds < SECONDS, `${seconds.toFixed(0)} s`);
  },
});
