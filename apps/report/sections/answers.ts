/** What one asks of a run first, answered in a few words beside a link to the section that says all. */
import { withPair } from "../../../schemas/subwords.ts";
import { duration } from "../../../base/durations.ts";
import type { Contents, PairContents } from "../contents.ts";
import { type Markup, markup, type Part } from "../html/markup.ts";
import { count, figure, signed } from "../html/numbers.ts";
import { rangeOf, smallLines } from "../html/small_lines.ts";
import { pairLabel, type ReportNode } from "../nodes.ts";
import type { Source } from "../source.ts";
import type { Learned } from "../view_data.ts";
import { causesOf, scoreChanges } from "./comparison.ts";
import { estimateCommand, timesOf } from "./cost.ts";
import { remarkOf } from "./curves.ts";
import { cited, recordedLicences } from "./provenance.ts";
import { firstSystem, sentencesId } from "./sentences.ts";
import { bestOf } from "./summary.ts";

/** How many of something are named; the others are counted. */
const NAMED = 5;
/** Characters of a hash that are enough to tell it from others. */
const HASH = 12;

/** A term, its section and the answer; one without an answer is left out. */
export function answers(
  { source, nodes, pairs, against }: Contents,
): Markup {
  const rows: readonly (readonly [string, string, Part])[] = [
    ["Before and now", "against", against && changed(against)],
    ["8-bit integers", "results", inIntegers(source)],
    ["Training", "curves", learning(pairs)],
    ["Faults", "sentences", faults(source, pairs)],
    ["Time and cost", "cost", times(source, nodes)],
    ["Data", "data", data(nodes)],
  ];
  return markup`<dl class="answers">${
    rows.map(([term, section, answer]) =>
      answer === undefined
        ? undefined
        : markup`<div><dt><a href="#${section}">${term}</a></dt><dd>${answer}</dd></div>`
    )
  }</dl>`;
}

function changed(against: NonNullable<Contents["against"]>): Markup {
  const { nodes } = against.difference;
  const causes = nodes.flatMap((node) =>
    causesOf(node).map((cause) => ({ node: node.node, cause }))
  );
  const scores = scoreChanges(against).toSorted((a, b) =>
    Math.abs(b.now - b.before) - Math.abs(a.now - a.before)
  ).map(({ system, before, now }) => `${system} ${signed(now - before, 1)}`);
  const following = nodes.length - new Set(causes.map(({ node }) => node)).size;
  return markup`<ul>${
    causes.slice(0, NAMED).map(({ node, cause }) =>
      markup`<li><strong>${node}</strong> ${cause}</li>`
    )
  }${more(causes.length - NAMED, "more reason")}</ul>${
    following === 0
      ? undefined
      : `${count(following, "further node")} differ${
        following === 1 ? "s" : ""
      } because of these. `
  }${scores.length === 0 ? "No BLEU differs." : `BLEU: ${named(scores)}.`}`;
}

function inIntegers({ results: { systems } }: Source): string | undefined {
  const found = systems.flatMap(({ pair, system, int8, bleu }) =>
    int8 === undefined ? [] : [{
      name: withPair(pair, system),
      change: int8.bleu - bleu.score,
    }]
  ).sort((a, b) => a.change - b.change);
  if (found.length === 0) return undefined;
  const text = ({ name, change }: typeof found[number]) =>
    `${signed(change, 2)} (${name})`;
  const [least] = found, most = found[found.length - 1];
  return found.length === 1
    ? `${text(least)} BLEU against 32-bit floats.`
    : `${text(least)} to ${text(most)} BLEU against 32-bit floats, of ${
      count(found.length, "system")
    }.`;
}

/** How trainings ended, those that went wrong first, and the course of their losses. */
function learning(pairs: readonly PairContents[]): Markup | undefined {
  const all = pairs.flatMap(({ pair, learned }) =>
    learned.map((each) => ({
      ...each,
      name: withPair(pair, each.name),
      remark: remarkOf(each.points),
    }))
  );
  if (all.length === 0) return undefined;
  const byRemark = [...Map.groupBy(all, ({ remark }) => remark)]
    .sort(([a], [b]) => Number(isWrong(b)) - Number(isWrong(a)));
  return markup`<ul>${
    byRemark.slice(0, NAMED).map(([remark, those]) =>
      markup`<li><strong>${
        named(those.map(({ name }) => name))
      }</strong> ${remark}</li>`
    )
  }${more(byRemark.length - NAMED, "other outcome")}</ul><div class="pair">${
    losses("training loss", all, ({ trainingLoss }) => trainingLoss)
  }${losses("validation loss", all, ({ nll }) => nll)}</div>`;
}

const isWrong = (remark: string) => remark.startsWith("went wrong");

