/** What a first visit of the translator fetches, in a real browser. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { RUNTIME, type Site } from "../../../apps/web/page/site.ts";
import { copyOf, trainedPair } from "../../fixtures/trained.ts";
import { IN_BROWSER, launch, missing } from "../report/chromium.ts";
import {
  build,
  open,
  reads,
  readyOffline,
  translatedAlone,
  type,
} from "./fixtures/driven.ts";
import { plainHost } from "./fixtures/plain_host.ts";

const SENTENCE = "o gato vê 5 livros";

/** Before a script: what it keeps is kept two seconds later. */
const SLOW_TO_KEEP = `const { put } = Cache.prototype;
Cache.prototype.put = async function (...given) {
  await new Promise((resolve) => setTimeout(resolve, 2000));
  return put.apply(this, given);
};`;

Deno.test({
  name:
    `a first visit fetches ONNX Runtime and each model once, what the first translation needs before the rest${missing}`,
  ...IN_BROWSER,
  fn: async (t) => {
    using run = copyOf(await trainedPair());
    const { artifacts } = run;
    const out = join(artifacts, "site");
    await build("--artifacts", artifacts, "--out", out);
    await using host = plainHost(out);
    const expected = await translatedAlone(artifacts, "no-kd", [SENTENCE]);
    const browser = await launch();
    try {
      await t.step(
        "each large file once, though no header lets the browser keep it",
        async () => {
          const context = await browser.newContext();
          const { page, complaints } = await open(context, host.url);
          await type(page, SENTENCE);
          await reads(page, "#first", expected);
          await readyOffline(page);
          assertEquals(complaints, []);
          const { files, models } = siteIn(out);
          const large = files.map(({ path }) => path).filter((path) =>
            path === RUNTIME || /^(models|tokenizers)\//.test(path)
          );
          for (const path of large) {
            const times = host.asked.filter((asked) => asked === `/${path}`);
            assertEquals(times.length, 1, path);
          }
          assertEquals(models.length, 2);
          // The model is there before anything is kept that it does not need.
          const at = (path: string) => host.asked.indexOf(`/${path}`);
          for (const path of [RUNTIME, models[0].graph, models[0].tokenizer]) {
            assert(at(path) < at("service_worker.js"), path);
          }
          assert(at("service_worker.js") < at(models[1].graph));
          await context.close();
        },
      );

      await t.step(
        "another model that is chosen before the first one is loaded translates, and all is kept",
        async () => {
          const { models } = siteIn(out);
          const first = Promise.withResolvers<void>();
          host.held.set(`/${models[0].graph}`, first.promise);
          const context = await browser.newContext();
          const { page } = await open(context, host.url);
          await page.locator("#model").selectOption(models[1].id);
          await type(page, SENTENCE);
          await reads(
            page,
            "#first",
            await translatedAlone(artifacts, models[1].system, [SENTENCE]),
          );
          first.resolve();
          await readyOffline(page);
          await context.close();
        },
      );

      await t.step(
        "what the first model needs is kept before anything else is, though that takes long",
        async () => {
          const context = await browser.newContext();
          const worker = join(out, "page/model/worker.js");
          const script = Deno.readTextFileSync(worker);
          // The build's own worker, in a browser that is slow to keep; the service worker, which asks next, gets the file.
          await context.route(
            "**/page/model/worker.js",
            (route) =>
              route.fulfill({
                contentType: "text/javascript",
                body: `${SLOW_TO_KEEP}\n${script}`,
              }),
            { times: 1 },
          );
          host.asked.length = 0;
          const { page } = await open(context, host.url);
          await readyOffline(page);
          const { models } = siteIn(out);
          for (const path of [RUNTIME, models[0].graph, models[0].tokenizer]) {
            const times = host.asked.filter((asked) => asked === `/${path}`);
            assertEquals(times.length, 1, path);
          }
          await context.close();
        },
      );

      await t.step(
        "a runtime that is not the build's is not used",
        async () => {
          const path = join(out, RUNTIME);
          const bytes = Deno.readFileSync(path);
          Deno.writeFileSync(path, bytes.with(5000, bytes[5000] ^ 1));
          const context = await browser.newContext();
          const { page } = await open(context, host.url);
          await page.locator("#first .problem", {
            hasText: `Cannot use /${RUNTIME}: it is not the file`,
          }).waitFor();
          await context.close();
        },
      );
    } finally {
      await browser.close();
    }
  },
});

function siteIn(folder: string): Site {
  return JSON.parse(Deno.readTextFileSync(join(folder, "site.json")));
}
