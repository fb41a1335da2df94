/** The report as one self-contained page: its sections in order, with style and script inside. */
import { createHash } from "node:crypto";
import { format as formatBytes } from "@std/fmt/bytes";
import { z } from "zod";
import { duration } from "../../base/durations.ts";
import { countStates } from "../../engine/run/node_record.ts";
import { kindOf } from "../../nmt/metrics/planned.ts";
import { quoted } from "../../base/shell_word.ts";
import { attentionMaps } from "./sections/attention.ts";
import { comparison } from "./sections/comparison.ts";
import type { Contents, PairContents } from "./contents.ts";
import { curvePlots } from "./sections/curves.ts";
import { differencesTables } from "./sections/differences.ts";
import { graphPicture } from "./sections/dag.ts";
import { layerMaps } from "./sections/layer_maps.ts";
import { type Markup, markup, type Part, trusted } from "./html/markup.ts";
import { type RecordedRun, secondsOfRun } from "../../engine/store/run_log.ts";
import { nodeList } from "./sections/node_list.ts";
import { differenceText, figure, parameterText } from "./html/numbers.ts";
import { resultsTable } from "./sections/results_table.ts";
import {
  bleuByRank,
  bleuBySize,
  familyKey,
  scoredOf,
} from "./sections/scores.ts";
import { similarityMaps } from "./sections/similarity.ts";
import type { Source } from "./source.ts";
import { translatedSentences } from "./sections/translated.ts";

const read = (name: string) =>
  Deno.readTextFileSync(new URL(name, import.meta.url)).trim();

interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: Part;
}

const GENERATOR = "ckd report";

/** Whether a file that begins like this is a page of ours. */
export function isReport(beginning: string): boolean {
  return beginning.includes(`<meta name="generator" content="${GENERATOR}">`);
}

