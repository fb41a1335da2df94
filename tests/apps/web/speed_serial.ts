/** How long the students of `quick` take for a sentence in a real browser, and what their page weighs. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { readIfThere } from "../../../engine/files/atomic.ts";
import { isInputError } from "../../../base/input_error.ts";
import { findExports } from "../../../apps/models.ts";
import { ROOT } from "../../fixtures/command.ts";
import { temporary } from "../../fixtures/made_run.ts";
import { IN_BROWSER, launch, missing } from "../report/chromium.ts";
import { startTask } from "../serve/served.ts";
import { build, open, timed } from "./fixtures/driven.ts";

/** Bytes of all files but those of ONNX Runtime. */
const BYTES = 15e6;

/** The exported models of `quick` that are here, and where. */
const QUICK = Deno.env.get("CKD_WEB_ARTIFACTS") ?? join(ROOT, "artifacts");
const missingQuick = isQuick()
  ? ""
  : ' (ignored: no models of quick; run "deno task pipeline", or name an artifact folder that has them by CKD_WEB_ARTIFACTS)';

/** Fifteen words each. */
const LONG = ["agora", "hoje", "aqui", "antigo", "também"].map((word) =>
  `Não foi possível abrir o arquivo porque ele está sendo usado por outro programa ${word}`
);

Deno.test({
  name:
    `the students of quick translate sentences of 15 words, and the page has less than ${
      BYTES / 1e6
    } MB beside ONNX Runtime${missing || missingQuick}`,
  ...IN_BROWSER,
  ignore: IN_BROWSER.ignore || missingQuick !== "",
  fn: async () => {
    using folder = temporary();
    const out = join(folder.path, "site");
    const printed = await build("--artifacts", QUICK, "--out", out, "--json");
    const { bytes, bytesWithoutRuntime, models } = JSON.parse(printed);
    console.log(
      `page of quick: ${models.length} models, ${megabytes(bytes)}, ${
        megabytes(bytesWithoutRuntime)
      } without ONNX Runtime`,
    );
    assert(bytesWithoutRuntime < BYTES);
    await using server = await startTask("web", ["--artifacts", QUICK]);
    const browser = await launch();
    try {
      const { page } = await open(await browser.newContext(), server.url);
      await page.locator("#first .facts", { hasText: "MB" }).waitFor();
      for (const { id, system } of models) {
        await page.locator("#model").selectOption(id);
        const times: number[] = [];
        for (const sentence of LONG) {
          assertEquals(sentence.split(" ").length, 15);
          times.push(await timed(page, sentence));
        }
        const median = times.toSorted((a, b) => a - b)[2];
        console.log(
          `${system}, 15 words, beam 5: first ${
            times[0]
          } ms, median ${median} ms`,
        );
      }
    } finally {
      await browser.close();
    }
  },
});

function isQuick(): boolean {
  const manifest = readIfThere(join(QUICK, "manifest.json"));
  if (JSON.parse(manifest ?? "{}").experiment?.name !== "quick") return false;
  try {
    return findExports(QUICK).length > 1;
  } catch (error) {
    if (!isInputError(error)) throw error;
    return false;
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
