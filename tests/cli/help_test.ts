/** Help, as it is derived from what commands declare. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { flagOf, GROUPS } from "../../cli/command.ts";
import {
  loadCommand,
  PIPELINE_COMMANDS,
  TASK_COMMANDS,
} from "../../cli/commands/index.ts";
import { ROOT } from "../fixtures/made_run.ts";
import { pipeline, task } from "./fixtures/command_line.ts";

const TASKS = [
  { run: pipeline, name: "deno task pipeline", commands: PIPELINE_COMMANDS },
  { run: task, name: "deno task", commands: TASK_COMMANDS },
];

Deno.test("every file of a command is listed, and named as its command in the folder of its group", async () => {
  const folder = join(ROOT, "cli/commands");
  const files = [...Deno.readDirSync(folder)]
    .filter(({ isDirectory }) => isDirectory)
    .flatMap(({ name }) =>
      [...Deno.readDirSync(join(folder, name))]
        .map((file) => `${name}/${file.name}`)
    );
  const listed = TASKS.flatMap(({ commands }) => [...commands.values()]);
  assertEquals(listed.toSorted(), files.toSorted());
  for (const file of listed) {
    const { group, name } = await loadCommand(file);
    assertEquals(`${group}/${name}.ts`, file);
  }
});

for (const { run, name, commands } of TASKS) {
  Deno.test(`${name} lists its commands by group, and each shows examples that use its own options`, async () => {
    const list = await run("--help");
    assertEquals(list.code, 0);
    assertStringIncludes(list.out, `Usage: ${name} `);
    assert(!list.out.includes("\nCommands:"), "A command is in no group.");
    for (const file of commands.values()) {
      const command = await loadCommand(file);
      const [, group = ""] = list.out.split(`\n${GROUPS[command.group]}\n`);
      assert(
        new RegExp(`^ {2}${command.name}\\b`, "m").test(group.split("\n\n")[0]),
        command.name,
      );
      const { code, out } = await run(command.name, "--help");
      assertEquals(code, 0);
      assertStringIncludes(out, `Usage: ${name} ${command.name}`);
      // A switch that is off and an empty list are no defaults to tell.
      assertEquals(/\(default: (false|\[\])\)/.exec(out), null, out);
      assert(command.examples.length > 0);
      const flags = Object.entries(command.options)
        .map(([key, option]) => flagOf(key, option));
      for (const [example] of command.examples) {
        const line = `${name} ${command.name} ${example}`.trimEnd();
        assertStringIncludes(out, line);
        for (const [flag] of example.matchAll(/(?<= |^)--[\w-]+/g)) {
          assert(flags.includes(flag), `${command.name} has no ${flag}.`);
        }
      }
    }
  });
}

Deno.test("help is a command too", async () => {
  assertEquals(await pipeline("help"), await pipeline("--help"));
  assertEquals(await pipeline("help", "gc"), await pipeline("gc", "--help"));
});
