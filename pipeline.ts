/**
 * The method: train a deep teacher on a parallel corpus, record its hidden states, distill students from them with
 * the combined-layer loss, and evaluate them all (Wu et al. 2020, "Why Skip If You Can Combine").
 */
import {
  type Handle,
  type NodeFunction,
  pipeline,
} from "./engine/graph/graph.ts";
import {
  fetchedMonolingual,
  type Learner,
  type Monolingual,
  monolingualText,
} from "./schemas/experiment/data.ts";
import {
  allSignals,
  hasStart,
  recordedKinds,
  type SignalKind,
} from "./schemas/experiment/distillation.ts";
import {
  distillations,
  type Experiment,
  type TrainedStudent,
} from "./schemas/experiment/experiment.ts";
import { Matrix } from "./schemas/experiment/language_pairs.ts";
import compareStage from "./stages/compare.ts";
import corpusStage from "./stages/corpus.ts";
import evaluateStage from "./stages/evaluate.ts";
import exportStage from "./stages/export.ts";
import fetchStage from "./stages/fetch.ts";
import joinStage from "./stages/corpora/join.ts";
import mixtureStage from "./stages/mixture.ts";
import monolingualStage from "./stages/monolingual.ts";
import overlapStage from "./stages/corpora/overlap.ts";
import shortlistStage from "./stages/shortlist.ts";
import statesStage from "./stages/states.ts";
import teacherStage from "./stages/teacher.ts";
import tokenizeStage from "./stages/tokenize.ts";
import translationsStage from "./stages/translations.ts";
import extendStage from "./stages/models/extend.ts";
import fetchModelStage from "./stages/models/fetch_model.ts";
import importStage from "./stages/models/import.ts";
import interpolateStage from "./stages/models/interpolate.ts";
import pruneStage from "./stages/models/prune.ts";
import trimStage from "./stages/models/trim.ts";
import validationStage from "./stages/tuning/validation.ts";
import {
  hyperparameterNodes,
  type Learned,
  studentsOf,
} from "./stages/tuning/students.ts";

export default pipeline(Matrix, ({ pairs }, node) => {
  for (const { name, experiment } of pairs) {
    distill({
      experiment,
      node: name === undefined ? node : node.within(name),
      within: (testSet) =>
        node.within(name === undefined ? testSet : `${name}.${testSet}`),
    });
  }
});

/** The experiment of one language pair, and what adds nodes to its graph. */
interface Draft {
  readonly experiment: Experiment;
  readonly node: NodeFunction;
  /** Adds the nodes of a further test set. */
  readonly within: (testSet: string) => NodeFunction;
}

/** A model, and the subwords that it was trained in. */
interface System {
  readonly model: Handle<"model">;
  readonly tokens: Handle<"tokenizer">;
}

