/** What a new experiment is about: by the options of `init`, and by the answers to what they leave open. */
import type { Console } from "../console/console.ts";
import { Data } from "../../schemas/experiment/data.ts";
import { Language } from "../../schemas/language.ts";
import { inputError, parse, suggestion } from "../../base/input_error.ts";
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

/** What the options say; the user is asked for the rest. */
export function subjectOf(
  console: Console,
  options: InitOptions,
): Subject & { readonly model?: PublicModel } {
  const answer = (given: string | undefined, flag: string, question: string) =>
    given ?? asked(console, options, flag, question);
  const train = filesOf(options, answer);
  const model = modelOf(console, options);
  const known = model?.descriptor?.languages;
  const source = answer(
    options.from ?? known?.source,
    "--from",
    "Language of the sources:",
  );
  const target = answer(
    options.to ?? known?.target,
    "--to",
    "Language of the targets:",
  );
  if (source === target) {
    throw inputError(
      `Cannot translate "${source}" to itself: --from and --to name the same language.`,
    );
  }
  const licence = corpusLicence(console, options);
  return {
    data: parse(Data, { train, licence }, "the corpus"),
    languages: {
      source: parse(Language, source, "--from"),
      target: parse(Language, target, "--to"),
    },
    size: sizeOf(options.size ?? SIZES[0]),
    seed: SEED,
    model,
  };
}

/** The licence of the corpus, which a user may leave open. */
function corpusLicence(
  console: Console,
  { licence, yes }: InitOptions,
): string | undefined {
  const given = licence ??
    (yes ? undefined : console.ask(LICENCE_QUESTION)?.trim());
  if (given === undefined || given === "") return undefined;
  checkLicence(given);
  return given;
}

const LICENCE_QUESTION =
  "Licence of the corpus, such as CC-BY-4.0 (empty: not recorded):";

/** The public model that is named; a user who gave no options is asked for one. */
function modelOf(
  console: Console,
  { yes, ...options }: InitOptions,
): PublicModel | undefined {
  const isGuided = !yes &&
    Object.values(options).every((value) => value === undefined);
  const answer = isGuided ? console.ask(MODEL_QUESTION)?.trim() : undefined;
  const name = options.model ?? (answer === "" ? undefined : answer);
  if (name !== undefined) return publicModel(name);
  if (options.modelLicence === undefined) return undefined;
  throw inputError(
    "Cannot use --model-licence without --model; --licence is that of the corpus.",
  );
}

const MODEL_QUESTION =
  "Public model to start from, a folder or a name of data/models (empty: none):";

type Answer = (
  given: string | undefined,
  flag: string,
  question: string,
) => string;

function filesOf(
  { pairs, source, target }: InitOptions,
  answer: Answer,
): Data["train"] {
  const isSides = source !== undefined || target !== undefined;
  if (pairs !== undefined && isSides) {
    throw inputError(
      "Cannot use --pairs beside --source and --target; give the corpus one way.",
    );
  }
  if (isSides) {
    return {
      source: answer(source, "--source", "File of source sentences:"),
      target: answer(target, "--target", "File of target sentences:"),
    };
  }
  const first = answer(
    pairs,
    "--pairs, or --source and --target",
    "Corpus: a file of pairs (.tsv, .csv, .jsonl, .tmx, .po, .mo, .zip), or the file of source sentences:",
  );
  return pairs !== undefined || isPairs(first) ? first : {
    source: first,
    target: answer(
      undefined,
      "--target",
      "File of their translations, line by line:",
    ),
  };
}

/** The user's answer; an input error if nobody can be asked or there is no answer. */
function asked(
  console: Console,
  { yes }: InitOptions,
  flag: string,
  question: string,
): string {
  const answer = yes ? null : console.ask(question);
  if (answer !== null && answer.trim() !== "") return answer.trim();
  throw inputError(`Cannot set up an experiment: ${flag} is missing.`);
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
