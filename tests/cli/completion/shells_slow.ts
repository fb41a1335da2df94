/** The completion scripts in the shells that they are for. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { completionScript, SHELLS } from "../../../cli/completion/shells.ts";
import { missingPty, openSession } from "../console/pty.ts";
import { TASK_NAMES } from "../fixtures/command_line.ts";

const ROOT = fromFileUrl(new URL("../../../", import.meta.url));

/** The deno that runs the tests is the one that a script finds. */
const PATH = `${dirname(Deno.execPath())}:${Deno.env.get("PATH") ?? ""}`;

const installed = new Map<string, boolean>();
for (const shell of SHELLS) {
  try {
    const { success } = await new Deno.Command(shell, {
      args: ["-c", "true"],
    }).output();
    installed.set(shell, success);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    installed.set(shell, false);
  }
}

function missing(shell: string, needsPty = false): string | undefined {
  return installed.get(shell)
    ? needsPty ? missingPty : undefined
    : ` [not run: ${shell} is not installed; a package of its name has it]`;
}

function test(
  shell: string,
  name: string,
  fn: () => Promise<void>,
  needsPty = false,
): void {
  const reason = missing(shell, needsPty);
  Deno.test({ name: name + (reason ?? ""), ignore: reason !== undefined, fn });
}

async function output(
  program: string,
  args: string[],
  cwd = ROOT,
): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd,
    env: { PATH },
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  assertEquals(new TextDecoder().decode(stderr), "");
  return text;
}

/** A file with a shell's script after other text. */
function scriptFile(shell: typeof SHELLS[number], before = ""): string {
  const path = Deno.makeTempFileSync();
  Deno.writeTextFileSync(path, before + completionScript(shell, TASK_NAMES));
  return path;
}

