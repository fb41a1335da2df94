/** Follows docs/how-to/extend.md in a clone: its files are written, its changes made, its commands run. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { inState, type NodeJson } from "../engine/fixtures/project.ts";
import { type Clone, cloneProject } from "./clone.ts";
import { blocksOf, withDiff } from "./page.ts";

interface Followed {
  /** Does all of a section with this heading, in its order; without, of what stands before the first one. */
  follow(heading?: string): Promise<string>;
  /** The nodes after a command of the pipeline on the experiment of the page. */
  nodes(...args: string[]): Promise<readonly NodeJson[]>;
}

Deno.test("a system is a line, a data set a descriptor, and a stage a file, as docs/how-to/extend.md shows", async (t) => {
  await using clone = await cloneProject();
  const project = following(clone);

  await t.step("each system of the page is trained and evaluated", async () => {
    await project.follow();
    const told = await project.follow("A system");
    for (const system of ["ends", "deep-shallow", "seqkd", "tuned"]) {
      assertStringIncludes(told, `| ${system} `);
    }
    const names = (await project.nodes("status")).map(({ name }) => name);
    for (
      const node of ["translations", "choose:tuned", "student:tuned.alpha0.6"]
    ) {
      assert(names.some((name) => name.startsWith(node)), node);
    }
    assertEquals(names.filter((name) => /^(teacher|states)/.test(name)), [
      ...["teacher", "states", "states:encoder", "states:decoder"],
    ]);
  });

  await t.step(
    "one more system runs its own nodes and the comparison",
    async () => {
      const mine = { alpha: 0.4, beta: 0.2, encoder: [[2], [5, 6]] };
      const nodes = await project.nodes(
        ...["status", "--set", `students.mine=${JSON.stringify(mine)}`],
      );
      assertEquals(inState(nodes, "stale").sort(), [
        "compare",
        "evaluate:mine",
        "export:mine",
        "student:mine",
      ]);
    },
  );

  await t.step("the text as a data set gives the same pairs", async () => {
    const before = await project.nodes("status");
    assertEquals(inState(before, "stale"), []);
    const told = await project.follow("A data set");
    assertMatch(told, /7 ran, \d+ cached/);
    const after = await project.nodes("status");
    assertEquals(inState(after, "stale"), []);
    const changed = after.filter(({ key }, i) => key !== before[i].key);
    const exported = after.map(({ name }) => name)
      .filter((name) => name.startsWith("export:"));
    assertEquals(exported.length, 5);
    assertEquals(
      changed.map(({ name }) => name).sort(),
      ["fetch", "corpus", ...exported].sort(),
    );
  });

  await t.step("the stage runs for each model, and nothing else", async () => {
    const before = await project.nodes("status");
    const told = await project.follow("A stage");
    assertMatch(told, /words: \d+\.\d+ of the reference/);
    const after = await project.nodes("status");
    assertEquals(inState(after, "stale"), []);
    const keys = new Set(before.map(({ key }) => key));
    const added = after.filter(({ key }) => !keys.has(key));
    assertEquals(added.map(({ name }) => name).sort(), [
      "lengths:deep-shallow",
      "lengths:ends",
      "lengths:seqkd",
      "lengths:teacher",
      "lengths:tuned",
    ]);
    for (const { metrics } of added) assert(Number(metrics.ratio) > 0);
  });

  await t.step(
    "what the page adds passes the checks of the project",
    async () => {
      for (const check of ["fmt --check", "lint", "check"]) {
        const { code, said } = await clone.run(
          `deno ${check} phrases.ts stages/lengths.ts pipeline.ts`,
        );
        assertEquals(code, 0, said);
      }
    },
  );

  await t.step("the stage is denied what it does not declare", async () => {
    const stage = "stages/lengths.ts";
    clone.write(
      stage,
      clone.read(stage).replace(
        "const length =",
        'await Deno.readTextFile("deno.json");\n    const length =',
      ),
    );
    const { code, said } = await clone.run(
      "deno task pipeline lengths:ends --experiment phrases",
    );
    assertEquals(code, 1);
    assertStringIncludes(said, 'Stage "lengths" may not read "');
  });
});

function following(clone: Clone): Followed {
  return {
    follow: async (heading = "") => {
      let said = "";
      for (
        const { language, text, path } of blocksOf("docs/how-to/extend.md")
          .filter(({ section }) => section === heading)
      ) {
        if (language === "sh") {
          const outcome = await clone.run(`set -e\n${text}`);
          assertEquals(outcome.code, 0, text + outcome.said);
          said += outcome.said;
          continue;
        }
        assert(path !== "", `No file is named before: ${text}`);
        const written = language === "diff"
          ? withDiff(clone.read(path), text, path)
          : text;
        clone.write(path, written);
      }
      return said;
    },
    nodes: async (...args) => {
      const command = ["pipeline", ...args, "--experiment", "phrases"];
      const { said } = await clone.run(
        `deno task --quiet ${command.map(quoted).join(" ")} --json 2>/dev/null`,
      );
      return JSON.parse(said).nodes;
    },
  };
}

const quoted = (text: string) => `'${text}'`;