function losses(
  title: string,
  learned: readonly Learned[],
  of: (point: Learned["points"][number]) => number | undefined,
): Markup | undefined {
  const lines = learned.flatMap(({ name, color, points: all }) => {
    const points = all.flatMap((point) => {
      const y = of(point);
      return y === undefined ? [] : [{ x: point.step, y }];
    });
    return points.length < 2 ? [] : [{ name, color, points }];
  });
  if (lines.length === 0) return undefined;
  const ends = lines.map(({ name, points }) =>
    `${name} ${figure(points[0].y, 2)} to ${
      figure(points[points.length - 1].y, 2)
    }`
  );
  const label = `${title} from the first validation to the last: ${
    named(ends)
  }.`;
  const { least, most } = rangeOf(
    lines.flatMap(({ points }) => points.map(({ y }) => y)),
  );
  return markup`<figure>${
    smallLines(label, lines)
  }<figcaption class="aside">${title}, ${figure(most, 2)} to ${
    figure(least, 2)
  }</figcaption></figure>`;
}

/** Of the system that the section of sentences shows first; each kind is a link to its sentences. */
function faults(
  source: Source,
  pairs: readonly PairContents[],
): Markup[] | undefined {
  const found = pairs.flatMap(({ pair, sentences }) => {
    const system = firstSystem(sentences, bestOf(source, pair)?.row.system);
    if (system === undefined) return [];
    const kinds = [...sentences.faults.get(system) ?? []];
    const sum = kinds.reduce((all, [, each]) => all + each, 0);
    const shown = sentences.sentences.length;
    const of = `${figure(sum)} of ${figure(sentences.count)}`;
    return [
      markup`<p>${withPair(pair, system)}, ${of} translations${
        kinds.map(([remark, each], i) => {
          const asked = new URLSearchParams({ system, remark });
          return markup`${i === 0 ? ": " : ", "}<a href="#${
            sentencesId(pair)
          }?${asked.toString()}">${remark} ${figure(each)}</a>`;
        })
      }${
        shown === sentences.count || kinds.length === 0
          ? undefined
          : `; a link shows those among the ${
            figure(shown)
          } sentences in the page`
      }</p>`,
    ];
  });
  return found.length === 0 ? undefined : found;
}

function times(
  source: Source,
  nodes: readonly ReportNode[],
): Markup | undefined {
  const { timed, seconds, chain } = timesOf(nodes);
  if (timed.length === 0) return undefined;
  const longest = timed.slice(0, NAMED).map(({ node, seconds: own }) =>
    `${node.name} ${figure(100 * own / seconds)}\u00a0%`
  );
  return markup`${duration(seconds)} one after the other; at least ${
    duration(chain)
  } in parallel. Longest: ${longest.join(", ")}${
    timed.length > NAMED ? ", …" : undefined
  }<br>Again: <code>${estimateCommand(source)}</code> estimates it.`;
}

function data(nodes: readonly ReportNode[]): Markup[] | undefined {
  const fetches = nodes.filter(({ stage }) => stage === "fetch");
  if (fetches.length === 0) return undefined;
  const shown = fetches.slice(0, NAMED).map(
    ({ name, pair, config, metrics, outputs }) => {
      const known = cited(config);
      const sets = known.map(({ name, licences }) =>
        licences.length === 0
          ? name
          : `${name} (${licences.map(({ licence }) => licence).join("; ")})`
      );
      const terms = recordedLicences(known, metrics);
      const hashes = Object.values(outputs).map(({ sha256 }) =>
        markup`, files <code>${sha256.slice(0, HASH)}…</code>`
      );
      const splits = nodes.find(({ stage, inputs, metrics }) =>
        stage === "corpus" && Object.values(inputs).includes(name) &&
        metrics.train !== undefined
      )?.metrics;
      return markup`<p>${pairLabel(pair)}${
        sets.length === 0 ? name : named(sets)
      }${terms === "" ? undefined : ` (${terms})`}${hashes}${
        splits === undefined
          ? undefined
          : `; pairs: ${
            (["train", "validation", "test"] as const).map((part) =>
              `${figure(Number(splits[part] ?? 0))} ${
                part === "train" ? "training" : part
              }`
            ).join(", ")
          }`
      }</p>`;
    },
  );
  const others = fetches.length - NAMED;
  return others > 0
    ? [...shown, markup`<p>and ${count(others, "other fetch node")}</p>`]
    : shown;
}

/** The first of them, and how many others there are. */
function named(names: readonly string[]): string {
  const others = names.length - NAMED;
  const first = names.slice(0, NAMED).join(", ");
  return others > 0 ? `${first} and ${count(others, "other")}` : first;
}

function more(number: number, what: string): Markup | undefined {
  return number > 0 ? markup`<li>and ${count(number, what)}</li>` : undefined;
}
