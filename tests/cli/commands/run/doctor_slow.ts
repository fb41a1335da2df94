/** The command `doctor` on real runtimes, and the refusal of a runtime that this machine lacks. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { statIfThere } from "../../../../base/stat.ts";
import { deno } from "../../../fixtures/command.ts";

function pipeline(args: readonly string[], env: Record<string, string> = {}) {
  return deno(["run", "--quiet", "--allow-all", "cli/main.ts", ...args], env);
}

const folder = Deno.makeTempDirSync();
/** Where the loader of Vulkan finds no driver. */
const WITHOUT_VULKAN = { VK_ICD_FILENAMES: `${folder}/none.json` };
const LINUX = Deno.build.os === "linux";

interface Findings {
  readonly ready: boolean;
  readonly findings: readonly {
    readonly name: string;
    readonly usable: boolean;
    readonly detail: string;
  }[];
}

Deno.test("the doctor tries every runtime and provider, and says how to get what is missing", async () => {
  const { code, out, err } = await pipeline(["doctor", "--json"], {
    SLURM_CONF: `${folder}/none.conf`,
  });
  assertEquals(code, 0, err);
  const { ready, findings }: Findings = JSON.parse(out);
  assert(ready);
  assertEquals(findings.map(({ name }) => name), [
    "onnx on cpu",
    "onnx on webgpu",
    "onnx on cuda",
    "tensorflow on cpu",
    "tensorflow on cuda",
    "openvino on cpu",
    "reference on cpu",
    "--sandbox",
    "machine",
    "disk",
    "locks",
    "Slurm",
    "bench",
  ]);
  assertEquals(findings[0].detail, "works, version 1.30.0");
  for (const { usable, detail } of findings) {
    if (!usable) assert(/; .*\.$/.test(detail), `what to do: ${detail}`);
  }
  const slurm = findings.find(({ name }) => name === "Slurm");
  assertEquals(slurm?.usable, false);
  assertStringIncludes(
    slurm?.detail ?? "",
    '"scontrol ping" finds the controller',
  );
  const table = await pipeline(["doctor", "--artifacts", `${folder}/new`]);
  assertStringIncludes(table.out, "yes  onnx on cpu ");
  assertStringIncludes(table.out, `free in ${folder}`);
  assertEquals(statIfThere(`${folder}/new`), undefined, "nothing is written");
});

Deno.test({
  name:
    "a GPU that is not there is a finding, and refused before a run writes anything",
  ignore: !LINUX,
  fn: async () => {
    const { code, out } = await pipeline(["doctor"], WITHOUT_VULKAN);
    assertEquals(code, 0, "the default runtime works");
    assert(/^no +onnx on webgpu .*mesa-vulkan-drivers/m.test(out), out);

    const artifacts = `${folder}/artifacts`;
    const run = await pipeline([
      ...["--experiment", "tiny", "--artifacts", artifacts],
      ...["--set", "runtime.provider=webgpu"],
    ], WITHOUT_VULKAN);
    assertEquals(run.code, 2);
    assert(
      /^Cannot use runtime onnx on webgpu: .*mesa-vulkan-drivers.*\.\n$/
        .test(run.err),
      run.err,
    );
    assertEquals(statIfThere(artifacts), undefined, "nothing is written");
  },
});

/** Compiles a library whose functions take the place of others; undefined without a C compiler. */
function library(name: string, code: string): string | undefined {
  if (!LINUX) return undefined;
  const path = `${folder}/${name}.so`;
  Deno.writeTextFileSync(`${folder}/${name}.c`, code);
  try {
    const { success } = new Deno.Command("cc", {
      args: ["-shared", "-fPIC", "-o", path, `${folder}/${name}.c`],
    }).outputSync();
    return success ? path : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

const broken = library(
  "broken",
  "#include <stdlib.h>\nvoid *OrtGetApiBase(void) { abort(); }\n",
);

Deno.test({
  name: broken === undefined
    ? "a crash of a native library is a finding: not run, install a C compiler (cc) on Linux"
    : "a crash of a native library is a finding and not the end, and the doctor fails where it is the default's",
  ignore: broken === undefined,
  fn: async () => {
    const { code, out, err } = await pipeline(["doctor"], {
      LD_PRELOAD: broken ?? "",
    });
    assertEquals(code, 1, err);
    assert(/^no +onnx on cpu +.*ended the process \(SIGABRT/m.test(out), out);
    assert(/^yes +reference on cpu /m.test(out), out);
    assertStringIncludes(out, "The default runtime does not work");
  },
});

const FLOCK = "int flock(int file, int how)";
const LOCKS = [
  [
    `${FLOCK} { return 0; }\n`,
    /^no +locks +two processes get one lock in .*; mount it in another way /m,
  ],
  [
    `#include <errno.h>\n${FLOCK} { errno = ENOLCK; return -1; }\n`,
    /^no +locks +no lock can be tried, no locks available, in .*; mount it /m,
  ],
] as const;

for (const [i, [code, finding]] of LOCKS.entries()) {
  const preloaded = library(`locks-${i}`, code);
  Deno.test({
    name: `a disk whose locks do not hold is a finding, ${
      i + 1
    } of ${LOCKS.length}${
      preloaded === undefined
        ? ": not run, install a C compiler (cc) on Linux"
        : ""
    }`,
    ignore: preloaded === undefined,
    fn: async () => {
      const { code, out, err } = await pipeline(["doctor"], {
        LD_PRELOAD: preloaded ?? "",
      });
      assertEquals(code, 0, err);
      assert(finding.test(out), out);
    },
  });
}
