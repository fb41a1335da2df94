/** Locks of several processes at once. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { lockFolder } from "../../../engine/store/lock.ts";
import { isInputError } from "../../../base/input_error.ts";

const LOCK = import.meta.resolve("../../../engine/store/lock.ts");
const PROCESSES = 4, TIMES = 100;

/** Adds one to the number in a file, some thousand times by several processes, under a lock that each of them removes. */
async function count(body: string): Promise<number> {
  const folder = Deno.makeTempDirSync();
  try {
    const code = `import { claimKey, withCommitLock } from ${
      JSON.stringify(LOCK)
    };
const folder = ${JSON.stringify(folder)}, path = folder + "/number";
const add = () => Deno.writeTextFileSync(path, String(1 + Number(Deno.readTextFileSync(path))));
${body}`;
    Deno.writeTextFileSync(`${folder}/number`, "0");
    const processes = Array.from(
      { length: PROCESSES },
      () =>
        new Deno.Command(Deno.execPath(), {
          args: [
            ...["run", "--quiet", "--config=deno.json", "--allow-all"],
            `data:text/typescript,${encodeURIComponent(code)}`,
          ],
          cwd: fromFileUrl(new URL("../../../", import.meta.url)),
        }).output(),
    );
    for (const { code, stderr } of await Promise.all(processes)) {
      assertEquals(code, 0, new TextDecoder().decode(stderr));
    }
    assertEquals([...Deno.readDirSync(`${folder}/work`)], []);
    return Number(Deno.readTextFileSync(`${folder}/number`));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("what several processes write under a lock of a commit or of a key is not lost, though each removes the lock", async () => {
  const commits = await count(
    `for (let i = 0; i < ${TIMES}; i++) withCommitLock(folder, add);`,
  );
  assertEquals(commits, PROCESSES * TIMES);
  const claims = await count(
    `for (let i = 0; i < 5; i++) {
      using claim = await claimKey(folder, "0".repeat(64), { onWait: () => {} });
      if (claim !== undefined) add();
    }`,
  );
  assertEquals(claims, PROCESSES * 5);
});

Deno.test("an artifact folder that cannot be written to is an input error, also where nobody named it", async () => {
  const file = Deno.makeTempFileSync();
  try {
    const error = await assertRejects(
      () => lockFolder(`${file}/artifacts`, () => {}),
      Error,
      `Cannot write to the artifact folder "${file}/artifacts": `,
    );
    assert(isInputError(error), error.stack);
  } finally {
    Deno.removeSync(file);
  }
});
