/** What a researcher asks of a report, each answered in a browser, with the clicks that it takes: those that the page says. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { toFileUrl } from "@std/path";
import type { Locator, Page } from "playwright-core";
import { readManifest } from "../../../engine/store/manifest.ts";
import { IN_BROWSER, launch, missing, openPage } from "./chromium.ts";
import { reportAgainst } from "./reported.ts";

/** A reader who counts: a link, a button or a field is one click, an option of a list two. */
interface Reader {
  readonly page: Page;
  clicks(): number;
  click(place: Locator): Promise<void>;
  /** Goes to a section by its link at the top. */
  section(name: string): Promise<Locator>;
  choose(list: Locator, option: string): Promise<void>;
}

function readerOf(page: Page): Reader {
  let clicks = 0;
  const click = async (place: Locator) => {
    clicks++;
    await place.click();
  };
  return {
    page,
    clicks: () => clicks,
    click,
    section: async (name) => {
      const link = page.locator("nav a", { hasText: new RegExp(`^${name}$`) });
      const id = await link.getAttribute("href");
      await click(link);
      return page.locator(id ?? "");
    },
    choose: async (list, option) => {
      clicks += 2;
      await list.selectOption(option);
    },
  };
}

/** The questions as the page has them, and how each is answered. */
const TASKS: Readonly<
  Record<string, (reader: Reader, experiment: string) => Promise<void>>
> = {
  "Which system is best, and is that sure?": async ({ page }) => {
    const claim = page.locator("#summary .claim");
    assertMatch(
      await claim.innerText(),
      /^\S+ is the best of 5 students by validation BLEU, [\d.]+\. It reaches [\d.]+ BLEU/,
    );
    assertMatch(
      await page.locator("#summary .sureness").innerText(),
      /(To|[Bb]etter than|Worse than) teacher: .* p = [\d.]+[^]*seed/,
    );
  },
  "Where did training go wrong?": async (reader) => {
    const curves = await reader.section("Learning curves");
    const remarks = await curves.locator('td[data-title="remark"]')
      .allInnerTexts();
    assertEquals(remarks.length, 7);
    for (const remark of remarks) {
      assertMatch(
        remark,
        /^(went wrong after step|levelled out|still learning)/,
      );
    }
    await reader.click(curves.getByLabel("training loss"));
    assertMatch(
      await curves.locator("svg[role=img]").getAttribute("aria-label") ?? "",
      /training loss from the first validation to the last: teacher [\d.]+ to/,
    );
  },
  "What did it get wrong, and how?": async (reader) => {
    const sentences = await reader.section("Sentences");
    const worst = sentences.locator("li").first();
    assertMatch(
      await worst.innerText(),
      /line \d+ [^]*reference[^]*chrF \d/,
    );
    const list = sentences.locator('[name="remark"]');
    await reader.choose(list, "other words");
    const texts = await sentences.locator("li").allInnerTexts();
    assert(texts.length > 0, "no sentence has the remark");
    for (const text of texts) {
      assertMatch(text, /chrF \d+, other words/);
    }
  },
  "Which layer learnt what?": async (reader) => {
    const similarity = await reader.section("Similarity of layers");
    const picture = similarity.locator("svg").first();
    await picture.waitFor();
    const box = await picture.boundingBox();
    assert(box !== null);
    await picture.hover({ position: { x: box.width - 30, y: 30 } });
    assertMatch(
      await picture.textContent() ?? "",
      /teacher \d\D*student \d\D*[01]\.\d\d/,
    );
  },
  "What would it cost again?": async (reader) => {
    const cost = await reader.section("Time and cost");
    const text = await cost.innerText();
    assertMatch(text, /all nodes, one after the other\n[\dhms .]+\n/);
    assertMatch(text, /the longest chain of nodes\n[\dhms .]+\n/);
    assertMatch(text, /--force --dry-run/);
  },
  "What changed since the earlier run?": async (reader) => {
    const against = await reader.section("Before and now");
    const change = against.locator("details", { hasText: "student:pkd" });
    await reader.click(change.locator("summary"));
    assertMatch(
      await change.innerText(),
      /config\.distillation\.alpha 0\.6 -> 0\.5/,
    );
  },
  "Which data was used?": async (reader) => {
    const data = await reader.section("Data");
    assertMatch(
      await data.innerText(),
      /talks: .*research use[^]*Files: [0-9a-f]{64}[^]*training/,
    );
  },
  "Can I cite and verify it?": async (reader, experiment) => {
    const text = await (await reader.section("Verify and cite")).innerText();
    assert(readManifest(experiment) !== undefined);
    assertMatch(text, /manifest [0-9a-f]{64}/);
    assertMatch(text, /pipeline verify[^]*pipeline reproduce[^]*EMNLP 2020/);
  },
  "Is int8 as good as fp32?": async (reader) => {
    const results = await reader.section("Results");
    const cells = await results.locator('td[data-title^="int8 BLEU"]')
      .allInnerTexts();
    assertEquals(cells.length, 6);
    for (const cell of cells) {
      assertMatch(cell, /^[\d.]+ \([+−]?[\d.]+\)$/);
    }
  },
  "Where did the time go?": async (reader) => {
    const cost = await reader.section("Time and cost");
    const picture = cost.locator("svg[role=img]");
    assertMatch(
      await picture.getAttribute("aria-label") ?? "",
      /^The nodes that took longest: \S+ \d+ %/,
    );
  },
};

/** The clicks that docs/how-to/report.md has for each question. */
function statedClicks(): Record<string, number> {
  const page = Deno.readTextFileSync(
    new URL("../../../docs/how-to/report.md", import.meta.url),
  );
  return Object.fromEntries(
    [...page.matchAll(/^\| ([^|]+\?) +\| +(\d+) \|/gm)]
      .map(([, question, clicks]) => [question.trim(), Number(clicks)]),
  );
}

Deno.test({
  name:
    `a researcher's ten questions are answered by a report in as many clicks as its page says${missing}`,
  ...IN_BROWSER,
  fn: async (t) => {
    using reported = await reportAgainst();
    const browser = await launch();
    const counted: Record<string, number> = {};
    try {
      for (const [question, answer] of Object.entries(TASKS)) {
        await t.step(question, async () => {
          const page = await browser.newPage({
            viewport: { width: 1280, height: 900 },
          });
          await openPage(page, toFileUrl(reported.out).href);
          const reader = readerOf(page);
          await answer(reader, reported.artifacts);
          counted[question] = reader.clicks();
          await page.close();
        });
      }
    } finally {
      await browser.close();
    }
    assertEquals(counted, statedClicks());
  },
});
