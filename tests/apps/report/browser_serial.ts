/** A report in a real browser: themes, widths, clicks and keys, and that it needs nothing but itself. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { toFileUrl } from "@std/path";
import type { Browser, Page } from "playwright-core";
import {
  IN_BROWSER,
  launch,
  missing,
  openDetails,
  openPage,
  violations,
  wider,
} from "./chromium.ts";
import { reportAgainst } from "./reported.ts";

const PHONE = { width: 360, height: 740 };
const SCREEN = { width: 1280, height: 900 };

Deno.test({
  name:
    `a report of a whole experiment opens in a browser, on a phone and on paper, in both themes, by mouse and by keys${missing}`,
  ...IN_BROWSER,
  fn: async (t) => {
    using reported = await reportAgainst();
    const { out } = reported;
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
              await page.locator('a.box[href="#node-teacher"]').click();
              await page.locator("#node-teacher").waitFor();
              assertEquals(await violations(page), []);
            },
          );
        }
      }

      await t.step("on a phone nothing is wider than the screen", async () => {
        const { page } = await open(browser, out, PHONE);
        await openDetails(page);
        assertEquals(await wider(page, PHONE.width), []);
        await page.locator('a.box[href="#node-teacher"]').click();
        await page.locator("#node-teacher").waitFor();
        assertEquals(await wider(page, PHONE.width), []);
      });

      await t.step(
        "a click on a box shows its node beside the graph, and so does the enter key",
        async () => {
          const { page } = await open(browser, out);
          const article = (name: string) => page.locator(`[id="${name}"]`);
          const shown = page.locator("#pipeline article:visible");
          assertEquals(await shown.count(), 1);
          assertStringIncludes(await shown.innerText(), "All nodes");
          await page.locator('a.box[href="#node-teacher"]').click();
          await article("node-teacher").waitFor();
          assertEquals(await shown.count(), 1);
          const [graph, details] = await Promise.all(
            [page.locator(".graph-frame"), article("node-teacher")]
              .map((each) => each.boundingBox()),
          );
          assert(graph !== null && details !== null);
          assert(details.x >= graph.x + graph.width);
          const text = await article("node-teacher").innerText();
          for (
            const part of [
              /key\n[0-9a-f]{64}/,
              /"encoderLayers": 4/,
              /tokens: tokenize/,
              /model, \d/,
              /step 120: training loss/,
            ]
          ) assertMatch(text, part);
          // A stage of many nodes is one box.
          await page.locator('a.box[href="#stage-evaluate"]').focus();
          await page.keyboard.press("Enter");
          await article("stage-evaluate").waitFor();
          await article("stage-evaluate")
            .getByRole("link", { name: "evaluate:pkd" }).click();
          await article("node-evaluate-pkd").waitFor();
          await page.goBack();
          await article("stage-evaluate").waitFor();
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
        assertEquals(before, descending);
        const button = page.locator("#results th button", {
          hasText: /^BLEU$/,
        });
        await button.click();
        assertEquals(await column(), descending.toReversed());
        await button.press("Enter");
        assertEquals(await column(), descending);
        await button.press("Enter");
        const header = page.locator("#results [aria-sort]");
        assertEquals(await header.getAttribute("aria-sort"), "ascending");
        assertEquals(await header.count(), 1);
        await page.locator("#results th button", { hasText: "system" }).click();
        const names = (await page.locator("#results tbody th").allInnerTexts())
          .map((name) => name.replace("★ ", ""));
        assertEquals(names, names.toSorted());
      });

      await t.step(
        "what is chosen is shown: sentence, student, system, theme",
        async () => {
          const { page } = await open(browser, out);
          const titles = () =>
            page.locator("#attention .heat > p:first-child").allInnerTexts();
          await page.locator("#attention .heat").first().waitFor();
          assertEquals((await titles())[0], "teacher, layer 2 of 2");
          const field = (section: string, name: string) =>
            page.locator(`#${section} [name="${name}"]`);
          await field("attention", "student").selectOption("ckd");
          await field("attention", "teacherLayer").selectOption("1");
          assertEquals(await titles(), [
            "teacher, layer 1 of 2",
            "ckd, layer 1 of 1",
          ]);
          await field("sentences", "system").selectOption("pkd");
          const terms = page.locator("#sentences .sentences dt");
          assertMatch(await terms.nth(1).innerText(), /^pkd chrF \d/);
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
          assert(await page.locator("svg.graph").isVisible());
        },
      );

      await t.step("what was computed is in the page", async () => {
        const { page } = await open(browser, out);
        await page.locator("#similarity svg").nth(9).waitFor();
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
        const maps = await label("#attention svg");
        assertMatch(maps[0], /^teacher, what each word looks at most: the: /);
        assertStringIncludes(
          await page.locator("#against").innerText(),
          "student:pkd",
        );
        assertEquals(await page.locator(".missing").count(), 0);
      });

      await t.step(
        "points stand at their size: systems of one size have one place",
        async () => {
          const { page } = await open(browser, out);
          await page.locator("#size .drawn svg").first().waitFor();
          const places = await page.locator("#size .drawn svg").first()
            .locator('path[transform][fill^="var(--"]')
            .evaluateAll((all) =>
              all.map((each) =>
                /translate\(([\d.]+)/.exec(
                  each.getAttribute("transform") ?? "",
                )?.[1]
              )
            );
          // The teacher's, and that of six students.
          assertEquals(places.length, 6);
          assertEquals(new Set(places).size, 2);
        },
      );

      await t.step(
        "curves have a choice of value and axis, their values under the pointer, and a zoom by mouse and by keys",
        async () => {
          const { page } = await open(browser, out);
          const curves = page.locator("#curves .drawn svg[role=img]");
          const label = () => curves.getAttribute("aria-label");
          await curves.waitFor();
          assertStringIncludes(await label() ?? "", "validation loss");
          for (const value of ["training loss", "perplexity"]) {
            await page.locator("#curves").getByLabel(value, { exact: true })
              .click();
            assertStringIncludes(await label() ?? "", value);
          }
          const ticks = async () => await curves.innerHTML();
          const whole = await ticks();
          await page.locator("#curves").getByLabel("time").click();
          assertStringIncludes(await ticks(), "minutes of training");
          await page.locator("#curves").getByLabel("step").click();
          assertEquals(await ticks(), whole);
          await curves.scrollIntoViewIfNeeded();
          const box = await curves.boundingBox();
          assert(box !== null);
          const at = (share: number) =>
            [box.x + share * box.width, box.y + box.height / 2] as const;
          await page.mouse.move(...at(0.45));
          const tip = curves.locator('[fill="var(--plot-background)"]');
          await tip.first().waitFor({ state: "attached" });
          assertMatch(
            await curves.textContent() ?? "",
            /perplexity \d.*step \d/s,
          );
          await page.mouse.down();
          await page.mouse.move(...at(0.7), { steps: 4 });
          await page.mouse.up();
          const from = page.locator('#curves [name="from"]');
          assert(Number(await from.inputValue()) > 50);
          assert(await ticks() !== whole);
          await page.getByRole("button", { name: "Whole curve" }).press(
            "Enter",
          );
          assertEquals(await from.inputValue(), "");
          await from.fill("100");
          assert(await ticks() !== whole);
        },
      );

      for (const colorScheme of ["light", "dark"] as const) {
        await t.step(
          `the lines of each system have a look of their own that a legend tells, and on a screen a name beside their ends, ${colorScheme}`,
          async () => {
            const { page } = await open(browser, out, SCREEN, colorScheme);
            const curves = page.locator("#curves");
            const buttons = curves.locator("[aria-label=Systems] button");
            await buttons.first().waitFor();
            const entries = await buttons.allInnerTexts();
            assertEquals(entries.length, 6);
            assert(entries.includes("start (2 seeds)"), `${entries}`);
            const systems = entries.map((entry) => entry.replace(/ \(.*/, ""));
            const names = () =>
              curves.locator("svg[role=img] g[class^=curve-] text")
                .evaluateAll((all) =>
                  all.map((each) => ({
                    name: each.textContent ?? "",
                    at: each.getBoundingClientRect().top,
                  })).sort((a, b) => a.at - b.at)
                );
            const shown = await names();
            assertEquals(
              shown.map(({ name }) => name).toSorted(),
              systems.toSorted(),
            );
            shown.slice(1).forEach(({ at }, i) =>
              assert(at - shown[i].at > 12, JSON.stringify(shown))
            );
            const looks = (lines: string) =>
              page.locator(lines).evaluateAll((all) =>
                all.map((line) => {
                  const style = line.ownerDocument.defaultView
                    ?.getComputedStyle(line);
                  return `${style?.stroke} ${
                    style?.strokeDasharray.replaceAll(/px|,/g, "")
                  }`;
                })
              );
            const told = await looks("#curves [aria-label=Systems] svg");
            assertEquals(new Set(told).size, systems.length, `${told}`);
            assertEquals(
              await looks(
                "#curves g[class^=curve-]:not([stroke-opacity]):has(> path)",
              ),
              told,
            );
            await page.setViewportSize(PHONE);
            await curves.locator("svg[role=img] text").first().waitFor();
            await page.waitForFunction(
              'document.querySelector("#curves [role=img]").clientWidth < 400',
            );
            assertEquals(await names(), []);
            assertEquals(await buttons.allInnerTexts(), entries);
          },
        );
      }

      await t.step(
        "a name of the legend brings out the lines of its system, by mouse, by keys, and by a click for longer",
        async () => {
          const { page } = await open(browser, out);
          const curves = page.locator("#curves");
          const buttons = curves.locator("[aria-label=Systems] button");
          const behind = async () =>
            new Set(
              await curves.locator("[data-behind]").evaluateAll((all) =>
                all.map((each) => each.getAttribute("class"))
              ),
            ).size;
          await buttons.first().hover();
          assertEquals(await behind(), 5);
          await page.mouse.move(0, 0);
          assertEquals(await behind(), 0);
          await curves.locator("[name=to]").focus();
          await page.keyboard.press("Tab");
          assertEquals(await behind(), 5);
          await page.keyboard.press("Enter");
          await page.keyboard.press("Tab");
          await buttons.nth(1).blur();
          assertEquals(
            await buttons.first().getAttribute("aria-pressed"),
            "true",
          );
          await curves.getByLabel("perplexity").click();
          assertEquals(await behind(), 5);
          await buttons.first().click();
          await page.mouse.move(0, 0);
          assertEquals(await behind(), 0);
        },
      );

      await t.step(
        "a link of the summary, and its address, show the sentences with a fault",
        async () => {
          const { page } = await open(browser, out);
          const link = page.locator('.answers a[href^="#translations?"]')
            .first();
          const [, kind, count] = /^(.+) (\d+)$/.exec(await link.innerText()) ??
            [];
          const isShown = async (page: Page) => {
            const status = page.locator("#sentences [role=status]");
            await page.locator(`#sentences [value="${kind}"]:checked`)
              .waitFor();
            assertMatch(await status.innerText(), new RegExp(`^${count} of `));
            assertMatch(
              await page.locator("#sentences dt").nth(1).innerText(),
              new RegExp(`^pkd chrF \\d+, ${kind}$`),
            );
            // The page may still be on its way there.
            const top = page.locator("#translations");
            const y = async () => (await top.boundingBox())?.y ?? -1;
            const isThere = async () => Math.abs(await y()) < SCREEN.height / 2;
            for (let times = 0; times < 100 && !await isThere(); times++) {
              await page.waitForTimeout(100);
            }
            assert(await isThere(), `${await y()}`);
          };
          await page.locator('#sentences [name="system"]').selectOption("ckd");
          await link.click();
          await isShown(page);
          // Once more, with the same address, whatever else was chosen meanwhile.
          await page.locator("#sentences").getByLabel("any or none").click();
          await page.locator("#sentences").getByLabel("best").click();
          await page.locator("#sentences").getByLabel("Search").fill("chaves");
          await link.click();
          await isShown(page);
          assertEquals(
            await page.locator("#sentences").getByLabel("Search").inputValue(),
            "",
          );
          // A system that is not there changes nothing.
          const system = page.locator('#sentences [name="system"]');
          const first = await system.inputValue();
          await page.goto(page.url().replace(/system=[^&]*/, "system=none"));
          await isShown(page);
          assertEquals(await system.inputValue(), first);
          const other = await browser.newPage({ viewport: SCREEN });
          await other.goto(
            page.url().replace("system=none", `system=${first}`),
          );
          await isShown(other);
        },
      );

      await t.step(
        "sentences are searched, filtered by length and sampled, and the translation is marked, not the reference",
        async () => {
          const { page } = await open(browser, out);
          const section = page.locator("#sentences");
          const texts = () => section.locator("li .source").allInnerTexts();
          await section.locator("li").first().waitFor();
          assert(await section.locator("dd mark").count() > 0);
          assertEquals(
            await section.locator("li > dl > div:first-child mark").count(),
            0,
          );
          const worst = await texts();
          await section.getByLabel("random sample").click();
          const sample = await texts();
          assert(sample.join() !== worst.join());
          await section.getByRole("button", { name: "Another sample" }).click();
          assert((await texts()).join() !== sample.join());
          await section.getByLabel("Search").fill("chaves");
          for (const text of await texts()) {
            assertStringIncludes(text, "chaves");
          }
          await section.getByLabel("Search").fill("");
          await section.locator('[name="longest"]').fill("5");
          for (const text of await texts()) {
            // After "line N".
            assert(text.replace(/^line \d+ /, "").split(" ").length <= 5, text);
          }
        },
      );
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
