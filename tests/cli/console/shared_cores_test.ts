/** What a run says of programs that use the cores. */
import { assert, assertEquals } from "@std/assert";
import {
  coresInUse,
  sharedCoresText,
} from "../../../cli/console/shared_cores.ts";
import { STAGE_PROCESS } from "../../../engine/executors/process.ts";

Deno.test("free cores are not told of, cores in use are, with who uses them", () => {
  const cores = 2;
  assertEquals(sharedCoresText({ cores, used: 0.4, stages: 1 }), undefined);
  assertEquals(
    sharedCoresText({ cores: 64, used: 2, stages: 1 }),
    undefined,
  );
  const rest =
    ": stages take longer meanwhile; let both go on, or stop this one by Ctrl-C and run it later.\n";
  assertEquals(
    sharedCoresText({ cores, used: 1, stages: 0 }),
    `Other programs use 1.0 of 2 cores${rest}`,
  );
  assertEquals(
    sharedCoresText({ cores, used: 2, stages: 1 }),
    `Other programs use 2.0 of 2 cores, 1 stage of other runs among them${rest}`,
  );
  assertEquals(
    sharedCoresText({ cores, used: 2, stages: 3 }),
    `Other programs use 2.0 of 2 cores, 3 stages of other runs among them${rest}`,
  );
});

Deno.test({
  name: "a stage that computes in another process is seen",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const before = await coresInUse();
    const stage = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        `data:text/javascript,for(;;);//${encodeURIComponent(STAGE_PROCESS)}`,
      ],
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      await new Promise((resolve) => setTimeout(resolve, 500));
      const beside = await coresInUse();
      assert(beside !== undefined && before !== undefined);
      assert(beside.stages > before.stages, "expected one stage more");
      assert(beside.used > 0.5, `expected a core in use, found ${beside.used}`);
    } finally {
      stage.kill("SIGKILL");
      await stage.status;
    }
  },
});