/** What bash would offer for a line, asked as bash asks: by the variables that it sets. */
async function bash(line: string, before = "", cwd = ROOT): Promise<string[]> {
  const script = scriptFile("bash", before);
  const words = line.split(/ |(?=[:=])|(?<=[:=])/);
  const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
  const asked = `source ${script}
    COMP_LINE=${quoted(line)} COMP_POINT=${line.length}
    COMP_WORDS=(${words.map(quoted).join(" ")}) COMP_CWORD=${words.length - 1}
    $(complete -p deno | sed -n 's/.* -F \\([^ ]*\\) .*/\\1/p') deno "" ""
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const text = await output("bash", ["--norc", "-c", asked], cwd);
  Deno.removeSync(script);
  return text.split("\n").filter((word) => word !== "");
}

test(
  "bash",
  "bash offers commands, options, experiments and files",
  async () => {
    assertEquals(await bash("deno task pipeline statu"), ["status"]);
    assertEquals(await bash("deno task --quiet pipeline run --for"), [
      "--force",
    ]);
    assertEquals(await bash("deno task pipeline --experiment ti"), ["tiny"]);
    assertEquals(await bash("deno task translate --int"), ["--int8"]);
    assertEquals(await bash("deno task pipeline verify deno.j"), ["deno.json"]);
    assert((await bash("deno task pipeline ")).includes("explain"));
  },
);

test(
  "bash",
  "bash completes after a colon or an equals sign, whether or not they end words",
  async () => {
    assertEquals(
      await bash("deno task pipeline run --experiment tiny student:r"),
      ["rkd"],
    );
    assertEquals(await bash("deno task pipeline graph --format=d"), ["dot"]);
    const unbroken = "COMP_WORDBREAKS=' '\n";
    assertEquals(
      await bash(
        "deno task pipeline run --experiment tiny student:r",
        unbroken,
      ),
      ["student:rkd"],
    );
  },
);

test(
  "bash",
  "every other line of bash is left to the completion of deno that was there",
  async () => {
    const other = "_other() { COMPREPLY=(other); }\ncomplete -F _other deno\n";
    for (const line of ["deno ru", "deno task te", "deno task test pi"]) {
      assertEquals(await bash(line, other), ["other"]);
      assertEquals(await bash(line), []);
    }
    assertEquals(await bash("deno task pipeline statu", other), ["status"]);
    // In the folder of another project, its tasks are not run to be asked.
    const elsewhere = Deno.makeTempDirSync();
    Deno.writeTextFileSync(
      join(elsewhere, "deno.json"),
      '{ "tasks": { "pipeline": "touch ran" } }',
    );
    assertEquals(await bash("deno task pipeline statu", other, elsewhere), [
      "other",
    ]);
    assertEquals([...Deno.readDirSync(elsewhere)].length, 1);
    assertEquals(
      await bash("deno task pipeline statu", other, join(ROOT, "docs")),
      ["status"],
    );
    Deno.removeSync(elsewhere, { recursive: true });
  },
);

test("bash", "in bash, Tab writes the rest of a node's name", async () => {
  const script = scriptFile("bash", "PS1='> '\n");
  await using session = openSession(
    ["bash", "--noprofile", "--rcfile", script, "-i"],
    { cwd: ROOT, columns: 100, env: { PATH } },
  );
  await session.until(([first]) => first === ">", "A prompt");
  await session.type("deno task pipeline log --experiment tiny student:ck\t");
  await session.until(
    ([first]) => first?.endsWith("student:ckd-regular"),
    "The name of the node",
  );
  await session.type("\x15exit\r");
  assertEquals(await session.ended, 0);
  Deno.removeSync(script);
}, true);

test(
  "zsh",
  "in zsh, Tab writes the rest of a command and of a node, and lists what there is with a word on each",
  async () => {
    const folder = Deno.makeTempDirSync();
    Deno.writeTextFileSync(
      join(folder, ".zshrc"),
      "PS1='> '\nautoload -Uz compinit && compinit -u -D\n" +
        "_other() { compadd other }\ncompdef _other deno\n" +
        completionScript("zsh", TASK_NAMES),
    );
    const session = openSession(["zsh", "-d", "-i"], {
      cwd: ROOT,
      columns: 100,
      env: { PATH, ZDOTDIR: folder },
    });
    await using _ = session;
    const isLine = (text: string) => (screen: string[]) =>
      screen.some((row) => row.trimEnd() === text);
    const complete = async (typed: string, completed: string) => {
      await session.type(typed + "\t");
      await session.until(isLine(completed), completed);
      await session.type("\x15");
      await session.until(isLine(">"), "An empty line");
    };
    await session.until(isLine(">"), "A prompt");
    await complete("deno task pipeline statu", "> deno task pipeline status");
    await complete(
      "deno task pipeline log --experiment tiny student:ck",
      "> deno task pipeline log --experiment tiny student:ckd-regular",
    );
    await complete(
      "deno task pipeline graph --format=d",
      "> deno task pipeline graph --format=dot",
    );
    await complete(
      "deno task pipeline verify deno.j",
      "> deno task pipeline verify deno.json",
    );
    await complete("deno oth", "> deno other");
    await session.type("deno task pipeline re\t");
    await session.until(
      (screen) =>
        screen.some((row) =>
          /^reproduce +makes anew what a manifest/.test(row)
        ),
      "The list",
    );
    await session.type("\x15exit\r");
    assertEquals(await session.ended, 0);
    Deno.removeSync(folder, { recursive: true });
  },
  true,
);

test(
  "fish",
  "fish offers commands, options, nodes and files, and deno's own words where there is no such task",
  async () => {
    const script = scriptFile("fish");
    const offered = async (line: string, cwd = ROOT) => {
      const text = await output("fish", [
        ...["--no-config", "-c"],
        `source ${script}; complete -c deno -f -a other; complete -C '${line}'`,
      ], cwd);
      return text.trimEnd().split("\n");
    };
    const [status] = await offered("deno task pipeline statu");
    assertStringIncludes(status, "status\tone row a node");
    assertEquals(
      (await offered("deno task pipeline log --experiment tiny student:"))
        .map((line) => line.split("\t")[0]),
      ["student:ckd-regular", "student:no-kd", "student:rkd"],
    );
    assertEquals(await offered("deno task pipeline graph --format=d"), [
      "--format=dot",
    ]);
    assertEquals(await offered("deno task --quiet pipeline --experiment ti"), [
      "tiny",
    ]);
    assertEquals(
      (await offered("deno task pipeline verify deno.j"))[0].split("\t")[0],
      "deno.json",
    );
    assertEquals(await offered("deno task test o"), ["other"]);
    assertEquals(await offered("deno oth"), ["other"]);
    assertEquals(await offered("deno task pipeline oth", "/"), ["other"]);
    Deno.removeSync(script);
  },
);