/** The method. */
function distill(draft: Draft): void {
  const { experiment, node } = draft;
  const { seed, data, languages } = experiment;
  const { monolingual: _, ...cleaning } = experiment.corpus;

  const files = node(fetchStage, { config: { data, languages } });
  const own = node(corpusStage, {
    seed,
    config: { data, languages, corpus: cleaning, ...marking(experiment) },
    inputs: { files },
  });
  const further = sourceCorpora(draft);
  const corpus = further.length === 0 ? own : node(joinStage, {
    config: {
      markup: [cleaning, ...further.map(({ cleaning }) => cleaning)]
        .find(({ markup }) => markup !== undefined)?.markup,
    },
    inputs: {
      corpus: own,
      ...Object.fromEntries(
        further.map(({ language, corpus }) => [`corpus:${language}`, corpus]),
      ),
    },
  });
  const given = importedModel(draft, corpus);
  const { students: trimmedSize, ...vocabulary } = experiment.vocabulary;
  const tokens = node(tokenizeStage, {
    config: {
      ...vocabulary,
      ...further.length > 0 && { languages: languagesOfTokens(experiment) },
    },
    inputs: { corpus, imported: given?.extended },
  });
  const testSets = [
    { node, corpus: own },
    ...testSetsOf(draft, corpus),
    ...further,
  ];
  const withSentences = sentences(draft, testSets, { corpus: own, tokens });

  const teacher = given !== undefined && !isAdapted(experiment)
    ? given.imported
    : trainedTeacher(draft, {
      tokens,
      initial: given?.extended,
      trainingData: given && withSentences("teacher", {
        name: "imported",
        pairs: tokens,
        teacher: given.extended,
      }),
    });

  const { evaluate, compare } = evaluation(draft, testSets);
  const exported = exports(draft, own);
  const shortlist = shortlistOf(draft, undefined, tokens);
  evaluate("teacher", { model: teacher, tokens });
  exported("teacher", { model: teacher, tokens }, shortlist);
  if (given !== undefined && isAdapted(experiment)) {
    const { imported } = given;
    evaluate("imported", { model: imported, tokens: imported });
  }

  const studentVocabulary = trimmedSize ?? vocabularySize(experiment);
  const hyperparameters = hyperparameterNodes(
    node,
    Object.values(experiment.students),
  );
  for (const targets of ["references", "teacher"] as const) {
    const students = Object.entries(experiment.students)
      .filter(([, student]) => student.targets === targets);
    if (students.length === 0) continue;
    const name = targets === "references" ? undefined : "translations";
    const pairs = targets === "references"
      ? tokens
      : translations(draft, undefined, { teacher, tokens }, {
        maximumLength: experiment.vocabulary.maximumLength,
      });
    const trainingData = withSentences("students", { name, pairs, teacher });
    const whole = { teacher, tokens, trainingData };
    const trimmed = trimmedSize === undefined ? undefined : node(trimStage, {
      name,
      config: { size: trimmedSize },
      inputs: whole,
    });
    const learned = trimmed === undefined ? { ...whole, shortlist } : {
      ...{ teacher: trimmed, tokens: trimmed, trainingData: trimmed },
      shortlist: shortlistOf(draft, name ?? "trimmed", trimmed),
    };
    const shared = {
      ...{ experiment, vocabulary: studentVocabulary, learned, corpus },
      states: statesOf(draft, name, students, learned),
      hyperparameters,
    };
    const pruned = prunedTeachers(draft, name, students, learned);

    for (const [system, student] of students) {
      const { tokens } = learned;
      const start = pruned.get(student.model.feedForward);
      const trained = studentsOf(node, [system, student], shared, start);
      for (const { name, model } of trained) {
        evaluate(name, { model, tokens });
        exported(name, { model, tokens }, learned.shortlist);
      }
    }
  }
  compare();
}

/** Of a corpus whose sources begin with the token of their language, as there are several. */
function marking({ sourceLanguages }: Experiment) {
  return sourceLanguages && { isMarked: true as const };
}

/** The source languages, where there are several: each has a token. */
function languagesOfTokens({ languages, sourceLanguages }: Experiment) {
  return sourceLanguages &&
    [languages.source, ...Object.keys(sourceLanguages)];
}

/** The corpora of the further source languages, each a test set by the language's name too. */
function sourceCorpora({ experiment, within }: Draft) {
  const { seed, languages: { target }, sourceLanguages = {} } = experiment;
  const { monolingual: _, ...cleaning } = experiment.corpus;
  return Object.entries(sourceLanguages).map(([language, given]) => {
    const name = language.toLowerCase();
    const node = within(name);
    const { data = experiment.data, corpus: own = cleaning } = given;
    const languages = { source: language, target };
    const files = node(fetchStage, { config: { data, languages } });
    const corpus = node(corpusStage, {
      seed,
      config: { data, languages, corpus: own, ...marking(experiment) },
      inputs: { files },
    });
    return { name, language, node, corpus, cleaning: own };
  });
}

function isAdapted({ teacher }: Experiment): boolean {
  return teacher.adaptation !== undefined;
}

/** A public model that is the teacher, or what it is tuned from, with further characters. */
function importedModel(
  { experiment, node }: Draft,
  corpus: Handle<"train">,
) {
  const { import: from, model, adaptation } = experiment.teacher;
  if (from === undefined) return undefined;
  const release = typeof from === "object"
    ? node(fetchModelStage, { config: from })
    : undefined;
  const imported = node(importStage, {
    name: adaptation === undefined ? "teacher" : "imported",
    config: { from, model, vocabulary: experiment.vocabulary.size },
    inputs: { release },
  });
  const { characters = 0 } = adaptation ?? {};
  const extended = characters === 0 ? imported : node(extendStage, {
    config: { characters },
    inputs: { imported, corpus },
  });
  return { imported, extended };
}

