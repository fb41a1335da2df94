/** What a run says of programs that use the cores. */
import { assertEquals } from "@std/assert";
import { sharedCoresText } from "../../../cli/console/shared_cores.ts";

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