/** The HTML of the page. */
export function page(contents: Contents): string {
  const style = read("../theme.css") + read("page.css");
  const script = read("page.js");
  const { experiment } = contents.source;
  const sections = sectionsOf(contents);
  // The page keeps itself from the network and from any script but its own.
  const policy = [
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    `script-src 'sha256-${
      createHash("sha256").update(script).digest("base64")
    }'`,
    "img-src data:",
  ].join("; ");
  return markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="${GENERATOR}">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${experiment}: report</title>
<style>${trusted(style)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<header>
<h1>${experiment}</h1>
<label class="theme">Theme <select id="theme"><option value="">system</option><option value="light">light</option><option value="dark">dark</option></select></label>
<nav aria-label="Sections"><ul>${
    sections.map(({ id, title }) =>
      markup`<li><a href="#${id}">${title}</a></li>`
    )
  }</ul></nav>
</header>
<main id="main">
${
    sections.map(({ id, title, body }) =>
      markup`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
${body}</section>
`
    )
  }</main>
<footer><p>Made by <code>deno task pipeline report --experiment ${
    quoted(contents.source.given)
  }</code> of results with the manifest <code>${
    contents.source.results.manifest.slice(0, 16)
  }</code>.</p></footer>
<script>${trusted(script)}</script>
</body>
</html>
`.markup;
}

function sectionsOf(contents: Contents): Section[] {
  const { source, nodes, pairs, against } = contents;
  const { results } = source;
  const isEvaluated = results.systems.length > 0;
  const nothing = missing([
    "No system is evaluated yet, so there is nothing to show here.",
  ]);
  const body = (draw: (pair: PairContents) => Part) =>
    isEvaluated ? ofEach(pairs, draw) : nothing;
  return [
    { id: "summary", title: "Summary", body: summary(contents) },
    {
      id: "pipeline",
      title: "Pipeline",
      body:
        markup`<p>Each box is a node with its state, the time that making it took and the size of what it made; ran is what this run made, cached what was there already. Lines that a longer way says already are left out. A click tells all of a node.</p>
<div class="graph-frame">${graphPicture(nodes, "wide")}${
          graphPicture(nodes, "tall")
        }</div>
${nodeList(nodes)}`,
    },
    {
      id: "results",
      title: "Results",
      body: body(({ pair, trained }) =>
        resultsTable(
          scoredOf(trained).map(({ row }) => row),
          `${
            pair === undefined ? "" : `${pair}: `
          }each system on the test set; a click on a column sorts by it`,
        )
      ),
    },
    {
      id: "differences",
      title: "Differences",
      body: isEvaluated ? differencesTables(results.systems) : nothing,
    },
    {
      id: "size",
      title: "BLEU against parameters",
      body: body(scoresOf),
    },
    {
      id: "curves",
      title: "Learning curves",
      body: ofEach(pairs, ({ trained }) =>
        withText(
          "Validation loss (-log p a target token) by training step, with the lowest that was reached; the others' curves are grey.",
          curvePlots(trained, results.curves) ??
            missing(["No learning curve is there."]),
        )),
    },
    {
      id: "layers",
      title: "Layer maps",
      body: ofEach(pairs, ({ trained }) =>
        withText(
          "Which layers of the teacher (left) each layer of a student (right) learns from; the lowest layer is at the bottom.",
          layerMaps(trained) ??
            markup`<p>No student learns from layers of its teacher.</p>`,
        )),
    },
    {
      id: "similarity",
      title: "Similarity of layers",
      body: ofEach(pairs, ({ trained, examination }) => [
        withText(
          `How alike layers of student and teacher see the same ${
            figure(examination.positions)
          } positions of ${
            figure(examination.pairs)
          } validation pairs: linear CKA without bias, from 0 for nothing in common to 1 for the same up to rotation. Framed is what the student was to make alike.`,
          similarityMaps(trained, examination.models),
        ),
        missing(examination.missing),
      ]),
    },
    {
      id: "attention",
      title: "Attention",
      body: ofEach(pairs, ({ pair, examination }) => [
        withText(
          "Where the decoder looks on the source (columns) to say each word of the reference (rows), mean over the heads; below it every layer, the lowest first.",
          attentionMaps(
            examination,
            bestStudent(source, pair)?.system,
            idIn(pair, "attention"),
          ),
        ),
        examination.models.length === 0
          ? missing(examination.missing)
          : undefined,
      ]),
    },
    {
      id: "sentences",
      title: "Worst and best sentences",
      body: body(({ pair, sentences }) => [
        withText(
          "By chrF of the sentence. What a translation lacks is struck through in the reference, what it has in its place is underlined in the translation.",
          translatedSentences(
            sentences.systems,
            {
              first: bestStudent(source, pair)?.system,
              id: idIn(pair, "sentences"),
              heading: pair === undefined ? "h3" : "h4",
            },
          ),
        ),
        missing(sentences.missing),
      ]),
    },
    ...against === undefined ? [] : [{
      id: "against",
      title: "Before and now",
      body: comparison(against),
    }],
  ];
}

/** The same for every language pair, under its name where there are several. */
function ofEach(
  pairs: readonly PairContents[],
  draw: (pair: PairContents) => Part,
): Markup[] {
  return pairs.map((each) =>
    each.pair === undefined
      ? markup`${draw(each)}`
      : markup`<h3>${each.pair}</h3>${draw(each)}`
  );
}

const idIn = (pair: string | undefined, id: string) =>
  pair === undefined ? `${id}-of` : `${id}-of-${pair}`;

/** What is shown after a sentence that says how to read it; nothing where nothing is shown. */
function withText(text: string, shown: Part): Part {
  return shown === undefined ? undefined : markup`<p>${text}</p>${shown}`;
}

/** A message in place of what is missing. */
function missing(sentences: readonly string[]): Markup | undefined {
  return sentences.length === 0
    ? undefined
    : markup`<ul class="missing">${
      sentences.map((sentence) => markup`<li>${sentence}</li>`)
    }</ul>`;
}

function scoresOf({ trained }: PairContents): Part {
  const systems = scoredOf(trained);
  if (systems.length === 0) {
    return missing(["No system of this pair is evaluated yet."]);
  }
  const hasIntervals = systems.every(({ row: { bleu } }) =>
    bleu.low !== undefined
  );
  return markup`${familyKey(trained)}<div class="figures">
<figure class="large"><figcaption>Quality and size</figcaption>${
    bleuBySize(systems)
  }</figure>
<figure class="large"><figcaption>Each system</figcaption>${
    bleuByRank(systems)
  }</figure></div>
<p class="aside">${
    hasIntervals
      ? "Lines are 95 % confidence intervals over the choice of test sentences. Systems of about one size stand side by side, the best of them named. The dashed line is the teacher's score."
      : "There are no confidence intervals, as not all systems were compared with each other."
  }</p>`;
}

function bestStudent({ results }: Source, pair: string | undefined) {
  return results.systems
    .filter((row) => row.pair === pair && row.system !== "teacher")
    .toSorted((a, b) => b.bleu.score - a.bleu.score)[0];
}

function summary({ source, pairs }: Contents): Markup {
  return markup`${
    pairs.map(({ pair }) => markup`<p class="claim">${claim(source, pair)}</p>`)
  }${runFacts(source)}`;
}

/** What a reader came for, in a sentence. */
function claim(source: Source, pair: string | undefined): string {
  const where = pair === undefined ? "" : `${pair}: `;
  const best = bestStudent(source, pair);
  const teacher = source.results.systems.find((row) =>
    row.pair === pair && row.system === "teacher"
  );
  if (best === undefined) return `${where}No student is evaluated yet.`;
  const score = `${where}${best.system} reaches ${
    figure(best.bleu.score, 1)
  } BLEU with ${parameterText(best.parameters)} parameters`;
  if (teacher === undefined) return `${score}.`;
  const { teacher: difference } = best.bleu.to;
  return `${score}, ${
    figure(100 * best.parameters / teacher.parameters, 0)
  } % of its teacher's${
    difference === undefined
      ? ""
      : `: ${differenceText(difference, 1)} to the teacher's ${
        figure(teacher.bleu.score, 1)
      }${
        difference.p === undefined
          ? ""
          : ` (${kindOf(difference)} p = ${figure(difference.p, 3)})`
      }`
  }.`;
}

/** What the report says of a machine; a record of an older version may lack any of it. */
const Machine = z.object({
  cpu: z.string().nullish(),
  cores: z.number().optional(),
  memoryBytes: z.number().optional(),
  os: z.string().optional(),
});

/** The time of a run and of the pieces before it that were cut off. */
function tookText(pieces: readonly RecordedRun[]): string {
  const seconds = pieces.reduce((sum, run) => sum + secondsOfRun(run), 0);
  return duration(seconds) +
    (pieces.length === 1 ? "" : `, in ${pieces.length} pieces`);
}

function runFacts({ run, pieces }: Source): Markup {
  if (run === undefined) {
    return markup`<p>These are the committed results of the experiment. What its last run found and made is not recorded here, nor is there a log of a node, unless its run is.</p>`;
  }
  const { cpu, cores, memoryBytes, os } = Machine.safeParse(run.machine).data ??
    {};
  const states = [...run.states.values()].map((state) => ({ state }));
  const facts: readonly (readonly [string, string | undefined])[] = [
    ["run", run.run.replace(/^(\d{6,})-.*/, "$1")],
    ["began", pieces[0].time?.replace(/\.\d+Z$/, "Z").replace("T", " ")],
    ["took", tookText(pieces)],
    ["outcome", run.outcome ?? "not ended, or cut off"],
    ["nodes", countStates(states) || undefined],
    [
      "machine",
      [
        cpu ?? os,
        cores && `${cores} cores`,
        memoryBytes && formatBytes(memoryBytes),
      ].filter(Boolean).join(", ") || undefined,
    ],
    [
      "peak memory",
      run.peakMemoryBytes === undefined
        ? undefined
        : formatBytes(run.peakMemoryBytes),
    ],
  ];
  return markup`<dl class="facts">${
    facts.map(([term, value]) =>
      value === undefined
        ? undefined
        : markup`<div><dt>${term}</dt><dd>${value}</dd></div>`
    )
  }</dl>`;
}
