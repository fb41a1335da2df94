/** What the pictures of pages have in common: a report written by the command, and a page or an element of it as WebP. */
import { Buffer } from "node:buffer";
import type { Page } from "playwright-core";

/** Writes the report of an experiment to a file that is gone after `use`. */
export async function withReport(
  options: readonly string[],
  use: (file: string) => Promise<void>,
): Promise<void> {
  const file = Deno.makeTempFileSync({ suffix: ".html" });
  try {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["task", "--quiet", "pipeline", "report", "--out", file],
        ...options,
      ],
    }).output();
    if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
    await use(file);
  } finally {
    Deno.removeSync(file);
  }
}

/** Writes what the page shows, or an element of it, as WebP, which takes half of what PNG does. */
export async function capture(
  page: Page,
  path: string,
  element?: string,
): Promise<void> {
  const box = element === undefined
    ? null
    : await page.locator(element).boundingBox();
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send("Page.captureScreenshot", {
    format: "webp",
    quality: 80,
    captureBeyondViewport: box !== null,
    ...box === null ? {} : { clip: { ...box, scale: 1 } },
  });
  const bytes = Buffer.from(data, "base64");
  Deno.writeFileSync(path, bytes);
  console.log(`${path}  ${Math.ceil(bytes.length / 1000)} kB`);
}
