/** The report as one self-contained page: its sections in order, with style and script inside. */
import { comparedIn } from "../results/planned_family.ts";
import { pairLabel } from "./nodes.ts";
import { createHash } from "node:crypto";
import { quoted } from "../../base/shell_word.ts";
import type { Contents, PairContents } from "./contents.ts";
import { type Markup, markup, type Part, trusted } from "./html/markup.ts";
import { figure } from "./html/numbers.ts";
import { pageScripts } from "./script.ts";
import { answers } from "./sections/answers.ts";
import { attentionMaps } from "./sections/attention.ts";
import { comparison } from "./sections/comparison.ts";
import { cost } from "./sections/cost.ts";
import { curvePlots } from "./sections/curves.ts";
import { graphPicture } from "./sections/dag.ts";
import { differencesTables } from "./sections/differences.ts";
import { layerMaps } from "./sections/layer_maps.ts";
import { nodeDetails } from "./sections/node_list.ts";
import { dataSets, verification } from "./sections/provenance.ts";
import { resultsTable, testSetsTable } from "./sections/results_table.ts";
import { scorePlots } from "./sections/scores.ts";
import { sentencesId, testSentences } from "./sections/sentences.ts";
import { similarityMaps } from "./sections/similarity.ts";
import { bestOf, claims, runFacts, titleOf } from "./sections/summary.ts";

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
  const scripts = pageScripts();
  const { source, pairs } = contents;
  const { experiment } = source;
  const titles = pairs.map((pair) => titleOf(source, pair));
  const sections = sectionsOf(contents);
  const hashes = scripts.map((script) =>
    `'sha256-${createHash("sha256").update(script).digest("base64")}'`
  );
  // The page keeps itself from the network and from any script but its own.
  const policy = [
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    `script-src ${hashes.join(" ")}`,
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
<title>${[...titles, experiment].join(", ")}</title>
<style>${trusted(style)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<header>
<p class="experiment aside">experiment ${experiment}</p>
<h1>${titles.map((title) => markup`<span>${title}</span>`)}</h1>
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
    quoted(source.given)
  }</code> of results with the manifest <code>${
    source.results.manifest.slice(0, 16)
  }</code>.</p></footer>
${
    scripts.map((script) =>
      markup`<script>${trusted(script)}</script>
`
    )
  }</body>
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
  const best = (pair: string | undefined) => bestOf(source, pair)?.row.system;
  return [
    {
      id: "summary",
      title: "Summary",
      body: markup`<div class="first"><div>${claims(source, pairs)}</div>${
        answers(contents)
      }</div>${runFacts(source)}`,
    },
    {
      id: "results",
      title: "Results",
      body: [
        body(({ pair, trained }) =>
          resultsTable(
            trained.flatMap(({ row }) => row ?? []),
            `${
              pairLabel(pair)
            }each system on the test set, ★ the student that is chosen; a click on a column sorts by it`,
            best(pair),
          )
        ),
        testSetsTable(source, pairs.map(({ pair }) => pair)),
      ],
    },
    ...against === undefined ? [] : [{
      id: "against",
      title: "Before and now",
      body: comparison(against),
    }],
    {
      id: "size",
      title: "BLEU against parameters",
      body: body(({ pair, trained }) =>
        trained.some(({ row }) => row !== undefined)
          ? scorePlots(trained, best(pair))
          : missing(["No system of this pair is evaluated yet."])
      ),
    },
    {
      id: "differences",
      title: "Differences",
      body: isEvaluated ? differencesTables(comparedIn(source)) : nothing,
    },
    {
      id: "curves",
      title: "Learning curves",
      body: ofEach(pairs, ({ learned }) =>
        withText(
          "Drag a mouse over a part, or say from where to where, to enlarge it; a system's name below brings out its lines. A loss is \u2212log\u00a0p a target token; time is that of the whole training, divided evenly over its steps.",
          curvePlots(learned) ??
            missing(["No learning curve is there."]),
        )),
    },
    {
      id: "sentences",
      title: "Sentences",
      body: body(({ pair, sentences }) => [
        withText(
          "Test sentences by chrF. Marked in a translation is what the reference has otherwise; […] is where it lacks words.",
          testSentences(sentences, best(pair), sentencesId(pair)),
        ),
        missing(sentences.missing),
      ]),
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
          "Where the decoder looks on the source (columns) to say each word of the reference (rows), mean over the heads.",
          attentionMaps(examination, best(pair)),
        ),
        examination.models.length === 0
          ? missing(examination.missing)
          : undefined,
      ]),
    },
    {
      id: "pipeline",
      title: "Pipeline",
      body:
        markup`<p>Each box is a node, or a stage of many, with its state, the time that making it took and the size of what it made. A click shows its details. Edges implied by a longer path are hidden.</p>
<div class="beside"><div class="graph-frame">${graphPicture(nodes)}</div>${
          nodeDetails(nodes)
        }</div>`,
    },
    {
      id: "cost",
      title: "Time and cost",
      body: cost(source, nodes) ??
        missing(["No node's time is recorded here."]),
    },
    { id: "data", title: "Data", body: dataSets(nodes) },
    {
      id: "verify",
      title: "Verify and cite",
      body: verification(source, nodes),
    },
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