/** A teacher that is trained, or tuned from a model `initial` and joined with it. */
function trainedTeacher(
  { experiment, node }: Draft,
  inputs: {
    readonly tokens: Handle<"train" | "validation" | "tokenizer">;
    readonly initial: Handle<"model"> | undefined;
    readonly trainingData: Handle<"train"> | undefined;
  },
): Handle<"model"> {
  const { seed, runtime, teacher } = experiment;
  const { tokenize, lowercase } = experiment.evaluation;
  const { model, training, adaptation } = teacher;
  const vocabulary = vocabularySize(experiment);
  const trained = node(teacherStage, {
    seed,
    config: {
      ...{ model, runtime, vocabulary, tokenize, lowercase },
      training: adaptation?.training ?? training,
    },
    inputs,
  });
  const { initial } = inputs;
  const { interpolation: share = 1 } = adaptation ?? {};
  return initial === undefined || share === 1
    ? trained
    : node(interpolateStage, {
      name: "teacher",
      config: { ...{ model, vocabulary }, share },
      inputs: { tuned: trained, initial },
    });
}

/** Subwords of the teacher. */
function vocabularySize({ vocabulary, teacher }: Experiment): number {
  return vocabulary.size + (teacher.adaptation?.characters ?? 0);
}

/** The teacher's translations of some sentences. */
function translations(
  { experiment, node }: Draft,
  name: string | undefined,
  inputs: {
    readonly teacher: Handle<"model">;
    readonly tokens: Handle<"train">;
  },
  limits: {
    readonly maximumLength?: number;
    readonly minimumScore?: number;
  } = {},
) {
  const { runtime, evaluation: { beam, lengthPenalty } } = experiment;
  const { placeholders } = experiment.vocabulary;
  return node(translationsStage, {
    name,
    config: {
      ...{ beam, lengthPenalty, ...limits, runtime, placeholders },
      languages: placeholders === undefined
        ? undefined
        : languagesOfTokens(experiment),
    },
    inputs,
  });
}

/** Adds text without translations, as a model translates it, to the pairs of those learners that are to have it. */
function sentences(
  draft: Draft,
  [, ...others]: readonly TestSet[],
  inputs: {
    readonly corpus: Handle<"train" | "validation" | "test">;
    readonly tokens: Handle<"tokenizer">;
  },
) {
  const { experiment, node } = draft;
  const { seed, languages: { source } } = experiment;
  const { maximumLength } = experiment.vocabulary;
  const { monolingual, minimumWords, maximumWords, markup } = experiment.corpus;
  const fetched = monolingual && fetchedMonolingual(monolingual);
  const files = fetched && node(fetchStage, {
    name: "monolingual",
    config: { data: fetched, languages: { source } },
  });
  const sentences = monolingual && node(monolingualStage, {
    seed,
    config: {
      text: monolingualText(monolingual),
      language: source,
      ...{ minimumWords, maximumWords, maximumLength, markup },
    },
    inputs: {
      ...inputs,
      files,
      ...Object.fromEntries(
        others.map(({ name, corpus }) => [`heldOut:${name}`, corpus]),
      ),
    },
  });
  return (
    learner: Learner,
    { name, pairs, teacher }: {
      readonly name: string | undefined;
      readonly pairs: Handle<"train">;
      readonly teacher: Handle<"model">;
    },
  ): Handle<"train"> => {
    if (sentences === undefined) return pairs;
    if (!learnsFrom(monolingual, learner)) return pairs;
    const { minimumScore } = monolingual ?? {};
    const translated = translations(
      draft,
      name === undefined ? "monolingual" : `monolingual-${name}`,
      { teacher, tokens: sentences },
      { maximumLength, minimumScore },
    );
    return node(mixtureStage, {
      name,
      config: {},
      inputs: { pairs, monolingual: translated },
    });
  };
}

/** Whether the teacher or the students learn from text without translations. */
function learnsFrom(
  monolingual: Monolingual | undefined,
  learner: Learner,
): boolean {
  return monolingual !== undefined &&
    (monolingual.learners?.includes(learner) ?? true);
}

/** The short-list of exported models in some subwords. */
function shortlistOf(
  { experiment, node }: Draft,
  name: string | undefined,
  tokens: Handle<"tokenizer" | "train">,
) {
  return experiment.shortlist && node(shortlistStage, {
    name,
    config: experiment.shortlist,
    inputs: { tokens },
  });
}

/** The teacher's signals that some students learn from, a node for each kind. */
function statesOf(
  { experiment, node }: Draft,
  name: string | undefined,
  students: readonly (readonly [string, TrainedStudent])[],
  { teacher, trainingData }: Learned,
): ReadonlyMap<SignalKind, Handle<"shards">> {
  const { runtime, teacher: { model } } = experiment;
  const used = students.flatMap(([, student]) => distillations(student));
  return new Map([...new Set(used.flatMap(recordedKinds))].map((kind) => {
    const ofKind = kind === "final" ? undefined : kind;
    const full = [name, ofKind].filter((part) => part !== undefined).join("-");
    return [
      kind,
      node(statesStage, {
        name: full === "" ? undefined : full,
        config: { signals: allSignals(kind, model), runtime },
        inputs: { teacher, tokens: trainingData },
      }),
    ];
  }));
}

