/**
 * Ten tasks of a researcher in our report, in MLflow, in TensorBoard and in W&B's terminal viewer, on the same run:
 * `deno task bench report`. W&B's page is not measured: it needs an account, or a server that no package has.
 */
import { parseArgs } from "@std/cli/parse-args";
import { join, resolve } from "@std/path";
import { inputError } from "../../base/input_error.ts";
import { cacheFolder, readCpu } from "../../apps/doctor/peers.ts";
import pipeline from "../../pipeline.ts";
import { launch, missing } from "../../tests/apps/report/chromium.ts";
import { missingPty } from "../../tests/cli/console/pty.ts";
import { chosen, count } from "../flags.ts";
import { progress } from "../measures/report.ts";
import { runStages } from "../text/stages.ts";
import { loggedOf } from "./logged.ts";
import { programs } from "./servers.ts";
import { type Run, type Tool, TOOLS } from "./tools.ts";

const USAGE =
  `deno task bench report [--experiment tiny] [--artifacts DIR] [--against MANIFEST] [--times 5] [--tools NAME,...]

  --artifacts  the folder of a finished run; unless given, tiny is trained twice, once with another alpha
  --against    the manifest of an earlier run of it
  --times      each task is done so often, and its median taken
  --tools      of report, MLflow, TensorBoard, LEET`;

/** Measures the tools and prints what is committed as bench/results/report_tasks.json. */
export async function report(args: readonly string[]): Promise<void> {
  const flags = parseArgs([...args], {
    string: ["experiment", "artifacts", "against", "times", "tools"],
    boolean: ["help"],
    unknown: (name: string) => {
      throw inputError(`Cannot use "${name}": expected ${USAGE}`);
    },
  });
  if (flags.help) return console.log(USAGE);
  programs();
  const lack = missing || missingPty;
  if (lack) throw inputError(`Cannot compare reports${lack}.`);
  const times = count("times", flags.times, 5);
  const given = (value: unknown) =>
    typeof value === "string" ? value : undefined;
  const artifacts = given(flags.artifacts), against = given(flags.against);
  const run: Run = artifacts === undefined ? await tiny() : {
    experiment: given(flags.experiment) ?? "tiny",
    artifacts: resolve(artifacts),
    against: against === undefined ? undefined : resolve(against),
  };
  const wanted = chosen(
    Object.keys(TOOLS).map((row) => ({ row })),
    flags.tools,
  );
  const logged = await loggedOf(pipeline, run);
  const folder = Deno.makeTempDirSync({ prefix: "ckd-report-" });
  const browser = await launch();
  const tools: Tool[] = [];
  try {
    for (const { row } of wanted) {
      progress(`${row} starts`);
      tools.push(await TOOLS[row]({ run, logged, folder, browser, times }));
    }
  } finally {
    progress("");
    await browser.close();
    Deno.removeSync(folder, { recursive: true });
  }
  const { model: cpu } = await readCpu();
  const result = {
    command: ["deno task bench report", ...args].join(" "),
    date: new Date().toISOString().slice(0, 10),
    run: {
      experiment: run.experiment,
      models: logged.models.length,
      earlier: logged.earlier.length,
    },
    machine: {
      cpu,
      cores: navigator.hardwareConcurrency,
      // Processes that wanted a core in the minute before.
      load: Number(Deno.loadavg()[0].toFixed(1)),
      versions: {
        deno: Deno.version.deno,
        Chromium: browser.version(),
        ...Object.fromEntries(
          tools.flatMap(({ name, version }) =>
            version === "" ? [] : [[name, version]]
          ),
        ),
      },
    },
    tools: tools.map(({ version: _, ...tool }) => tool),
  };
  console.log(JSON.stringify(result, null, 2));
}

/** Trains `tiny`, before with another alpha: about two minutes the first time. */
async function tiny(): Promise<Run> {
  const folder = join(cacheFolder(), "report");
  const artifacts = join(folder, "artifacts");
  const against = join(folder, "earlier.json");
  const train = (options: readonly string[]) =>
    runStages(["*"], { experiment: "tiny", artifacts, options });
  Deno.mkdirSync(folder, { recursive: true });
  await train(["--quiet", "--set", "students.rkd.alpha=0.5"]);
  Deno.copyFileSync(join(artifacts, "manifest.json"), against);
  await train(["--quiet"]);
  return { experiment: "tiny", artifacts, against };
}
