/** The command `diff`: compares two manifests, each a file, that of an artifact folder or that of a git revision. */
import { relative } from "@std/path";
import { statIfThere } from "../../../base/stat.ts";
import { inputError } from "../../../base/input_error.ts";
import { type Manifest, parseManifest } from "../../../schemas/manifest.ts";
import { printable, printableJson } from "../../../base/names.ts";
import {
  differenceOf,
  type ManifestDifference,
  metricText,
  type NodeDifference,
} from "../../../engine/provenance/diff.ts";
import { commitOf, git } from "../../../engine/files/git.ts";
import {
  manifestPath,
  readNamedManifest,
} from "../../../engine/store/manifest.ts";
import { ROOT } from "../../../engine/keys/project.ts";
import { command } from "../../command.ts";
import { EXIT } from "../../exit.ts";
import { artifactFolder } from "../../experiment.ts";
import { argument, artifacts, json } from "../../options.ts";

export default command({
  name: "diff",
  group: "look",
  summary: "what differs between two manifests",
  needsPipeline: false,
  arguments: {
    before: argument(
      "<before>",
      "a manifest, an artifact folder or a git revision",
    ),
    after: argument("<after>", "another"),
  },
  options: { artifacts, json },
  examples: [
    ["HEAD~1 HEAD", "the manifests of two revisions"],
    ["artifacts other", "those of two folders"],
  ],
  run: ({ console }, { before, after, artifacts, json }) => {
    const path = manifestPath(artifactFolder(artifacts));
    const [from, to] = [before, after].map((given) => manifestOf(given, path));
    const difference = differenceOf(from, to);
    console.out(
      (json
        ? printableJson(difference)
        : differenceText(printable(difference))) + "\n",
    );
    return EXIT.done;
  },
});

/** `REVISION` is the manifest at `path` then, `REVISION:PATH` that at another path of the repository. */
function manifestOf(given: string, path: string): Manifest {
  const info = statIfThere(given);
  if (info !== undefined) {
    return readNamedManifest(info.isDirectory ? manifestPath(given) : given);
  }
  const [revision, inside = relative(ROOT, path)] = given.split(/:(.*)/s);
  const commit = commitOf(ROOT, revision);
  if (commit === undefined) {
    throw inputError(
      `Cannot compare "${given}": it is neither a manifest nor an artifact folder nor a revision that git knows.`,
    );
  }
  const text = git(ROOT, "show", `${commit}:${inside}`);
  if (text === undefined) {
    throw inputError(
      `Cannot compare "${given}": revision ${revision} has no "${inside}"; name another file as REVISION:PATH.`,
    );
  }
  return parseManifest(text, given);
}

function differenceText(
  { experiment, nodes, same }: ManifestDifference,
): string {
  /** The first node with each change of code, which many share. */
  const described = new Map<string, string>();
  const count = (change: NodeDifference["change"]) =>
    nodes.filter((node) => node.change === change).length;
  return [
    ...experiment,
    ...nodes.flatMap((node) => nodeText(node, described)),
    `${count("changed")} changed, ${count("added")} added, ${
      count("removed")
    } removed, ${same} the same.`,
  ].join("\n");
}

function nodeText(
  { node, change, reasons, outputs, metrics }: NodeDifference,
  described: Map<string, string>,
): string[] {
  if (change === "added") return [`+ ${node}`];
  if (change === "removed") return [`- ${node}`];
  const code = reasons.filter((reason) => CODE.test(reason));
  const others = reasons.filter((reason) => !CODE.test(reason));
  const twin = described.get(code.join("\n"));
  if (twin === undefined) described.set(code.join("\n"), node);
  return [
    node,
    ...[
      ...others,
      ...code.length > 1 && twin !== undefined
        ? [`code changed as that of ${twin}`]
        : code,
      ...outputs.map((output) =>
        reasons.length === 0
          ? `output ${output}: other bytes, though all that decides them is the same`
          : `output ${output}: other bytes`
      ),
      ...metrics.map(metricText),
    ].map((line) => `  ${line}`),
  ];
}

const CODE = /^(code|package|import) /;
