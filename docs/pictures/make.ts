/** Makes the pictures of the documents out of a real run: the terminal while it trains, its report, its web page. */
import { parseArgs } from "@std/cli/parse-args";
import { fromFileUrl, join, resolve, toFileUrl } from "@std/path";
import type { Browser, Page } from "playwright-core";
import { launch, missing } from "../../tests/apps/report/chromium.ts";
import { startTask } from "../../tests/apps/serve/served.ts";
import { openSettings } from "../../tests/apps/web/driven.ts";
import { missingPty, openSession } from "../../tests/cli/console/pty.ts";
import { capture, withReport } from "./page.ts";

const ROOT = fromFileUrl(new URL("../..", import.meta.url));
const HERE = fromFileUrl(new URL(".", import.meta.url));

const TERMINAL = { columns: 110, rows: 18 };
const SCREEN = { width: 1100, height: 820 };
const WIDE = { width: 1180, height: 440 };
const PHONE = { width: 360, height: 740 };

/** A sentence of our own, in the language of the guide's corpus. */
const SENTENCE = "Não foi possível abrir o arquivo";

/** The line of a student in training: the picture is of the middle of the moments that show one. */
const TRAINING = /^student:\S+ .* \d+ %/m;

/** The web page: two models beside each other, and the best student on a phone. */
const WEB: readonly {
  readonly name: string;
  readonly viewport: { readonly width: number; readonly height: number };
  readonly colorScheme: "light" | "dark";
  /** The second model. */
  readonly beside?: string;
}[] = [
  { name: "web", viewport: WIDE, colorScheme: "light", beside: "teacher" },
  { name: "web-phone", viewport: PHONE, colorScheme: "dark" },
];

interface Options {
  readonly experiment: string;
  /** As they are added to each command; none is the project's own folder. */
  readonly artifacts: readonly string[];
  readonly out: string;
}

async function main(): Promise<void> {
  const options = optionsOf(Deno.args);
  Deno.mkdirSync(options.out, { recursive: true });
  const browser = await launch();
  try {
    await pictureTerminal(browser, options);
    await pictureReport(browser, options);
    await pictureWeb(browser, options);
  } finally {
    await browser.close();
  }
}

function optionsOf(args: readonly string[]): Options {
  const flags = parseArgs(args, { string: ["experiment", "artifacts", "out"] });
  const { experiment, artifacts, out } = flags;
  const lack = missing || missingPty;
  if (lack !== undefined) throw new Error(`Cannot make pictures${lack}.`);
  if (typeof experiment !== "string") {
    throw new Error(
      "Cannot make pictures of no experiment; name one by --experiment, and an artifact folder where it is not trained yet by --artifacts.",
    );
  }
  return {
    experiment,
    artifacts: typeof artifacts === "string" ? ["--artifacts", artifacts] : [],
    out: resolve(typeof out === "string" ? out : HERE),
  };
}

/** Runs the experiment in a terminal, and shows that as it was in the middle of training a student. */
async function pictureTerminal(
  browser: Browser,
  { experiment, artifacts, out }: Options,
): Promise<void> {
  const command = [
    ...["deno", "task", "pipeline", "--experiment", experiment],
    ...artifacts,
  ];
  const moments: number[] = [];
  await using session = openSession(command, {
    ...TERMINAL,
    each: (screen) => {
      if (!TRAINING.test(screen.join("\n"))) return;
      moments.push(session.output().length);
    },
  });
  const code = await session.ended;
  const moment = moments[Math.floor(moments.length / 2)];
  if (code !== 0 || moment === undefined) {
    throw new Error(
      `Cannot picture a training: "${command.join(" ")}" ${
        code === 0 ? "showed none" : `failed with ${code}`
      }, its end was:\n${session.screen().join("\n")}`,
    );
  }
  console.log(session.lines().join("\n"));
  const page = await browser.newPage({
    viewport: { width: 1200, height: 700 },
    deviceScaleFactor: 2,
  });
  const xterm = join(ROOT, "node_modules/@xterm/xterm");
  await page.addStyleTag({ path: join(xterm, "css/xterm.css") });
  await page.addScriptTag({ path: join(xterm, "lib/xterm.js") });
  const prompt = `$ ${command.join(" ")}\r\n`;
  await show(page, prompt + session.output().slice(0, moment));
  await capture(page, join(out, "terminal.webp"), ".xterm");
}

/** What this script uses of xterm.js, and of the page that it is in. */
interface Site {
  readonly Terminal: new (options: unknown) => {
    open(parent: unknown): void;
    write(text: string, done: () => void): void;
  };
  readonly document: { readonly body: unknown };
}

/** Writes a text to a terminal in the page. */
async function show(page: Page, text: string): Promise<void> {
  await page.evaluate(async ({ text, columns, rows }) => {
    const { Terminal, document } = globalThis as unknown as Site;
    const terminal = new Terminal({
      cols: columns,
      rows,
      fontFamily: "DejaVu Sans Mono, Menlo, Consolas, monospace",
      fontSize: 14,
      scrollback: 0,
      theme: { background: "#14161a", foreground: "#e6e6e6" },
    });
    terminal.open(document.body);
    await new Promise<void>((done) => terminal.write(text, done));
  }, { text, ...TERMINAL });
  // What is written is drawn with a later frame.
  await page.locator(".xterm-rows", { hasText: "student:" }).waitFor();
}

/** The report's beginning in light, its plots in dark. */
async function pictureReport(
  browser: Browser,
  { experiment, artifacts, out }: Options,
): Promise<void> {
  await withReport(
    ["--experiment", experiment, ...artifacts],
    async (file) => {
      for (
        const [colorScheme, section] of [
          ["light", "#summary"],
          ["dark", "#size"],
        ] as const
      ) {
        const page = await browser.newPage({
          viewport: SCREEN,
          colorScheme,
          reducedMotion: "reduce",
        });
        await page.goto(toFileUrl(file).href);
        await page.locator("#size .drawn svg").first().waitFor();
        await page.locator(section).evaluate((one) =>
          one.scrollIntoView({ behavior: "instant" })
        );
        await capture(page, join(out, `report-${colorScheme}.webp`));
      }
    },
  );
}

/** The page that translates, with a sentence of ours in it. */
async function pictureWeb(
  browser: Browser,
  { artifacts, out }: Options,
): Promise<void> {
  await using server = await startTask("web", artifacts);
  for (const { name, viewport, colorScheme, beside } of WEB) {
    const page = await browser.newPage({
      viewport,
      colorScheme,
      deviceScaleFactor: 2,
    });
    await page.goto(server.url);
    await openSettings(page);
    if (beside !== undefined) {
      const option = page.locator("#beside option", { hasText: beside });
      const value = await option.getAttribute("value");
      await page.locator("#beside").selectOption(value);
    }
    await page.locator("#source").fill(SENTENCE);
    for (const pane of ["#first", ...beside === undefined ? [] : ["#second"]]) {
      await page.locator(`${pane} .facts`, { hasText: "1 sentence in" })
        .waitFor();
    }
    await page.locator("#settings").evaluate((one) =>
      one.removeAttribute("open")
    );
    // What the model looked at for it is marked; a model that has learned little may say nothing.
    const words = page.locator("#first .word");
    if (await words.count() > 0) await words.last().hover();
    await capture(page, join(out, `${name}.webp`));
  }
}

await main();
