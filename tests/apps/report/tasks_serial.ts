/** What a researcher asks of a report, each answered in a browser, with the clicks that the bench's table has. */
import { assertEquals } from "@std/assert";
import { toFileUrl } from "@std/path";
import { committedTasks } from "../../../bench/report_tasks/table.ts";
import { OURS } from "../../../bench/report_tasks/ours.ts";
import { readerOf } from "../../../bench/report_tasks/reader.ts";
import { TASKS } from "../../../bench/report_tasks/tasks.ts";
import { IN_BROWSER, launch, missing, openPage } from "./chromium.ts";
import { reportAgainst } from "./reported.ts";

/** The clicks that the report takes by the committed figures. */
function committedClicks(): Record<string, number> {
  const report = committedTasks().tools.find(({ name }) => name === "report");
  return Object.fromEntries(
    Object.entries(report?.tasks ?? {}).flatMap(([task, attempt]) =>
      "no" in attempt ? [] : [[task, attempt.clicks]]
    ),
  );
}

Deno.test({
  name:
    `a researcher's ten questions are answered by a report in as many clicks as its table says${missing}`,
  ...IN_BROWSER,
  fn: async (t) => {
    using reported = await reportAgainst();
    const browser = await launch();
    const counted: Record<string, number> = {};
    try {
      for (const task of TASKS) {
        const answer = OURS[task];
        if ("no" in answer) continue;
        await t.step(task, async () => {
          const page = await browser.newPage({
            viewport: { width: 1280, height: 900 },
          });
          await openPage(page, toFileUrl(reported.out).href);
          const reader = readerOf(page);
          await answer.find(reader);
          counted[task] = reader.effort().clicks;
          await page.close();
        });
      }
    } finally {
      await browser.close();
    }
    assertEquals(counted, committedClicks());
  },
});
