/** The help of every command: in a group, with examples whose options there are. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { EXPLAINED, GROUPS } from "../../cli/help.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));

async function help(main: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", main, ...args],
    cwd: ROOT,
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** The names below the headings of a list of commands. */
function namesIn(text: string, heading: string): string[] {
  const [, below = ""] = text.split(`\n${heading}\n`);
  return [...below.split("\n\n")[0].matchAll(/^ {2}(\w+)/gm)]
    .map(([, name]) => name);
}

const PROGRAMS = [
  { main: "cli/main.ts", name: "deno task pipeline" },
  { main: "cli/program.ts", name: "deno task" },
];

for (const { main, name } of PROGRAMS) {
  Deno.test(`${name} lists its commands by what one wants, and each shows examples that use its own options`, async () => {
    const list = await help(main, "--help");
    assertStringIncludes(list, `Usage: ${name} `);
    const commands = Object.values(GROUPS)
      .flatMap((heading) => namesIn(list, heading));
    assert(commands.length >= 4);
    assert(!list.includes("\nCommands:"), "A command is in no group.");
    for (const command of commands) {
      const explained = EXPLAINED[command];
      assert(explained !== undefined, `cli/help.ts lacks "${command}".`);
      const text = await help(main, command, "--help");
      assertStringIncludes(text, `Usage: ${name} ${command}`);
      assertStringIncludes(text, `\nExamples:\n  ${name} ${command}`);
      for (const [example] of explained.examples) {
        assertStringIncludes(text, `${name} ${command} ${example}`.trimEnd());
        for (const [option] of example.matchAll(/(?<= |^)--[\w-]+/g)) {
          assert(
            new RegExp(`^ {2}${option}\\b`, "m").test(text),
            `${command} has no ${option}.`,
          );
        }
      }
    }
  });
}

Deno.test("every explained command is there", async () => {
  const lists = await Promise.all(
    PROGRAMS.map(({ main }) => help(main, "--help")),
  );
  for (const command of Object.keys(EXPLAINED)) {
    assert(
      lists.some((list) => new RegExp(`^ {2}${command}\\b`, "m").test(list)),
      command,
    );
  }
});

Deno.test("help is a command too", async () => {
  assertEquals(
    await help("cli/main.ts", "help"),
    await help("cli/main.ts", "--help"),
  );
  assertEquals(
    await help("cli/main.ts", "help", "gc"),
    await help("cli/main.ts", "gc", "--help"),
  );
});
