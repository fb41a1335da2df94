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
/** Another program of this machine makes the page slower; it makes nothing faster. */
const ATTEMPTS = 4;

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

async function lighthouse(url: string): Promise<z.infer<typeof Found>> {
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
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    return Found.parse(JSON.parse(await Deno.readTextFile(report)));
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
    while (found.length < ATTEMPTS && best("performance") < LEAST) {
      found.push(await lighthouse(server.url));
    }
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
