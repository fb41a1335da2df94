/** A real browser for the tests of pages: the system's Chromium. */
import { type Browser, chromium } from "playwright-core";
import { statIfThere } from "../../../engine/files/atomic.ts";

const CANDIDATES = [
  Deno.env.get("CKD_CHROMIUM"),
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

const path = CANDIDATES.find((candidate) =>
  candidate !== undefined && statIfThere(candidate)?.isFile
);

/** What is missing for the tests that need a browser, as it stands in their titles; empty where nothing is. */
export const missing = path === undefined
  ? " (ignored: no Chromium; apt-get install chromium, or name one by CKD_CHROMIUM)"
  : "";

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: path, args: ["--no-sandbox"] });
}
