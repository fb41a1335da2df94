/** The translator's page as a test drives it, and what the command line says to the same text. */
import { assertEquals } from "@std/assert";
import type { BrowserContext, Page } from "playwright-core";

import { ROOT, task } from "../../fixtures/command.ts";
import { openPage } from "../report/chromium.ts";

/** Milliseconds until something that is expected has to be there. */
const PATIENCE = 20_000;

export async function open(context: BrowserContext, address: string) {
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const complaints = await openPage(page, address);
  await openSettings(page);
  return { page, complaints };
}

/** Unfolds models, beam and figures. */
export async function openSettings(page: Page): Promise<void> {
  await page.evaluate('document.querySelector("#settings").open = true');
}

export async function type(page: Page, text: string): Promise<void> {
  await page.locator("#source").fill(text);
}

/** The lines of a pane's translation. */
export function texts(page: Page, pane: string): Promise<string[]> {
  return page.locator(`${pane} .translation p`).allTextContents();
}

/** Waits until a pane shows these lines. */
export async function reads(
  page: Page,
  pane: string,
  expected: readonly string[],
): Promise<void> {
  let found = await texts(page, pane);
  const end = Date.now() + PATIENCE;
  while (found.join("\n") !== expected.join("\n") && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    found = await texts(page, pane);
  }
  assertEquals(found, [...expected]);
}

/** Milliseconds that the page says the translation of a sentence took. */
export async function timed(page: Page, sentence: string): Promise<number> {
  await type(page, "");
  await page.locator("#first .facts", { hasNotText: "sentence" }).waitFor();
  await type(page, sentence);
  const facts = page.locator("#first .facts", { hasText: "1 sentence in" });
  await facts.waitFor();
  return Number(/in (\d+) ms/.exec(await facts.innerText())?.[1]);
}

export async function readyOffline(page: Page): Promise<void> {
  await page.locator("#offline", { hasText: /^Ready offline\.$/ }).waitFor();
}

/** Presses a key until an element has the focus. */
export async function tabTo(
  page: Page,
  selector: string,
  key = "Tab",
): Promise<void> {
  const element = JSON.stringify(selector);
  for (let i = 0; i < 30; i++) {
    if (await page.evaluate(`document.activeElement.matches(${element})`)) {
      return;
    }
    await page.keyboard.press(key);
  }
  throw new Error(`${selector} is not reached by ${key}`);
}

/** The text of what has the focus. */
export function focused(page: Page): Promise<unknown> {
  return page.evaluate("document.activeElement.textContent");
}

const known = new Map<string, string>();

/**
 * What `deno task translate --int8` makes of each line alone: what is rounded to 8 bits depends on what is beside it, so a
 * line is given when the one before is answered.
 */
export async function translatedAlone(
  artifacts: string,
  model: string,
  lines: readonly string[],
): Promise<string[]> {
  const key = (line: string) => `${model}\n${line}`;
  const asked = lines.filter((line) => !known.has(key(line)));
  if (asked.length > 0) {
    const process = new Deno.Command(Deno.execPath(), {
      args: [
        ...["task", "--quiet", "translate", "--artifacts", artifacts],
        ...["--model", model, "--int8", "--beam", "2"],
      ],
      cwd: ROOT,
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const input = process.stdin.getWriter();
    const output = process.stdout.pipeThrough(new TextDecoderStream())
      .getReader();
    for (const line of asked) {
      await input.write(new TextEncoder().encode(`${line}\n`));
      let answer = "";
      while (!answer.endsWith("\n")) {
        const { done, value } = await output.read();
        if (done) throw new Error(`No translation of "${line}"`);
        answer += value;
      }
      known.set(key(line), answer.slice(0, -1));
    }
    await input.close();
    await output.cancel();
    assertEquals((await process.status).code, 0);
  }
  return lines.map((line) => known.get(key(line)) ?? "");
}

/** Runs `deno task web` to its end, and gives what it prints. */
export async function build(...args: string[]): Promise<string> {
  const { code, out, err } = await task("web", ...args);
  assertEquals(code, 0, err);
  return out;
}
