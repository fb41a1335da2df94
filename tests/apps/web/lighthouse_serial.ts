/** The translator's page by Lighthouse, as on a phone with a slow network. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { z } from "zod";
import { ROOT } from "../../fixtures/command.ts";
import { missingRegistry } from "../../fixtures/registry.ts";
import { missing, path } from "../report/chromium.ts";
import { startTask } from "../serve/served.ts";

/** Run by npx, and no package of the project's, which nobody has to install for one test. */
const LIGHTHOUSE = "lighthouse@13.5.0";

const LEAST = 0.95;
/** Another program of this machine makes the page slower, or has the browser lose its trace; it makes nothing faster. */
const ATTEMPTS = 4;

/** What Lighthouse says of a trace that lacks its beginning, and asks to be run again. */
const LOST_TRACE = "Something went wrong with recording the trace";

const score = z.object({ score: z.number() });
const Found = z.object({
  categories: z.object({
    performance: score,
    accessibility: score,
    "best-practices": score,
  }),
  audits: z.record(
    z.string(),
    z.looseObject({
      score: z.number().nullable(),
      displayValue: z.string().optional(),
    }),
  ),
});

/** What Lighthouse finds of a page; nothing where the browser has lost the trace. */
async function lighthouse(url: string): Promise<z.infer<typeof Found>[]> {
  const folder = await Deno.makeTempDir();
  try {
    const report = join(folder, "report.json");
    const { code, stderr } = await new Deno.Command("npx", {
      args: [
        ...["--yes", LIGHTHOUSE, url, "--quiet", "--output=json"],
        `--output-path=${report}`,
        "--only-categories=performance,accessibility,best-practices",
        "--chrome-flags=--headless=new --no-sandbox",
      ],
      env: { CHROME_PATH: path ?? "" },
      cwd: folder,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).output();
    const said = new TextDecoder().decode(stderr);
    if (code !== 0 && said.includes(LOST_TRACE)) return [];
    assertEquals(code, 0, said);
    return [Found.parse(JSON.parse(await Deno.readTextFile(report)))];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test({
  name:
    `Lighthouse gives the translator's page at least ${LEAST} for speed, accessibility and good practice${missing}${missingRegistry}`,
  ignore: (missing + missingRegistry) !== "",
  fn: async () => {
    await using server = await startTask("web", [
      "--model",
      join(ROOT, "examples", "model"),
    ]);
    const found: z.infer<typeof Found>[] = [];
    const best = (name: keyof z.infer<typeof Found>["categories"]) =>
      Math.max(0, ...found.map(({ categories }) => categories[name].score));
    for (let i = 0; i < ATTEMPTS && best("performance") < LEAST; i++) {
      found.push(...await lighthouse(server.url));
    }
    assert(
      found.length > 0,
      `Lighthouse recorded no trace in ${ATTEMPTS} attempts`,
    );
    const lacking = Object.entries(found[0].audits)
      .filter(([, { score }]) => score !== null && score < 1)
      .map(([audit, { score, displayValue = "" }]) =>
        `${audit}: ${score} ${displayValue}`
      );
    for (
      const name of ["performance", "accessibility", "best-practices"] as const
    ) {
      assert(
        best(name) >= LEAST,
        `${name}: ${best(name)}\n${lacking.join("\n")}`,
      );
    }
  },
});
