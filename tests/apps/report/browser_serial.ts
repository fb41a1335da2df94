/** A report in a real browser: themes, widths, clicks and keys, and that it needs nothing but itself. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { toFileUrl } from "@std/path";
import type { Browser } from "playwright-core";
import {
  launch,
  missing,
  openDetails,
  openPage,
  violations,
  wider,
} from "./chromium.ts";
import { copyOf, trainedExperiment } from "../../fixtures/trained.ts";

const PHONE = { width: 360, height: 740 };
const SCREEN = { width: 1280, height: 900 };

Deno.test({
  name:
    `a report of a whole experiment opens in a browser, on a phone and on paper, in both themes, by mouse and by keys${missing}`,
  ignore: missing !== "",
  // The browser's own timers and pipes end with it, some a moment later.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async (t) => {
    using experiment = copyOf(await trainedExperiment());
    const earlier = experiment.path("earlier.json");
    Deno.copyFileSync(experiment.path("artifacts/manifest.json"), earlier);
    const ran = await experiment.pipeline(
      ...["run", "--quiet", "--set", "students.pkd.alpha=0.5"],
    );
    assertEquals(ran.code, 0, ran.err);
    const out = experiment.path("report.html");
    const told = await experiment.pipeline(
      ...["report", "--out", out, "--against", earlier],
    );
    assertEquals(told.out, `${out}\n`, told.err);
    assert(Deno.statSync(out).size < 2e6, `${Deno.statSync(out).size} bytes`);
    const browser = await launch();
    try {
      await t.step(
        "it opens without complaints and requests nothing",
        async () => {
          const { complaints } = await open(browser, out);
          assertEquals(complaints, []);
        },
      );

      for (const theme of ["light", "dark"] as const) {
        for (const viewport of [SCREEN, PHONE]) {
          await t.step(
            `axe finds nothing, ${theme}, ${viewport.width} pixels wide`,
            async () => {
              const { page } = await open(browser, out, viewport, theme);
              await openDetails(page);
              assertEquals(await violations(page), []);
            },
          );
        }
      }

      await t.step("on a phone nothing is wider than the screen", async () => {
        const { page } = await open(browser, out, PHONE);
        await openDetails(page);
        assertEquals(await wider(page, PHONE.width), []);
        assert(await page.locator("svg.graph.tall").isVisible());
        assert(!await page.locator("svg.graph.wide").isVisible());
      });

      await t.step(
        "a click on a box opens its node, and so does the enter key",
        async () => {
          const { page } = await open(browser, out);
          const details = (name: string) => page.locator(`[id="node-${name}"]`);
          // The page hears of its new address in a moment of its own.
          const opens = (name: string) =>
            page.locator(`[id="node-${name}"][open]`).waitFor();
          const closes = (name: string) =>
            page.locator(`[id="node-${name}"]:not([open])`)
              .waitFor({ state: "attached" });
          assert(await details("teacher").getAttribute("open") === null);
          await page.locator('.wide a[href="#node-teacher"]').click();
          await opens("teacher");
          const text = await details("teacher").innerText();
          for (
            const part of [
              /key\n[0-9a-f]{64}/,
              /"encoderLayers": 4/,
              /tokens: tokenize/,
              /model, \d/,
              /step 120: training loss/,
            ]
          ) assertMatch(text, part);
          // It is listed in a stage that is closed until then.
          const listed = details("evaluate-pkd").locator("summary").first();
          assert(!await listed.isVisible());
          await page.locator('.wide a[href="#node-evaluate-pkd"]').click();
          await listed.waitFor();
          await page.locator('.wide a[href="#node-student-rkd.alpha0.4"]')
            .focus();
          await page.keyboard.press("Enter");
          await page.waitForURL(/rkd/);
          await opens("student-rkd.alpha0.4");
          await page.locator('.wide a[href="#node-teacher"]').click();
          await details("teacher").locator("summary:focus").waitFor();
          await details("teacher").locator("summary").first().click();
          await closes("teacher");
          await page.locator('.wide a[href="#node-teacher"]').click();
          await opens("teacher");
        },
      );

      await t.step("a column sorts the table by click and by key", async () => {
        const { page } = await open(browser, out);
        const column = () =>
          page.locator('#results td[data-title="BLEU"]')
            .evaluateAll((cells) =>
              cells.map((cell) => Number(cell.getAttribute("data-value")))
            );
        const before = await column();
        assertEquals(before.length, 6);
        const descending = before.toSorted((a, b) => b - a);
        const button = page.locator("#results th button", { hasText: "BLEU" });
        await button.click();
        assertEquals(await column(), descending);
        await button.press("Enter");
        assertEquals(await column(), descending.toReversed());
        const header = page.locator("#results [aria-sort]");
        assertEquals(await header.getAttribute("aria-sort"), "ascending");
        assertEquals(await header.count(), 1);
        await page.locator("#results th button", { hasText: "system" }).click();
        const names = await page.locator("#results tbody th").allInnerTexts();
        assertEquals(names, names.toSorted());
      });

      await t.step(
        "what is chosen is shown: sentence, student, system, theme",
        async () => {
          const { page } = await open(browser, out);
          const figures = page.locator("#attention figure:visible");
          assertEquals(await figures.count(), 2);
          await page.locator("#attention-of-system").selectOption("ckd");
          await page.locator("#attention-of-sentence").selectOption("2");
          assertEquals(
            await figures.evaluateAll((all) =>
              all.map((each) =>
                `${each.getAttribute("data-system")} ${
                  each.getAttribute("data-sentence")
                }`
              )
            ),
            [" 2", "ckd 2"],
          );
          await page.locator("#sentences-of").selectOption("pkd");
          const shown = page.locator("#sentences [data-system]:visible");
          assertEquals(await shown.getAttribute("data-system"), "pkd");
          const background = () =>
            page.locator("body").evaluate((body) =>
              body.ownerDocument.defaultView?.getComputedStyle(body)
                .backgroundColor
            );
          const light = await background();
          await page.locator("#theme").selectOption("dark");
          const dark = await background();
          assert(light !== dark, `${light}`);
          await page.emulateMedia({ media: "print" });
          assertEquals(await background(), light);
          assert(!await page.locator("nav").isVisible());
          assert(await page.locator("svg.graph.tall").isVisible());
        },
      );

      await t.step("what was computed is in the page", async () => {
        const { page } = await open(browser, out);
        const label = (selector: string) =>
          page.locator(selector).evaluateAll((all) =>
            all.map((each) => each.getAttribute("aria-label") ?? "")
          );
        const likeness = await label("#similarity svg");
        assertEquals(likeness.length, 10);
        const [ckd] = likeness.filter((text) =>
          text.startsWith("Similarity of the encoder layers of ckd ")
        );
        const values = [...ckd.matchAll(/\d\.\d\d/g)].map(Number);
        assertEquals(values.length, 8);
        assert(values.every((value) => value >= 0 && value <= 1));
        assert(Math.max(...values) > 0.2, ckd);
        assertEquals((await label("#layers svg[role=img]")).length, 6);
        const maps = await label("#attention figure:not([hidden]) svg");
        assertMatch(maps[0], /^teacher, what each word looks at most: the: /);
        assertStringIncludes(
          await page.locator("#against").innerText(),
          "student:pkd",
        );
        assertEquals(await page.locator(".missing").count(), 0);
      });
    } finally {
      await browser.close();
    }
  },
});

/** Opens the page as a file. */
async function open(
  browser: Browser,
  path: string,
  viewport = SCREEN,
  colorScheme: "light" | "dark" = "light",
) {
  const page = await browser.newPage({ viewport, colorScheme });
  return { page, complaints: await openPage(page, toFileUrl(path).href) };
}
