/** A real browser for the tests of pages, the system's Chromium, and what every page of ours has to hold in it. */
import axe from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { statIfThere } from "../../../base/stat.ts";

const CANDIDATES = [
  Deno.env.get("CKD_CHROMIUM"),
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

/** The browser's program, where there is one. */
export const path = CANDIDATES.find((candidate) =>
  candidate !== undefined && statIfThere(candidate)?.isFile
);

/** What is missing for the tests that need a browser, as it stands in their titles; empty where nothing is. */
export const missing = path === undefined
  ? " (ignored: no Chromium; apt-get install chromium, or name one by CKD_CHROMIUM)"
  : "";

/** Settings of a test in a browser, whose timers and pipes end with it, some a moment later. */
export const IN_BROWSER = {
  ignore: missing !== "",
  sanitizeOps: false,
  sanitizeResources: false,
} as const;

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: path, args: ["--no-sandbox"] });
}

/** Goes to an address; gives what the console and the page complain of, and what is asked of elsewhere. */
export async function openPage(
  page: Page,
  address: string,
): Promise<readonly string[]> {
  const complaints: string[] = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => {
    if (!/^data:/.test(request.url()) && !request.url().startsWith(address)) {
      complaints.push(request.url());
    }
  });
  await page.goto(address);
  return complaints;
}

/** Opens all that a click would. */
export async function openDetails(page: Page): Promise<void> {
  await page.locator("details").evaluateAll((all) => {
    for (const each of all) each.setAttribute("open", "");
  });
}

/** What axe has against a page, in a line each. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate("axe.run(document)");
  return (found as axe.AxeResults).violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) =>
      `${id}: ${html.slice(0, 200)} ${failureSummary}`
    )
  );
}

/** The elements that reach beyond a width, but for those inside of pictures. */
export async function wider(page: Page, width: number): Promise<object[]> {
  const all = await page.locator("html, body *:not(svg *)").evaluateAll((all) =>
    all.map((each) => ({
      what: `${each.localName}.${each.className}`,
      right: Math.max(
        Math.ceil(each.getBoundingClientRect().right),
        each.localName === "html" ? each.scrollWidth : 0,
      ),
    }))
  );
  return all.filter(({ right }) => right > width);
}
