/** The translator in a real browser: what it translates, by mouse and by keys, on a phone, offline, and what it says when it cannot. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import type { Page } from "playwright-core";
import { join } from "@std/path";
import { searchOptions, sourceOf } from "../../../nmt/export/translator.ts";
import { PAD } from "../../../schemas/experiment/vocabulary.ts";
import { openOnnxFile } from "../../../nmt/tensor/onnx/onnx_file.ts";
import { createSubwords } from "../../../apps/web/page/model/subwords.ts";
import { joinAttention, wordsOf } from "../../../apps/web/page/view/words.ts";
import {
  IN_BROWSER,
  launch,
  missing,
  openDetails,
  violations,
  wider,
} from "../report/chromium.ts";
import { copyOf, type Trained, trainedPair } from "../../fixtures/trained.ts";
import { startTask } from "../serve/served.ts";
import {
  build,
  focused,
  open,
  openSettings,
  reads,
  readyOffline,
  tabTo,
  texts,
  translatedAlone,
  type,
} from "./fixtures/driven.ts";
import { plainHost } from "./fixtures/plain_host.ts";

const PHONE = { width: 360, height: 740 };
const SCREEN = { width: 1280, height: 900 };

/** Makes a service worker be installed 5 seconds after it began at the earliest. */
const LATE = `
self.addEventListener("install", (event) => {
  event.waitUntil(new Promise((done) => setTimeout(done, 5000)));
});
`;

/** Of the model's own kind and of another. */
const SENTENCES = [
  "o gato vê 5 livros",
  "a menina procura 12 chaves",
  "o professor encontra 31 chapéus",
  "Não foi possível abrir o arquivo.",
];

/** Of three batches: the first, the next one, and the others. */
const TOGETHER = [
  "o gato procura 7 livros",
  "a menina leva 8 chaves",
  "a menina vê 31 chaves",
  "o professor procura 12 chapéus",
  "o gato encontra 9 livros",
];

const FIRST = "#first", SECOND = "#second";

