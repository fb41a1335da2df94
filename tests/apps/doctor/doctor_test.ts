/** What the doctor says: of a disk that is nearly full, and on a terminal that is narrower than its sentences. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { diskFinding, findings } from "../../../apps/doctor/doctor.ts";
import { wrapped } from "../../../cli/console/screen.ts";
import { temporary } from "../../fixtures/made_run.ts";

Deno.test("a disk that is nearly full is to be freed in the folder that is meant", () => {
  using folder = temporary();
  const { usable, detail } = diskFinding(folder.path, 1e9);
  assertEquals(usable, false);
  assertStringIncludes(
    detail,
    `1 GB free in ${folder.path}, a real corpus takes 5 GB; ` +
      `run "deno task pipeline gc --artifacts ${folder.path}", or name`,
  );
  assertStringIncludes(
    diskFinding("artifacts", 1e9).detail,
    'run "deno task pipeline gc", or name',
  );
});

Deno.test("a finding is one line, on a terminal as many as it takes, each below its beginning", () => {
  const examined = {
    ready: true,
    findings: [
      { name: "disk", usable: true, detail: "8 GB free in /data" },
      {
        name: "Slurm",
        usable: false,
        detail: "no scontrol; install slurm-wlm",
      },
    ],
  };
  assertEquals(
    findings(examined).split("\n").slice(0, 2),
    [
      "yes  disk   8 GB free in /data",
      "no   Slurm  no scontrol; install slurm-wlm",
    ],
  );
  assertEquals(
    findings(examined, (text, indent) => wrapped(text, 30, indent)).split("\n")
      .slice(0, 3),
    [
      "yes  disk   8 GB free in /data",
      "no   Slurm  no scontrol;",
      "            install slurm-wlm",
    ],
  );
});
