/** What a new experiment is about: by the options of `init`, and by the answers to what they leave open. */
import type { Console } from "../console/console.ts";
import { printError } from "../exit.ts";
import { Data, type ParallelFiles } from "../../schemas/experiment/data.ts";
import { Language } from "../../schemas/language.ts";
import {
  inputError,
  isInputError,
  parse,
  suggestion,
} from "../../base/input_error.ts";
import { checkReadable } from "../../nmt/text/formats/lines.ts";
import { isPairs } from "../../nmt/text/formats/pairs/pairs.ts";
import { checkLicence } from "../../nmt/text/descriptors/licences.ts";
import { type Size, SIZES } from "../../apps/init/plans.ts";
import { type PublicModel, publicModel } from "../../apps/public_model.ts";
import type { Subject } from "../../apps/init/subject.ts";

export interface InitOptions {
  readonly source?: string;
  readonly target?: string;
  readonly pairs?: string;
  readonly from?: string;
  readonly to?: string;
  readonly size?: string;
  /** The folder of a public model, or its descriptor. */
  readonly model?: string;
  /** Its terms. */
  readonly modelLicence?: string;
  /** The licence of the corpus. */
  readonly licence?: string;
  readonly yes: boolean;
}

/** The seed of a new experiment; `seeds` in it adds others. */
const SEED = 1;

/** What the options say; the user is asked for the rest, and again where an answer cannot be used. */
export function subjectOf(
  console: Console,
  options: InitOptions,
): Subject & { readonly model?: PublicModel } {
  const { from, to, yes, ...given } = options;
  // What is wrong with an option is said before the first question.
  const size = sizeOf(given.size ?? SIZES[0]);
  for (const flag of ["from", "to"] as const) {
    const code = options[flag];
    if (code !== undefined) parse(Language, code, `--${flag}`);
  }
  if (given.licence !== undefined) checkLicence(given.licence);
  checkOneWay(options);
  const ask: Ask = (text, flag, question, judge) =>
    text === undefined
      ? asked(console, yes, flag, question, judge)
      : judge(text);
  const train = filesOf(options, ask);
  const model = modelOf(console, options);
  const known = model?.descriptor?.languages;
  const source = ask(
    from ?? known?.source,
    "--from",
    "Language of the sources:",
    (text) => unlike(to, parse(Language, text, "--from")),
  );
  const target = ask(
    to ?? known?.target,
    "--to",
    "Language of the targets:",
    (text) => unlike(source, parse(Language, text, "--to")),
  );
  const licence = corpusLicence(console, options);
  return {
    data: { ...parse(Data, { train, licence }, "the corpus"), train },
    languages: { source, target },
    size,
    seed: SEED,
    model,
  };
}

/** A language that is not the one of the other side. */
function unlike(other: string | undefined, language: string): string {
  if (language !== other) return language;
  throw inputError(
    `Cannot translate "${language}" to itself: --from and --to name the same language.`,
  );
}

/** The licence of the corpus, which a user may leave open. */
function corpusLicence(
  console: Console,
  { licence, yes }: InitOptions,
): string | undefined {
  if (licence !== undefined || yes) return licence;
  return judged(console, LICENCE_QUESTION, (text) => {
    if (text === "") return undefined;
    checkLicence(text);
    return text;
  });
}

const LICENCE_QUESTION =
  "Licence of the corpus, such as CC-BY-4.0 (empty: not recorded):";

/** The public model that is named; a user who gave no options is asked for one. */
function modelOf(
  console: Console,
  { yes, ...options }: InitOptions,
): PublicModel | undefined {
  const { model, modelLicence } = options;
  if (model !== undefined) return publicModel(model);
  const isGuided = !yes &&
    Object.values(options).every((value) => value === undefined);
  if (isGuided) {
    return judged(
      console,
      MODEL_QUESTION,
      (text) => text === "" ? undefined : publicModel(text),
    );
  }
  if (modelLicence === undefined) return undefined;
  throw inputError(
    "Cannot use --model-licence without --model; --licence is that of the corpus.",
  );
}

const MODEL_QUESTION =
  "Public model to start from, a folder or a name of data/models (empty: none):";

/** What is made of a text that may be given: `judge` throws an input error where it cannot be used. */
type Ask = <Value>(
  text: string | undefined,
  flag: string,
  question: string,
  judge: (text: string) => Value,
) => Value;

function checkOneWay({ pairs, source, target }: InitOptions): void {
  if (pairs === undefined || (source ?? target) === undefined) return;
  throw inputError(
    "Cannot use --pairs beside --source and --target; give the corpus one way.",
  );
}

function filesOf(
  { pairs, source, target }: InitOptions,
  ask: Ask,
): ParallelFiles {
  if (source !== undefined || target !== undefined) {
    return {
      source: ask(source, "--source", "File of source sentences:", readable),
      target: ask(target, "--target", "File of target sentences:", readable),
    };
  }
  const first = ask(
    pairs,
    "--pairs, or --source and --target",
    "Corpus: a file of pairs (.tsv, .csv, .jsonl, .tmx, .po, .mo, .zip), or the file of source sentences:",
    readable,
  );
  return pairs !== undefined || isPairs(first) ? first : {
    source: first,
    target: ask(
      undefined,
      "--target",
      "File of their translations, line by line:",
      readable,
    ),
  };
}

function readable(path: string): string {
  checkReadable([path]);
  return path;
}

/** The user's answer as `judge` has it; an input error if nobody can be asked. */
function asked<Value>(
  console: Console,
  yes: boolean,
  flag: string,
  question: string,
  judge: (text: string) => Value,
): Value {
  const missing = () =>
    inputError(`Cannot set up an experiment: ${flag} is missing.`);
  const value = yes ? undefined : judged(console, question, (text) => {
    if (text === "") throw missing();
    return judge(text);
  });
  if (value === undefined) throw missing();
  return value;
}

/** What a judge makes of the user's answer; the user is told what is wrong with one, and asked again. Undefined where nobody answers. */
function judged<Value>(
  console: Console,
  question: string,
  judge: (answer: string) => Value,
): Value | undefined {
  for (;;) {
    const answer = console.ask(question);
    if (answer === null) return undefined;
    try {
      return judge(answer.trim());
    } catch (error) {
      if (!isInputError(error)) throw error;
      printError(console, error.message);
    }
  }
}

function sizeOf(text: string): Size {
  const size = SIZES.find((size) => size === text);
  if (size !== undefined) return size;
  throw inputError(
    `Cannot use --size "${text}"${
      suggestion(text, SIZES).replace("?", "") ||
      `; expected ${SIZES.join(" or ")}`
    }.`,
  );
}
