/**
 * Makes the pictures of README.md and docs/guide.md out of real runs: a session in a terminal, which trains `tiny` in a copy of
 * this project; that run's graph; the report and the learning curves of committed results; and the web page, with the
 * public model of the guide if `--model` names its folder, else with the best student of that run.
 */
import { parseArgs } from "@std/cli/parse-args";
import { fromFileUrl, join, resolve, toFileUrl } from "@std/path";
import type { Browser, Page } from "playwright-core";
import { launch, missing } from "../../tests/apps/report/chromium.ts";
import { startTask } from "../../tests/apps/serve/served.ts";
import {
  openSettings,
  readyOffline,
} from "../../tests/apps/web/fixtures/driven.ts";
import { missingPty } from "../../tests/cli/console/pty.ts";
import { cloneProject } from "../../tests/docs/clone.ts";
import { animation } from "./animation.ts";
import { capture, withReport } from "./page.ts";
import { record, SENTENCE, sessionOf } from "./session.ts";

const HERE = fromFileUrl(new URL(".", import.meta.url));

export const TERMINAL = { columns: 100, rows: 22 };
/** The part of a page that is seen. */
export const VIEWS = {
  report: { width: 1100, height: 820 },
  curves: { width: 860, height: 900 },
  graph: { width: 860, height: 700 },
  sentence: { width: 1100, height: 420 },
  phone: { width: 360, height: 760 },
};

/** A model may have to be loaded on a machine that trains another. */
const PATIENCE_MILLISECONDS = 300_000;

/** Experiments whose committed results are shown. */
const REPORTED = "adapted-pt-en", LEARNED = "quick";

async function main(): Promise<void> {
  const lack = missing || missingPty;
  if (lack !== undefined) throw new Error(`Cannot make pictures${lack}.`);
  const flags = parseArgs(Deno.args, { string: ["model", "out"] });
  const given = (value: unknown) =>
    typeof value === "string" ? resolve(value) : undefined;
  const model = given(flags.model), out = given(flags.out) ?? HERE;
  Deno.mkdirSync(out, { recursive: true });
  await using clone = await cloneProject();
  if (model !== undefined) {
    Deno.symlinkSync(model, clone.path("tiny11"));
  }
  await pictureSession(clone.path("."), model !== undefined, out);
  const artifacts = ["--artifacts", clone.path("artifacts")];
  const browser = await launch();
  try {
    await pictureReport(browser, ["--experiment", REPORTED], out, "report");
    await pictureReport(browser, ["--experiment", LEARNED], out, "curves");
    const own = ["--experiment", "tiny", ...artifacts];
    await pictureReport(browser, own, out, "graph");
    const models = model === undefined
      ? artifacts
      : ["--model", clone.path("x")];
    await pictureWeb(browser, models, out);
  } finally {
    await browser.close();
  }
}

async function pictureSession(
  folder: string,
  model: boolean,
  out: string,
): Promise<void> {
  const session = await record(sessionOf(model), folder, TERMINAL);
  const failed = session.find(({ code }) => code !== 0);
  if (failed !== undefined) {
    throw new Error(`"${failed.command}" exited with ${failed.code}.`);
  }
  const path = join(out, "session.svg");
  const svg = await animation(session, TERMINAL);
  Deno.writeTextFileSync(path, svg);
  console.log(`${path}  ${Math.ceil(svg.length / 1000)} kB`);
}

/** The first screen of a report, its learning curves or its graph. */
async function pictureReport(
  browser: Browser,
  options: readonly string[],
  out: string,
  name: "report" | "curves" | "graph",
): Promise<void> {
  const element = {
    ...{ report: undefined, curves: "#curves .drawn", graph: "svg.graph" },
  }[name];
  await withReport(options, async (file) => {
    const page = await browser.newPage({
      ...{ viewport: VIEWS[name], colorScheme: "light" },
      reducedMotion: "reduce",
    });
    await page.goto(toFileUrl(file).href);
    await page.locator(element ?? "#curves .drawn svg").first().waitFor();
    await page.locator("#curves .drawn svg").first().waitFor();
    await capture(page, join(out, `${name}.webp`), element);
    await page.close();
  });
}

/** The page that translates: on a wide screen what a word was made from, and on a phone that is offline. */
async function pictureWeb(
  browser: Browser,
  models: readonly string[],
  out: string,
): Promise<void> {
  await using server = await startTask("web", models);
  const wide = await browser.newPage({ viewport: VIEWS.sentence });
  await wide.goto(server.url);
  await translate(wide);
  // What the model looked at for it is marked; a model that has learned little may say nothing.
  const words = wide.locator("#first .word");
  if (await words.count() > 0) await words.last().hover();
  await capture(wide, join(out, "sentence.webp"));

  await wide.close();
  const context = await browser.newContext({
    ...{ viewport: VIEWS.phone, colorScheme: "dark" },
    ...{ isMobile: true, hasTouch: true },
  });
  const phone = await context.newPage();
  phone.setDefaultTimeout(PATIENCE_MILLISECONDS);
  await phone.goto(server.url);
  await openSettings(phone);
  await readyOffline(phone);
  server.signal("SIGTERM");
  await server.ended();
  await context.setOffline(true);
  await phone.reload();
  await translate(phone);
  await capture(phone, join(out, "phone.webp"));
}

/** Types the sentence, and waits for its translation. */
async function translate(page: Page): Promise<void> {
  await openSettings(page);
  await page.locator("#source").fill(SENTENCE);
  await page.locator("#first .facts", { hasText: "1 sentence in" })
    .waitFor({ timeout: PATIENCE_MILLISECONDS });
  await page.locator("#settings").evaluate((one) =>
    one.removeAttribute("open")
  );
}

if (import.meta.main) await main();
