/** The page as its reader uses it, in a real browser: buttons, files, links, reloads, colours, warnings and the installed app. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { Buffer } from "node:buffer";
import type { Page } from "playwright-core";
import { copyOf, trainedPair } from "../../fixtures/trained.ts";
import {
  IN_BROWSER,
  launch,
  missing,
  openPage,
  violations,
} from "../report/chromium.ts";
import { startTask } from "../serve/served.ts";
import {
  reads,
  readyOffline,
  texts,
  translatedAlone,
  type,
} from "./fixtures/driven.ts";

const PHONE = { width: 390, height: 844 };
const SENTENCES = ["o gato vê 5 livros", "a menina procura 12 chaves"];
/** Of a language that the model has never seen. */
const GERMAN = "Die Katze schläft heute auf dem alten Sofa.";
const FIRST = "#first";

Deno.test({
  name: `what a reader of the page does${missing}`,
  ...IN_BROWSER,
  fn: async (t) => {
    using run = copyOf(await trainedPair());
    const { artifacts } = run;
    const expected = await translatedAlone(artifacts, "no-kd", SENTENCES);
    await using server = await startTask("web", ["--artifacts", artifacts]);
    const browser = await launch();
    try {
      const context = await browser.newContext({
        viewport: PHONE,
        permissions: ["clipboard-read", "clipboard-write"],
      });
      const page = await context.newPage();
      page.setDefaultTimeout(20_000);
      const complaints = await openPage(page, server.url);
      const clipboard = () => page.evaluate("navigator.clipboard.readText()");
      const copied = (text: string) =>
        page.evaluate(
          `navigator.clipboard.writeText(${JSON.stringify(text)})`,
        );

      await t.step(
        "on a phone both texts and their buttons are above the fold, and models are folded away",
        async () => {
          await type(page, SENTENCES[0]);
          await reads(page, FIRST, [expected[0]]);
          for (const part of ["#source", `${FIRST} .translation`, ".copy"]) {
            const box = await page.locator(part).first().boundingBox();
            assert(box !== null && box.y + box.height <= PHONE.height, part);
          }
          for (const folded of ["#model", `${FIRST} .facts`]) {
            assert(!await page.locator(folded).isVisible(), folded);
          }
          await page.locator("#settings > summary").click();
          assert(await page.locator("#model").isVisible());
          assertMatch(
            await page.locator(`${FIRST} .facts`).innerText(),
            /int8 · BLEU/,
          );
          await page.locator("#settings > summary").click();
        },
      );

      await t.step(
        "a translation is copied and saved, when all of it is there",
        async () => {
          await type(page, SENTENCES.join("\n"));
          await reads(page, FIRST, expected);
          await page.locator(`${FIRST} .copy`).click();
          await page.locator(`${FIRST} .status`, { hasText: "Copied." })
            .waitFor();
          assertEquals(await clipboard(), expected.join("\n"));
          const [download] = await Promise.all([
            page.waitForEvent("download"),
            page.locator(`${FIRST} .save`).click(),
          ]);
          assertEquals(download.suggestedFilename(), "translation.en.txt");
          assertEquals(
            Deno.readTextFileSync(await download.path()),
            expected.join("\n") + "\n",
          );
        },
      );

      await t.step(
        "text is cleared, pasted where the cursor is, counted, and an example is there",
        async () => {
          await page.locator("#clear").click();
          assertEquals(await page.locator("#source").inputValue(), "");
          assertEquals(await count(page), "0 characters");
          await page.locator(`${FIRST} .copy:disabled`).waitFor();
          await type(page, "o gato livros");
          await page.evaluate(
            'document.querySelector("#source").setSelectionRange(7, 7)',
          );
          await copied("vê 5 ");
          await page.locator("#paste").click();
          await reads(page, FIRST, [expected[0]]);
          assertEquals(await count(page), "18 characters");
          const examples: string[] = [];
          for (let i = 0; i < 4; i++) {
            await page.locator("#example").click();
            examples.push(await page.locator("#source").inputValue());
          }
          assertEquals(new Set(examples).size, 3);
          assertEquals(examples[3], examples[0]);
        },
      );

      await t.step("a file of text is opened, another is refused", async () => {
        const open = (name: string, bytes: Uint8Array) =>
          page.locator("#file").setInputFiles({
            ...{ name, mimeType: "text/plain" },
            buffer: Buffer.from(bytes),
          });
        await open(
          "text.txt",
          new TextEncoder().encode(SENTENCES.join("\r\n")),
        );
        await reads(page, FIRST, expected);
        for (
          const [name, bytes, why] of [
            ["latin1.txt", Uint8Array.of(0x61, 0xe3, 0x6f), "in UTF-8"],
            ["large.txt", new Uint8Array(1_000_001), "at most 1 MB"],
          ] as const
        ) {
          await open(name, bytes);
          await page.locator("#said", { hasText: why }).waitFor();
          assertMatch(
            await page.locator("#said").innerText(),
            /^Cannot open \w+\.txt: expected [^\n]+\.$/,
          );
        }
        assertEquals(
          await page.locator("#source").inputValue(),
          SENTENCES.join("\n"),
        );
      });

      await t.step(
        "what is typed and the colours are kept when the page is loaded again",
        async () => {
          const background = () =>
            page.evaluate("getComputedStyle(document.body).backgroundColor");
          const light = await background();
          await page.locator("#theme").selectOption("dark");
          const dark = await background();
          assert(light !== dark);
          await page.reload();
          await reads(page, FIRST, expected);
          assertEquals(await background(), dark);
          assertEquals(await page.locator("#theme").inputValue(), "dark");
          await page.locator("#theme").selectOption("auto");
          assertEquals(await background(), light);
          // Another tab is another text.
          const other = await context.newPage();
          await openPage(other, server.url);
          assertEquals(await other.locator("#source").inputValue(), "");
          await other.close();
        },
      );

      await t.step(
        "a link opens the page with its text, which a later reload does not bring back",
        async () => {
          await type(page, "100 % & mais?\no gato vê 5 livros");
          await page.locator("#link").click();
          await page.locator("#said", { hasText: "copied" }).waitFor();
          const link = String(await clipboard());
          assert(link.startsWith(`${server.url}/?text=`), link);
          const other = await context.newPage();
          await openPage(other, link);
          await other.locator(`${FIRST} .word`).first().waitFor();
          assertEquals(
            await other.locator("#source").inputValue(),
            "100 % & mais?\no gato vê 5 livros",
          );
          await type(other, SENTENCES[1]);
          await reads(other, FIRST, [expected[1]]);
          await other.reload();
          await reads(other, FIRST, [expected[1]]);
          await other.close();
          await type(page, "gato ".repeat(2000));
          await page.locator("#link").click();
          await page.locator("#said", { hasText: "too long" }).waitFor();
        },
      );

      await t.step(
        "of text that is unlike the training text there is a warning, of other text none",
        async () => {
          const warning = page.locator(`${FIRST} .unfamiliar`);
          await type(page, GERMAN);
          await warning.waitFor();
          assertMatch(await warning.innerText(), /^This is unlike the text /);
          await type(page, SENTENCES.join("\n"));
          await reads(page, FIRST, expected);
          assert(!await warning.isVisible());
          await type(page, [...SENTENCES, GERMAN].join("\n"));
          await warning.waitFor();
          assertStringIncludes(
            await warning.innerText(),
            `1 of 3 sentences, such as “${GERMAN}”, `,
          );
          assertEquals(await violations(page), []);
        },
      );

      await t.step(
        "alternatives are in the order of the scores that they show",
        async () => {
          await page.locator(`${FIRST} .alternatives > summary`).click();
          for (const sentence of SENTENCES) {
            await type(page, sentence);
            await page.locator(`${FIRST} .alternatives-of`, {
              hasText: sentence,
            }).waitFor();
            await page.locator(`${FIRST} .alternatives-list li`).nth(4)
              .waitFor();
            const scores = (await page.locator(`${FIRST} .score`)
              .allInnerTexts()).map((text) => Number(text.replace("−", "-")));
            assertEquals(scores, scores.toSorted((a, b) => b - a));
            assert(scores.every((score) => score <= 0), `${scores}`);
          }
        },
      );

      await t.step("the page can be installed", async () => {
        await readyOffline(page);
        const session = await context.newCDPSession(page);
        const { errors } = await session.send("Page.getAppManifest");
        assertEquals(errors, []);
        const { installabilityErrors } = await session.send(
          "Page.getInstallabilityErrors",
        );
        assertEquals(
          installabilityErrors.map(({ errorId }) => errorId)
            // The tests' windows are all private ones.
            .filter((id) => id !== "in-incognito"),
          [],
        );
      });

      await t.step(
        "a model is named while it loads, and text that is typed meanwhile is translated",
        async () => {
          const held = Promise.withResolvers<void>();
          const slow = await browser.newContext({ serviceWorkers: "block" });
          await slow.route("**/translate.onnx", async (route) => {
            await held.promise;
            await route.continue();
          });
          const page = await slow.newPage();
          await openPage(page, server.url);
          await page.locator(`${FIRST} .status`, { hasText: "Loading no-kd …" })
            .waitFor();
          await type(page, SENTENCES[0]);
          assertEquals((await texts(page, FIRST)).join(""), "");
          held.resolve();
          await reads(page, FIRST, [expected[0]]);
          assertEquals(await page.locator(`${FIRST} .status`).innerText(), "");
          await slow.close();
        },
      );

      assertEquals(complaints, []);
    } finally {
      await browser.close();
    }
  },
});

function count(page: Page): Promise<string> {
  return page.locator("#count").innerText();
}
