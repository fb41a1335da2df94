/** The data that was used with its licences, what to cite, and how a reader verifies the figures. */
import { z } from "zod";
import { isInputError } from "../../../base/input_error.ts";
import { quoted } from "../../../base/shell_word.ts";
import {
  type CitedDataSet,
  citedDataSets,
} from "../../../nmt/text/descriptors/citations.ts";
import { Data, FetchedLanguages } from "../../../schemas/experiment/data.ts";
import { type Markup, markup } from "../html/markup.ts";
import { figure } from "../html/numbers.ts";
import { type Cell, sortableTable } from "../html/table.ts";
import type { ReportNode } from "../nodes.ts";
import type { Source } from "../source.ts";

const PAPER =
  "Yimeng Wu, Peyman Passban, Mehdi Rezagholizadeh, Qun Liu: Why Skip If You Can Combine: A Simple Knowledge Distillation Technique for Intermediate Layers. EMNLP 2020. arXiv 2010.03034.";

const Fetched = z.object({ data: Data, languages: FetchedLanguages });

export function dataSets(nodes: readonly ReportNode[]): Markup {
  const fetches = nodes.filter(({ stage }) => stage === "fetch");
  return markup`${fetches.map(fetched)}${splitTable(nodes)}`;
}

function fetched({ name, config, metrics, outputs }: ReportNode): Markup {
  const known = cited(config);
  const terms = recordedLicences(known, metrics);
  return markup`<section aria-label="${name}"><h3>${name}</h3>${
    known.map(({ name, description, licences }) =>
      markup`<p><strong>${name}</strong>: ${description}${
        licences.length === 0
          ? undefined
          : ` (${licences.map(({ licence }) => licence).join("; ")})`
      }.</p>`
    )
  }${terms === "" ? undefined : markup`<p>Licences: ${terms}.</p>`}${
    Object.values(outputs).map(({ sha256 }) =>
      markup`<p class="aside">Files: <code>${sha256}</code></p>`
    )
  }</section>`;
}

/** The data sets of a node that fetches; none where a descriptor is not there or is another now. */
export function cited(config: unknown): readonly CitedDataSet[] {
  const { data, languages } = Fetched.safeParse(config).data ?? {};
  if (data === undefined || languages === undefined) return [];
  try {
    return citedDataSets(data, languages);
  } catch (error) {
    if (!isInputError(error)) throw error;
    return [];
  }
}

/** The licences that a fetch recorded, where no descriptor says them. */
export function recordedLicences(
  known: readonly CitedDataSet[],
  metrics: ReportNode["metrics"],
): string {
  const isKnown = known.some(({ licences }) => licences.length > 0);
  return isKnown ? "" : ["licences", "fileLicences"]
    .flatMap((each) => metrics[each] ?? []).join("; ");
}

function splitTable(nodes: readonly ReportNode[]): Markup | undefined {
  const parts = ["train", "validation", "test", "nearDuplicates"] as const;
  const inTrain = new Map(
    nodes.filter(({ stage }) => stage === "overlap")
      .map(({ inputs, metrics }) => [inputs.corpus, Number(metrics.inTrain)]),
  );
  const rows = nodes.filter(({ stage, metrics }) =>
    stage === "corpus" && metrics.train !== undefined
  );
  return rows.length === 0 ? undefined : sortableTable(
    "Sentence pairs",
    [
      ...["corpus", "training", "validation", "test"],
      ...["near-duplicates removed", "test pairs with a side in training"],
    ],
    rows.map(({ name, metrics }) => [
      { text: name, value: name },
      ...parts.map((part) => countCell(Number(metrics[part] ?? 0))),
      // Of further test sets; those of the corpus are kept out of it.
      countCell(inTrain.get(name)),
    ]),
  );
}

function countCell(value: number | undefined): Cell {
  return value === undefined
    ? { text: "", value: "" }
    : { text: figure(value), value };
}

export function verification(
  { given, results: { manifest, systems } }: Source,
  nodes: readonly ReportNode[],
): Markup {
  const experiment = `--experiment ${quoted(given)}`;
  const signatures = new Set(
    systems.flatMap(({ runs }) => runs.map(({ signature }) => signature)),
  );
  const citations = new Set(
    nodes.filter(({ stage }) => stage === "fetch")
      .flatMap(({ config }) => cited(config))
      .flatMap(({ citation }) => citation),
  );
  return markup`<p>This run has the manifest <code>${manifest}</code>: its SHA-256 stands for each config, input, line of code and output.</p>
<ul>
<li><code>deno task pipeline verify</code> rehashes each file.</li>
<li><code>deno task pipeline reproduce MANIFEST</code> makes all of it again and compares.</li>
<li><code>deno task pipeline results ${experiment} --recompute</code> computes committed scores again from their statistics.</li>
<li><code>deno task pipeline describe ${experiment} --format ro-crate --out FOLDER</code> writes a record to archive and cite.</li>
</ul>
<h3>Cite</h3>
<ul><li>${PAPER}</li>${
    [...citations].map((citation) => markup`<li>${citation}</li>`)
  }${
    [...signatures].filter((signature) => signature !== "").map((signature) =>
      markup`<li>Scores: <code>${signature}</code></li>`
    )
  }</ul>`;
}
