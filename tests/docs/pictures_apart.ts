/** The pictures of README.md and docs/guide.md, made again by their command. */
import { assert, assertEquals } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import type { Page } from "playwright-core";
import { commandsIn } from "../../docs/pictures/animation.ts";
import { VIEWS } from "../../docs/pictures/make.ts";
import { sessionOf } from "../../docs/pictures/session.ts";
import { launch, missing as noBrowser } from "../apps/report/chromium.ts";
import { missingPty } from "../cli/console/pty.ts";
import { deno } from "../fixtures/command.ts";
import { temporary } from "../fixtures/made_run.ts";
import { missingRegistry } from "../fixtures/registry.ts";
import { MOST, ROOT } from "./page.ts";

const lacking = noBrowser || (missingPty ?? "") || missingRegistry;

const picturesIn = (folder: string) =>
  [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => !name.endsWith(".ts")).sort();

/** Width and height of a picture, as a browser shows it. */
async function sizeOf(page: Page, path: string): Promise<number[]> {
  await page.goto(toFileUrl(path).href);
  const size = await page.evaluate(
    "[document.images[0].naturalWidth, document.images[0].naturalHeight]",
  );
  return size as number[];
}

Deno.test({
  name:
    `one command makes every picture again: the session, each of whose commands exits with 0, and five of pages${lacking}`,
  ignore: lacking !== "",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    using out = temporary();
    const made = await deno(
      ["run", "--allow-all", "docs/pictures/make.ts", "--out", out.path],
    );
    assertEquals(made.code, 0, made.out + made.err);
    const names = picturesIn(out.path);
    assertEquals(names, picturesIn(join(ROOT, "docs/pictures")));
    assertEquals(names.length, 6);
    for (const name of names) {
      const { size } = Deno.statSync(join(out.path, name));
      // A page of one colour takes less.
      assert(size > 3000 && size <= MOST.one, `${name}: ${size} bytes`);
    }

    const session = join(out.path, "session.svg");
    const svg = Deno.readTextFileSync(session);
    assertEquals(
      commandsIn(svg).map(({ command, code }) => ({ command, code })),
      sessionOf(false).map((command) => ({ command, code: 0 })),
    );
    const shown = svg.replace(/<[^>]+>/g, "");
    for (const text of ["18 ran, in", "Nothing to do: 18 cached", "alpha"]) {
      assert(shown.includes(text), `No "${text}" in the session.`);
    }

    const browser = await launch();
    try {
      const page = await browser.newPage();
      for (const name of ["report", "sentence", "phone"] as const) {
        const { width, height } = VIEWS[name];
        assertEquals(
          await sizeOf(page, join(out.path, `${name}.webp`)),
          [width, height],
          name,
        );
      }
      for (const name of ["curves", "graph"]) {
        const [width, height] = await sizeOf(
          page,
          join(out.path, `${name}.webp`),
        );
        assert(width > 250 && height > 200, `${name}: ${width} x ${height}`);
      }
      const animations = async () => {
        await page.goto(toFileUrl(session).href);
        return await page.evaluate("document.getAnimations().length");
      };
      assertEquals(await animations(), 1);
      await page.emulateMedia({ reducedMotion: "reduce" });
      assertEquals(await animations(), 0);
    } finally {
      await browser.close();
    }
  },
});
