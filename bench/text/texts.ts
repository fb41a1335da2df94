/** The texts that rows are measured on: what an experiment sets for each, and what is missing of it. */
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { z } from "zod";
import { inputError, suggestion } from "../../base/input_error.ts";
import { statIfThere } from "../../base/stat.ts";
import { readExperiment } from "../../engine/graph/experiment.ts";
import { ROOT } from "../../engine/keys/project.ts";
import { corpora } from "./corpora.ts";

/** The values of an experiment that say what it is trained and tested on. */
const Settings = z.object({
  languages: z.object({ source: z.string(), target: z.string() }),
  data: z.json(),
  corpus: z.record(z.string(), z.json()),
});
export type Settings = z.infer<typeof Settings>;

interface Text {
  settings(): Settings;
  /** What is missing and how to name it, in a sentence; nothing where all is there, or can be downloaded. */
  missing(): string | undefined;
}

/** SHA-256 of the files of Multi30k, so that everyone measures on the same text. */
const MULTI30K: Readonly<Record<string, string>> = {
  "train.de.gz":
    "726e39b2fa9eb9ffb6dc763fb35a179f80fae06ffc5d28b6ace5faa883de28a6",
  "train.en.gz":
    "d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f",
  "val.de.gz":
    "f0cba2f995189cf5770f29a8a9a537a3ad3f51657ad873405082ff6863a5e75a",
  "val.en.gz":
    "14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28",
  "test_2016_flickr.de.gz":
    "9204244e408ccb38d2a55cfcd344df15005fc42a07a6e55ca6c52b6ababb8cc8",
  "test_2016_flickr.en.gz":
    "611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9",
};

/** The names that `--text` takes. */
export const TEXT_NAMES = ["messages", "multi30k"] as const;
export type TextName = typeof TEXT_NAMES[number];

/** The messages of programs of experiments/quick.jsonc, which a clone can download, and Multi30k, which has to be there. */
export const TEXTS: Readonly<Record<TextName, Text>> = {
  messages: {
    settings: () =>
      Settings.parse(
        readExperiment(join(ROOT, "experiments"), "quick", []).value,
      ),
    missing: () => undefined,
  },
  multi30k: {
    settings: () => {
      const side = (file: string, language: string) =>
        join(corpora(), "multi30k", `${file}.${language}.gz`);
      const part = (file: string) => ({
        source: side(file, "de"),
        target: side(file, "en"),
      });
      return {
        languages: { source: "de", target: "en" },
        data: {
          train: part("train"),
          validation: part("val"),
          test: part("test_2016_flickr"),
        },
        corpus: {},
      };
    },
    missing: missingMulti30k,
  },
};

/** The text that `--text` names; `messages` unless given. */
export function chosenText(given: unknown): TextName {
  const text = given ?? "messages";
  const found = TEXT_NAMES.find((name) => name === text);
  if (found !== undefined) return found;
  const hint = suggestion(String(text), [...TEXT_NAMES]).replace(/\?$/, "");
  throw inputError(
    `Cannot measure on the text "${text}": expected one of ${
      TEXT_NAMES.join(", ")
    }${hint}.`,
  );
}

function missingMulti30k(): string | undefined {
  const name = "name the folder that holds multi30k/ with CKD_BENCH_CORPUS, " +
    "or measure on --text messages";
  for (const [file, expected] of Object.entries(MULTI30K)) {
    const path = join(corpora(), "multi30k", file);
    if (statIfThere(path) === undefined) {
      return `"${path}" is not there; ${name}`;
    }
    const found = createHash("sha256").update(Deno.readFileSync(path))
      .digest("hex");
    if (found !== expected) {
      return `"${path}" has SHA-256 ${found}, expected ${expected}; ${name}`;
    }
  }
}