/** The teacher with narrower feed-forward blocks, by their width, for students that begin as its layers. */
function prunedTeachers(
  { experiment, node }: Draft,
  name: string | undefined,
  students: readonly (readonly [string, TrainedStudent])[],
  { teacher, trainingData }: Learned,
): ReadonlyMap<number, Handle<"model">> {
  const { seed, runtime, teacher: { model } } = experiment;
  const narrower = students.map(([, student]) => student)
    .filter((student) => distillations(student).some(hasStart))
    .map((student) => student.model.feedForward)
    .filter((feedForward) => feedForward < model.feedForward);
  return new Map([...new Set(narrower)].map((feedForward) => [
    feedForward,
    node(pruneStage, {
      name: name === undefined ? `${feedForward}` : `${name}-${feedForward}`,
      seed,
      config: { feedForward, runtime },
      inputs: { teacher, trainingData },
    }),
  ]));
}

/** A test set, and what adds the nodes that are about it; the experiment's own has no name. */
interface TestSet {
  readonly name?: string;
  readonly node: NodeFunction;
  readonly corpus: Handle<"test">;
}

/** The test sets of the experiment beside that of its own corpus. */
function testSetsOf(
  { experiment, within }: Draft,
  trained: Handle<"train" | "validation">,
): TestSet[] {
  const { seed, languages } = experiment;
  return Object.entries(experiment.testSets).map(([name, set]) => {
    const node = within(name);
    const { data, corpus: cleaning } = set;
    if (data === undefined) {
      const inputs = { corpus: trained };
      const corpus = node(validationStage, { config: {}, inputs });
      return { name, node, corpus };
    }
    const config = {
      ...{ data, corpus: cleaning, languages, part: "test" as const },
      ...marking(experiment),
    };
    const files = node(fetchStage, { config: { data, languages } });
    const corpus = node(corpusStage, { seed, config, inputs: { files } });
    node(overlapStage, { config: {}, inputs: { corpus, trained } });
    return { name, node, corpus };
  });
}

/** Evaluates systems on all test sets, and compares those of each. */
function evaluation(
  { experiment }: Draft,
  testSets: readonly TestSet[],
) {
  const { evaluation, runtime } = experiment;
  const sets = testSets.map((set) => {
    const translated: Record<
      `system:${string}`,
      Handle<"hypotheses" | "statistics">
    > = {};
    return { ...set, translated };
  });
  return {
    evaluate: (name: string, system: System) => {
      for (const { node, corpus, translated } of sets) {
        translated[`system:${name}`] = node(evaluateStage, {
          name,
          config: { evaluation, runtime },
          inputs: { ...system, corpus },
        });
      }
    },
    compare: () => {
      for (const { name, node, translated } of sets) {
        node(compareStage, {
          config: { evaluation, testSet: name },
          inputs: translated,
        });
      }
    },
  };
}

/** Exports a system, with the data and the public model that it was made of in its card. */
function exports({ experiment, node }: Draft, corpus: Handle<"test">) {
  const { languages, data, evaluation, teacher } = experiment;
  const { monolingual } = experiment.corpus;
  const { import: from, licence } = teacher;
  const further = Object.entries(experiment.sourceLanguages ?? {}).map((
    [language, own],
  ) => ({ language, data: own.data ?? data }));
  const hasTeacherLearned = isAdapted(experiment) &&
    learnsFrom(monolingual, "teacher");
  return (
    name: string,
    system: System,
    shortlist: Handle<"shortlist"> | undefined,
  ) => {
    const hasLearned = monolingual !== undefined &&
      (hasTeacherLearned ||
        name !== "teacher" && learnsFrom(monolingual, "students"));
    node(exportStage, {
      name,
      config: {
        ...{ system: name, languages, data, evaluation },
        monolingual: hasLearned ? monolingualText(monolingual) : undefined,
        further: further.length === 0 ? undefined : further,
        imported: from === undefined
          ? undefined
          : { from, licence, isTuned: isAdapted(experiment) },
      },
      inputs: { ...system, corpus, shortlist },
    });
  };
}