Deno.test({
  name:
    `the translator in a browser gives what deno task translate gives, by mouse and by keys, on a phone, and offline${missing}`,
  ...IN_BROWSER,
  fn: async (t) => {
    using run = copyOf(await trainedPair());
    const { artifacts } = run;
    /** Waits until a pane shows what the command makes of the lines, and gives that. */
    const readsAs = async (
      page: Page,
      pane: string,
      system: string,
      lines: readonly string[],
    ) => {
      const expected = await translatedAlone(artifacts, system, lines);
      await reads(page, pane, expected);
      return expected;
    };
    await using server = await startTask("web", ["--artifacts", artifacts]);
    const browser = await launch();
    try {
      const context = await browser.newContext({ viewport: SCREEN });
      const { page, complaints } = await open(context, server.url);

      await t.step(
        "it translates each sentence as the command does",
        async () => {
          const expected = await translatedAlone(artifacts, "no-kd", SENTENCES);
          assertEquals(new Set(expected).size, SENTENCES.length);
          for (const [i, sentence] of SENTENCES.entries()) {
            await type(page, sentence);
            await reads(page, FIRST, [expected[i]]);
          }
          await type(page, SENTENCES.join("\n"));
          await reads(page, FIRST, expected);
          assertMatch(
            await page.locator(`${FIRST} .facts`).innerText(),
            /^4 sentences in \d+ ms · 0\.\d MB, int8 · BLEU \d+\.\d$/,
          );
        },
      );

      await t.step(
        "only what changed is translated and drawn again",
        async () => {
          const lines = page.locator(`${FIRST} .translation p`);
          await lines.evaluateAll((all) =>
            all.forEach((line) =>
              line.firstElementChild?.setAttribute("data-old", "")
            )
          );
          const changed = SENTENCES.with(1, "a menina leva 12 chaves");
          await type(page, changed.join("\n"));
          await readsAs(page, FIRST, "no-kd", changed);
          assertEquals(
            await lines.evaluateAll((all) =>
              all.map((line) => line.querySelector("[data-old]") !== null)
            ),
            [true, false, true, true],
          );
        },
      );

      await t.step(
        "both texts have their languages, told by name",
        async () => {
          assertEquals(await langOf(page, "#source"), "pt");
          assertEquals(await langOf(page, `${FIRST} .translation`), "en");
          assertEquals(await page.title(), "Portuguese to English");
          assert(
            await page.getByRole("textbox", { name: "Portuguese" }).isVisible(),
          );
          assert(!await page.locator("#swap").isVisible());
        },
      );

      await t.step(
        "of sentences that are translated together each has its own translation and attention, and one that is too long a message",
        async () => {
          const tooLong = "gato ".repeat(600).trim();
          await type(page, TOGETHER.with(1, tooLong).join("\n"));
          const expected = await translatedAlone(artifacts, "no-kd", TOGETHER);
          await reads(page, FIRST, expected.with(1, ""));
          assertMatch(
            await page.locator(`${FIRST} .problem`).innerText(),
            /^Cannot translate a sentence of \d+ subwords; expected at most \d+, so split it\.$/,
          );
          for (const line of [2, 3, 4]) {
            const words = page.locator(`${FIRST} .translation p`).nth(line)
              .locator(".word");
            const shares = await attentionOf(run.exported, TOGETHER[line]);
            assertEquals(await words.count(), shares.length);
            await words.last().hover();
            const marks = await marksOf(page);
            assertEquals(
              marks.map(({ text }) => text).join(" "),
              TOGETHER[line],
            );
            marks.forEach(({ share }, j) =>
              assertAlmostEquals(share, shares[shares.length - 1][j], 0.03)
            );
          }
          await page.mouse.move(0, 0);
        },
      );

      await t.step(
        "a word that is pointed at has marked what the graph looked at",
        async () => {
          const [sentence] = SENTENCES;
          const expected = await attentionOf(run.exported, sentence);
          await type(page, sentence);
          const words = page.locator(`${FIRST} .word`);
          await readsAs(page, FIRST, "no-kd", [sentence]);
          assertEquals(await words.count(), expected.length);
          for (const [i, shares] of expected.entries()) {
            await words.nth(i).hover();
            const marks = await marksOf(page);
            assertEquals(
              marks.map(({ text }) => text).join(" "),
              sentence,
            );
            marks.forEach(({ share, width }, j) => {
              assertAlmostEquals(share, shares[j], 0.03);
              assert(width > 3);
            });
            const most = marks.toSorted((a, b) => b.share - a.share)[0];
            const looked = await page.locator(`${FIRST} .looked`).innerText();
            const [, text, percent] =
              /looked at “(.*?)” (\d+) %/.exec(looked) ??
                [];
            assertEquals(text, most.text);
            // The share of a mark is that of its colour, which is rounded.
            assertAlmostEquals(Number(percent), 100 * most.share, 1);
          }
          await page.mouse.move(0, 0);
          assertEquals(await page.locator("#mirror mark").count(), 0);
          assertEquals(await page.locator(`${FIRST} .looked`).innerText(), "");
        },
      );

      await t.step(
        "as many alternatives are told as the beam is wide, each once",
        async () => {
          await page.locator("#beam").selectOption("5");
          await page.locator(`${FIRST} summary`).click();
          const items = page.locator(`${FIRST} .alternatives-list li`);
          await items.nth(4).waitFor();
          const found = await items.allInnerTexts();
          assertEquals(found.length, 5);
          assertEquals(new Set(found).size, 5);
          const [translation] = await texts(page, FIRST);
          assertMatch(found[0], /^.+ −\d+\.\d\d$/);
          assert(found[0].startsWith(`${translation} `), `${found}`);
          assertStringIncludes(
            await page.locator(`${FIRST} .alternatives-of`).innerText(),
            SENTENCES[0],
          );
          // Those of the sentence that the cursor is in.
          await type(page, `${SENTENCES[0]}\n${SENTENCES[1]}`);
          await page.locator(`${FIRST} .alternatives-of`, {
            hasText: SENTENCES[1],
          }).waitFor();
          await page.locator("#source").press("Control+Home");
          await page.locator(`${FIRST} .alternatives-of`, {
            hasText: SENTENCES[0],
          }).waitFor();
          await page.locator("#beam").selectOption("2");
        },
      );

      await t.step("the teacher translates beside the student", async () => {
        assert(!await page.locator(SECOND).isVisible());
        await page.locator("#beside").selectOption("pt-en/teacher");
        await type(page, SENTENCES.join("\n"));
        const both = ["no-kd", "teacher"] as const;
        for (const [i, pane] of [FIRST, SECOND].entries()) {
          await readsAs(page, pane, both[i], SENTENCES);
          assertStringIncludes(
            await page.locator(`${pane} h2`).innerText(),
            both[i],
          );
        }
        const [student, teacher] = await Promise.all(
          both.map((system) =>
            page.locator("#cards a", { hasText: system }).getAttribute("href")
          ),
        );
        for (const card of [student, teacher]) {
          const response = await fetch(`${server.url}/${card}`);
          assertMatch(await response.text(), /^# .*: pt to en$/m);
        }
      });

      for (const colorScheme of ["light", "dark"] as const) {
        for (const viewport of [SCREEN, PHONE]) {
          await t.step(
            `axe finds nothing, ${colorScheme}, ${viewport.width} pixels wide, nor is anything wider`,
            async () => {
              await page.emulateMedia({ colorScheme });
              await page.setViewportSize(viewport);
              await openDetails(page);
              await page.locator(`${FIRST} .word`).first().focus();
              assert(await page.locator("#mirror mark").count() > 0);
              assertEquals(await violations(page), []);
              assertEquals(await wider(page, viewport.width), []);
            },
          );
        }
      }

      for (const viewport of [SCREEN, PHONE]) {
        await t.step(
          `below or beside a text of any length, ${viewport.width} pixels wide, its translation and its error are in sight, and so is what a word looked at`,
          async () => {
            await page.setViewportSize(viewport);
            await page.locator("#beside").selectOption("");
            const inSight = async (selector: string) => {
              const box = await page.locator(selector).boundingBox();
              assert(box !== null);
              assert(
                box.y >= 0 && box.y + box.height <= viewport.height,
                `${selector} ${JSON.stringify(box)}`,
              );
            };
            await type(page, "gato ".repeat(1500).trim());
            await page.locator(`${FIRST} .problem`).waitFor();
            await page.evaluate("scrollTo(0, 0)");
            await inSight(`${FIRST} .problem`);
            await inSight("#clear");
            assertEquals(await violations(page), []);
            assertEquals(await wider(page, viewport.width), []);
            await type(page, Array(20).fill(TOGETHER.join("\n")).join("\n"));
            await page.locator(`${FIRST} .translation p`).nth(99).waitFor();
            await page.locator("#source").press("Control+End");
            await page.keyboard.type(".");
            const typed = page.locator(".typed");
            const scrolled = () => typed.evaluate(({ scrollTop }) => scrollTop);
            assert(await scrolled() > 0);
            await page.locator(`${FIRST} .translation[aria-busy=false]`)
              .waitFor();
            await page.locator(`${FIRST} .word`).first().hover();
            assert(await scrolled() < 50, `${await scrolled()}`);
            await page.mouse.move(0, 0);
            await page.emulateMedia({ media: "print" });
            assert(
              await typed.evaluate((all) =>
                all.scrollHeight === all.clientHeight
              ),
            );
            await page.emulateMedia({ media: "screen" });
          },
        );
      }
      await page.setViewportSize(SCREEN);

      await t.step(
        "it asks for nothing elsewhere and complains of nothing",
        async () => {
          await readyOffline(page);
          assertEquals(complaints, []);
        },
      );

      await t.step(
        "with keys alone a text is typed, its words are walked, the alternatives opened, the model changed",
        async () => {
          const { page } = await open(context, server.url);
          await tabTo(page, "#source");
          await page.keyboard.type(SENTENCES[1]);
          const [expected] = await readsAs(page, FIRST, "no-kd", [
            SENTENCES[1],
          ]);
          const words = expected.split(" ");
          await tabTo(page, `${FIRST} .word`);
          assertEquals(await focused(page), words[0]);
          await page.keyboard.press("ArrowRight");
          assertEquals(await focused(page), words[1]);
          assertStringIncludes(
            await page.locator(`${FIRST} .looked`).innerText(),
            `For “${words[1]}” the model looked at “`,
          );
          assert(await page.locator("#mirror mark").count() > 2);
          await page.keyboard.press("End");
          assertEquals(await focused(page), words.at(-1));
          await tabTo(page, `${FIRST} .alternatives > summary`);
          await page.keyboard.press("Enter");
          await page.locator(`${FIRST} .alternatives-list li`).first()
            .waitFor();
          await tabTo(page, `${FIRST} .word`, "Shift+Tab");
          assertEquals(await focused(page), words.at(-1));
          await tabTo(page, "#model");
          await page.keyboard.press("ArrowDown");
          await page.locator(`${FIRST} .model-name`, { hasText: "teacher" })
            .waitFor();
          await readsAs(page, FIRST, "teacher", [SENTENCES[1]]);
          await page.close();
        },
      );

      await t.step(
        "with the server gone and the browser offline it loads again and translates",
        async () => {
          await readyOffline(page);
          server.signal("SIGTERM");
          await server.ended();
          await context.setOffline(true);
          await page.reload();
          await openSettings(page);
          for (const [i, system] of ["no-kd", "teacher"].entries()) {
            await page.locator("#model").selectOption({ index: i });
            await type(page, SENTENCES[2]);
            await readsAs(page, FIRST, system, [SENTENCES[2]]);
          }
          await readyOffline(page);
          assertEquals(await page.evaluate("crossOriginIsolated"), true);
        },
      );
    } finally {
      await browser.close();
    }

    await t.step("what is wrong is said", (t) => saysWhatIsWrong(t, run));
  },
});

/** A host that sets no headers, a file that is damaged, a build that replaces another, and a browser that is too old. */
async function saysWhatIsWrong(
  t: Deno.TestContext,
  { artifacts, exported: folder }: Trained,
): Promise<void> {
  const out = join(artifacts, "site");
  await build("--artifacts", artifacts, "--out", out);
  await using host = plainHost(out);
  const browser = await launch();
  try {
    const expected = await translatedAlone(artifacts, "no-kd", SENTENCES);
    // Of its own, since the browser goes on with an installation after its page is closed.
    const damaged = await browser.newContext({ viewport: SCREEN });
    const context = await browser.newContext({ viewport: SCREEN });

    await t.step("a damaged model is not used", async () => {
      const graph = join(out, "models/pt-en/no-kd/translate.onnx");
      const bytes = Deno.readFileSync(graph);
      Deno.writeFileSync(graph, bytes.with(1000, bytes[1000] ^ 1));
      const { page } = await open(damaged, host.url);
      await page.locator(`${FIRST} .problem`).waitFor();
      assertMatch(
        await page.locator(`${FIRST} .problem`).innerText(),
        /^Cannot use \/models\/pt-en\/no-kd\/translate\.onnx: it is not the file of this build, expected the SHA-256 [0-9a-f]{12}…, found [0-9a-f]{12}…; .*\.$/,
      );
      await page.locator("#offline", {
        hasText: "Not ready offline: models/pt-en/no-kd/translate.onnx",
      }).waitFor();
      assertEquals(await texts(page, FIRST), [""]);
      Deno.writeFileSync(graph, bytes);
      await page.close();
    });

    await t.step("a file that is gone is named", async () => {
      const graph = join(out, "models/pt-en/no-kd/translate.onnx");
      Deno.renameSync(graph, `${graph}.away`);
      const { page } = await open(damaged, host.url);
      await page.locator(`${FIRST} .problem`, {
        hasText:
          "Cannot load /models/pt-en/no-kd/translate.onnx: the server says 404",
      }).waitFor();
      Deno.renameSync(`${graph}.away`, graph);
      await page.close();
    });

    await t.step(
      "on a host without headers it translates, and is isolated once it is kept",
      async () => {
        // What is kept answers no request before the worker is installed, which takes longer here.
        Deno.writeTextFileSync(join(out, "service_worker.js"), LATE, {
          append: true,
        });
        const { page } = await open(context, host.url);
        assertEquals(await page.evaluate("crossOriginIsolated"), false);
        await type(page, SENTENCES[0]);
        await reads(page, FIRST, [expected[0]]);
        await readyOffline(page);
        await page.reload();
        assertEquals(await page.evaluate("crossOriginIsolated"), true);
        await type(page, SENTENCES[1]);
        await reads(page, FIRST, [expected[1]]);
        await page.close();
      },
    );

    await t.step(
      "a new build is offered, fetches only what changed and replaces the old one",
      async () => {
        await build(
          ...["--artifacts", artifacts, "--out", out, "--model", "teacher"],
        );
        host.asked.length = 0;
        const { page } = await open(context, host.url);
        await page.locator("#use").waitFor();
        assertEquals(await page.locator("#model option").count(), 2);
        await Promise.all([
          page.waitForEvent("load"),
          page.locator("#use").click(),
        ]);
        await readyOffline(page);
        const options = await page.locator("#model option").allTextContents();
        assertEquals(options.length, 1);
        assertMatch(options[0], /^teacher \(BLEU/);
        assertEquals([...new Set(host.asked)].sort(), [
          "/service_worker.js",
          "/site.json",
        ]);
        const kept = await page.evaluate(
          "caches.keys().then(async ([name]) => (await (await caches.open(name)).keys()).length)",
        );
        const { files } = JSON.parse(
          Deno.readTextFileSync(join(out, "site.json")),
        );
        // The list itself is kept too.
        assertEquals(kept, files.length + 1);
        await page.close();
      },
    );
    await context.close();

    await t.step(
      "the languages are swapped where both directions are there, and what each may be used for is said",
      async () => {
        const free = join(artifacts, "free");
        relicensed(folder, free, "MIT");
        const other = join(artifacts, "reverse");
        relicensed(folder, other, "research use (WMT 2014)", true);
        await build("--model", free, "--model", other, "--out", out);
        const context = await browser.newContext({ viewport: SCREEN });
        const { page } = await open(context, host.url);
        await type(page, SENTENCES[0]);
        await reads(page, FIRST, [expected[0]]);
        await page.locator("#swap").click();
        assertEquals(await page.locator("#source").inputValue(), expected[0]);
        assertEquals(await langOf(page, "#source"), "en");
        assert(
          await page.getByRole("textbox", { name: "English" }).isVisible(),
        );
        assertEquals(await langOf(page, `${FIRST} .translation`), "pt");
        assertMatch(
          await page.locator("#use-of-models").innerText(),
          /^For research only: /,
        );
        assertEquals(
          await page.locator("#licences").textContent(),
          "news: research use (WMT 2014)",
        );
        await page.locator("#direction").selectOption({
          label: "Portuguese to English",
        });
        assertEquals(await langOf(page, "#source"), "pt");
        assertEquals(await page.locator("#use-of-models").innerText(), "");
        // What has no translation yet stays.
        const typed = await page.evaluate(`{
          const field = document.querySelector("#source");
          field.value = "Uma frase nova.";
          field.dispatchEvent(new Event("input"));
          document.querySelector("#swap").click();
          field.value;
        }`);
        assertEquals(typed, "Uma frase nova.");
        assertEquals(await langOf(page, "#source"), "en");
        assertEquals(await violations(page), []);
        await context.close();
      },
    );

    for (
      const [lack, script] of [
        ["has no WebAssembly SIMD", "WebAssembly.validate = () => false"],
        ["is too old", "delete Intl.Segmenter"],
        [
          "at https:// addresses and at localhost only",
          'Object.defineProperty(crypto, "subtle", { value: undefined })',
        ],
      ]
    ) {
      await t.step(`a browser that ${lack} is told so`, async () => {
        const context = await browser.newContext();
        await context.addInitScript(script);
        const { page } = await open(context, host.url);
        await page.locator("#problem").waitFor();
        const told = await page.locator("#problem").innerText();
        assertMatch(told, /^Cannot translate [^\n]+\.$/);
        assertStringIncludes(told, lack);
        assert(!await page.locator("#translator").isVisible());
        await context.close();
      });
    }
  } finally {
    await browser.close();
  }
}

const langOf = (page: Page, selector: string) =>
  page.locator(selector).getAttribute("lang");

/** Where the graph of an exported model looks for each word of its translation, in ONNX Runtime here. */
async function attentionOf(
  folder: string,
  sentence: string,
): Promise<number[][]> {
  const subwords = createSubwords(
    JSON.parse(Deno.readTextFileSync(join(folder, "tokenizer.json"))),
  );
  const graph = await openOnnxFile(join(folder, "int8/translate.onnx"), {
    threads: 1,
  });
  const source = subwords.encode(sentence, "pt");
  const { translation, attention } = await graph.run({
    source: sourceOf([Int32Array.from(source)]),
    ...searchOptions(2),
  });
  await graph.dispose();
  const ids = Array.from(translation.data, Number).filter((id) => id !== PAD);
  const side = (text: string, language: string, ids: readonly number[]) => {
    const { words, wordOf } = wordsOf(text, language);
    return {
      words: words.length,
      wordOf: wordOf(subwords.lengths(ids, sentence)),
    };
  };
  return joinAttention(
    Array.from(attention.data, Number),
    attention.shape[2],
    side(subwords.decode(ids, sentence), "en", ids),
    side(sentence, "pt", source),
  );
}

/** The marked words of the source, with their shares of the attention and their widths in pixels. */
function marksOf(page: Page) {
  return page.locator("#mirror mark").evaluateAll((all) =>
    all.map((mark) => ({
      text: mark.textContent,
      share: Number(mark.getAttribute("data-share")),
      width: mark.getBoundingClientRect().width,
    }))
  );
}

/** Writes a copy of an exported model whose text has another licence, and which may say that it translates the other way. */
function relicensed(
  folder: string,
  to: string,
  licence: string,
  isReversed = false,
): void {
  Deno.mkdirSync(join(to, "int8"), { recursive: true });
  for (const name of ["int8/translate.onnx", "tokenizer.json", "README.md"]) {
    Deno.copyFileSync(join(folder, name), join(to, name));
  }
  const config = JSON.parse(
    Deno.readTextFileSync(join(folder, "config.json")),
  );
  const { source, target } = config.languages;
  if (isReversed) config.languages = { source: target, target: source };
  config.licences = [{ data: "news", licence }];
  Deno.writeTextFileSync(join(to, "config.json"), JSON.stringify(config));
}
