/** When there are colours, and that no word depends on them. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { stripVTControlCharacters } from "node:util";
import { canRedraw, wantsColour } from "../../../cli/console/style.ts";
import { missingPty, openSession } from "./pty.ts";
import { makeProject } from "../../engine/fixtures/project.ts";

Deno.test("colours follow NO_COLOR, FORCE_COLOR, TERM and the terminal", () => {
  const cases = [
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: "1" }, true, false],
    [{ NO_COLOR: "" }, true, true],
    [{ TERM: "dumb" }, true, false],
    [{ FORCE_COLOR: "1" }, false, true],
    [{ FORCE_COLOR: "0" }, true, false],
    [{ FORCE_COLOR: "" }, false, false],
    [{ FORCE_COLOR: "1", NO_COLOR: "1", TERM: "dumb" }, false, true],
  ] as const;
  for (const [env, isTerminal, expected] of cases) {
    assertEquals(wantsColour(env, isTerminal), expected, JSON.stringify(env));
  }
});

Deno.test("lines are redrawn unless the terminal cannot, or CI looks on", () => {
  const cases = [
    [{}, true],
    [{ CI: "" }, true],
    [{ CI: "false" }, true],
    [{ CI: "true" }, false],
    [{ CI: "1" }, false],
    [{ TERM: "dumb" }, false],
  ] as const;
  for (const [env, expected] of cases) {
    assertEquals(canRedraw(env), expected, JSON.stringify(env));
  }
});

Deno.test({
  name: `a terminal has colours, a pipe has none, and both have the same words${
    missingPty ?? ""
  }`,
  ignore: missingPty !== undefined,
  fn: async () => {
    using project = makeProject();
    const command = [
      Deno.execPath(),
      ...["run", "--quiet", "--allow-all", "cli/main.ts"],
    ];
    const onTerminal = async (
      args: readonly string[],
      env: Readonly<Record<string, string>> = {},
    ) => {
      await using session = openSession([...command, ...args], {
        cwd: project.folder,
        columns: 200,
        env,
      });
      await session.ended;
      return session.output().replaceAll("\r\n", "\n");
    };
    await project.run("count:short");
    const [plain, coloured, without] = [
      (await project.run("status")).out,
      await onTerminal(["status"]),
      await onTerminal(["status"], { NO_COLOR: "1" }),
    ];
    const withoutAge = (text: string) =>
      text.replace(/ +\d+(\.\d)? s\b */g, " ");
    assert(!plain.includes("\x1b"));
    assert(!without.includes("\x1b"));
    assertStringIncludes(coloured, "\x1b[36mcached\x1b[39m");
    assertStringIncludes(coloured, "\x1b[33mstale\x1b[39m");
    assertEquals(
      withoutAge(stripVTControlCharacters(coloured)),
      withoutAge(plain),
    );
    const error = await onTerminal(["statsu"]);
    assertEquals(
      error,
      `\x1b[31mCannot\x1b[39m find node "statsu", did you mean "status".\n`,
    );
  },
});
