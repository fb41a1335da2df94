/** Who learns from text without translations: the edges of the graph, and what the cards cite. */
import { assertEquals } from "@std/assert";
import pipeline from "../../pipeline.ts";
import { assertInputError } from "../fixtures/input_error.ts";

const IMPORTED = {
  import: "tiny11",
  model: { dropout: 0 },
};
const base = {
  languages: { source: "pt", target: "en" },
  data: { train: "pairs.tsv" },
  vocabulary: { size: 900 },
};

function graphOf(changes: object) {
  return pipeline.graph({ ...base, ...changes }, "the experiment");
}

/** What the node's training pairs are of, and what its export cites. */
function learned(graph: ReturnType<typeof graphOf>, node: string) {
  const { lessons, trainingData } = graph.get(node)?.inputs ?? {};
  const system = node.replace("student:", "");
  const config = graph.get(`export:${system}`)?.config;
  return {
    from: lessons ?? trainingData ?? "nothing",
    cited: Object(config).monolingual !== undefined,
  };
}

const TEXT = { files: ["more.txt"] };
const STUDENTS = { students: { a: {}, b: { targets: "teacher" } } };

Deno.test("by default students learn from the teacher's translations of further text, beside either kind of pairs", () => {
  const graph = graphOf({ ...STUDENTS, corpus: { monolingual: TEXT } });
  assertEquals(learned(graph, "student:a"), { from: "mixture", cited: true });
  assertEquals(learned(graph, "student:b"), {
    from: "mixture:translations",
    cited: true,
  });
  assertEquals(learned(graph, "teacher"), { from: "nothing", cited: false });
  assertEquals(graph.get("translations:monolingual")?.inputs, {
    teacher: "teacher",
    tokens: "monolingual",
  });
});

Deno.test("what is made of text is told of kept tags and masked placeholders, and nothing where there are none", () => {
  const own = (graph: ReturnType<typeof graphOf>, node: string) => {
    const { markup, placeholders, languages } = Object(graph.get(node)?.config);
    return { markup, placeholders, languages };
  };
  const none = {
    markup: undefined,
    placeholders: undefined,
    languages: undefined,
  };
  const changes = { ...STUDENTS, corpus: { monolingual: TEXT } };
  const plain = graphOf(changes);
  for (const node of ["monolingual", "translations:monolingual"]) {
    assertEquals(own(plain, node), none);
  }
  const corpus = { monolingual: TEXT, markup: "keep" };
  const vocabulary = { size: 900, placeholders: 4 };
  const kept = graphOf({ ...changes, corpus, vocabulary });
  assertEquals(own(kept, "monolingual"), { ...none, markup: "keep" });
  assertEquals(own(kept, "translations:monolingual"), {
    ...none,
    placeholders: 4,
  });
  const several = graphOf({
    ...STUDENTS,
    vocabulary,
    sourceLanguages: {
      tr: { data: { train: "tr.tsv" }, corpus: { markup: "keep" } },
    },
  });
  assertEquals(own(several, "join"), { ...none, markup: "keep" });
  assertEquals(own(several, "translations"), {
    ...none,
    ...{ placeholders: 4, languages: ["pt", "tr"] },
  });
});

Deno.test("a tuned teacher learns from the untouched model's translations, and its students from its own", () => {
  const other = { data: { train: "other.tsv" } };
  const more = { data: { train: "more.tsv" } };
  const withSets = (testSets: Readonly<Record<string, unknown>>) =>
    graphOf({
      ...STUDENTS,
      teacher: { ...IMPORTED, adaptation: { characters: 2 } },
      corpus: { monolingual: TEXT },
      testSets,
    });
  const graph = withSets({ other, more });
  assertEquals(learned(graph, "teacher"), {
    from: "mixture:imported",
    cited: true,
  });
  const { inputs } = graph.get("translations:monolingual-imported") ?? {};
  assertEquals(inputs?.teacher, "extend");
  assertEquals(learned(graph, "student:a"), { from: "mixture", cited: true });
  assertEquals(
    graph.get("monolingual")?.inputs["heldOut:other"],
    "other/corpus",
    "further test sets are held out of it",
  );
  // A manifest has them in another order than the experiment.
  assertEquals(
    { ...withSets({ more, other }).get("monolingual")?.inputs },
    { ...graph.get("monolingual")?.inputs },
  );
});

Deno.test("learners that are named are the only ones", () => {
  const of = (learners: readonly string[]) =>
    graphOf({
      ...STUDENTS,
      teacher: { ...IMPORTED, adaptation: {} },
      corpus: { monolingual: { ...TEXT, learners } },
    });
  const teacher = of(["teacher"]);
  assertEquals(learned(teacher, "student:a").from, "tokenize");
  assertEquals(learned(teacher, "student:a").cited, true, "by its teacher");
  const students = of(["students"]);
  assertEquals(learned(students, "teacher"), {
    from: "tokenize",
    cited: false,
  });
  assertEquals(learned(students, "student:a").from, "mixture");
});

for (
  const [name, changes, part] of [
    [
      "nobody",
      { corpus: { monolingual: TEXT } },
      'neither a teacher with an "adaptation" nor students',
    ],
    [
      "a teacher that is trained from nothing",
      {
        ...STUDENTS,
        corpus: { monolingual: { ...TEXT, learners: ["teacher"] } },
      },
      'the teacher, which has no "adaptation"',
    ],
    [
      "students of which there are none",
      {
        teacher: { ...IMPORTED, adaptation: {} },
        corpus: { monolingual: { ...TEXT, learners: ["students"] } },
      },
      "students, of which there are none",
    ],
  ] as const
) {
  Deno.test(`text without translations that ${name} would learn from is refused`, () => {
    assertInputError(
      () => graphOf(changes),
      '"corpus.monolingual.learners"',
      part,
    );
  });
}
