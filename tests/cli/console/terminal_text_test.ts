/** Text for a terminal and sentences of errors hold no control characters and no password. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { sentence, terminalText } from "../../../cli/console/terminal_text.ts";
import { painted } from "../../../cli/console/style.ts";
import { makeProject } from "../../engine/fixtures/project.ts";
import { logSteering, STEERING } from "../fixtures/steering.ts";

Deno.test("control characters go, and colours of ours, tabs and line ends stay", () => {
  const ours = `${painted("bad", "Cannot")} go\n\t${painted("strong", "on")}\n`;
  assertEquals(terminalText(ours), ours);
  const plain = terminalText(STEERING);
  assertEquals(plain, "a[2J]0;title31mb");
  assertEquals(terminalText(`\x1b[8mhidden\x1b[5m`), "[8mhidden[5m");
  assertEquals(terminalText("翻訳 é 👩‍👩‍👧"), "翻訳 é 👩‍👩‍👧");
});

Deno.test("an error is one line, in which a name cannot seem to be another", () => {
  assertEquals(
    sentence('Cannot find "a\nb\r\n\tc\u202egnp.exe".\n'),
    'Cannot find "a b cgnp.exe".',
  );
});

Deno.test("a password in an address is not repeated, and what only looks like one is", () => {
  for (const user of ["me:secret", "secret", "a@b:sec@ret", "me:s%20ecret"]) {
    const text = sentence(`Cannot reach "https://${user}@example.org/x@y".`);
    assertEquals(text, 'Cannot reach "https://…@example.org/x@y".');
  }
  const plain = 'Cannot read "https://example.org/a@b" of me@example.org.';
  assertEquals(sentence(plain), plain);
});

Deno.test("names, arguments and passwords in errors of commands reach a pipe as harmless", async () => {
  using project = makeProject();
  const cases = [
    [STEERING],
    ["--experiment", `./${STEERING}.jsonc`],
    ["--set", `${STEERING}=1`],
    ["log", STEERING],
    ["verify", STEERING],
    ["pull", "ftp://me:secret@example.org/", "--unsigned"],
    ["pull", "https://me:secret@[example.org/", "--unsigned"],
    ["pull", "s3://me:secret@example/", "--unsigned"],
    ["diff", "https://me:secret@example.org/", "HEAD"],
  ];
  for (const args of cases) {
    const { code, err } = await project.run(
      ...args.map((arg) => arg.replaceAll("\0", "")),
    );
    assertEquals(code, 2, err);
    assert(/^[^\n\p{Cc}]*\n$/u.test(err), JSON.stringify(err));
    assert(!err.includes("secret"), err);
  }
});

Deno.test("a stage's log is piped as it is, and its lines in a run's output steer nothing", async () => {
  using project = makeProject();
  logSteering(project);
  const { code, out } = await project.run("total:all");
  assertEquals(code, 0);
  assertStringIncludes(out, "total:all: total a[2J]0;title31mb\n");
  const log = await project.run("log", "total:all");
  assertStringIncludes(log.out, `total ${STEERING}`);
  const { out: json } = await project.run("log", "--json");
  assertEquals(JSON.parse(json).runs.length, 1);
});
