/** That stages of other runs are counted: alone, as those of other tests come and go. */
import { assert } from "@std/assert";
import { coresInUse } from "../../../cli/console/shared_cores.ts";
import { STAGE_PROCESS } from "../../../engine/executors/process.ts";

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
