/** Makes the pictures of committed results out of their reports: the learning curves, and BLEU against parameters. */
import { fromFileUrl, join, toFileUrl } from "@std/path";
import { launch, missing } from "../../tests/apps/report/chromium.ts";
import { capture, withReport } from "./page.ts";

const FOLDER = fromFileUrl(new URL("../results/", import.meta.url));
/** What is pictured of a section. */
const PICTURES = { curves: "#curves .drawn", size: "#size" };

if (Deno.args.length === 0 || missing) {
  throw new Error(
    `Cannot make pictures${
      missing || " of no results; name experiments that have committed ones"
    }.`,
  );
}
const browser = await launch();
try {
  for (const experiment of Deno.args) {
    await withReport(["--experiment", experiment], async (file) => {
      const page = await browser.newPage({
        viewport: { width: 860, height: 900 },
        colorScheme: "light",
      });
      await page.goto(toFileUrl(file).href);
      await page.locator("#curves .drawn svg").waitFor();
      for (const [name, element] of Object.entries(PICTURES)) {
        const picture = join(FOLDER, `${experiment}-${name}.webp`);
        await capture(page, picture, element);
      }
    });
  }
} finally {
  await browser.close();
}
