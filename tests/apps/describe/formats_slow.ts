/** A real run is described in each format, and public tools read it and find what is wrong with it. */
import { findPython } from "../../fixtures/python.ts";
import {
  copyOf,
  type Trained,
  trainedExperiment,
} from "../../fixtures/trained.ts";
import { checkCard, readCard } from "./card.ts";
import { checkCrate, validateCrate } from "./crate.ts";
import { checkCroissant, loadCroissant } from "./croissant.ts";
import { checkStatement, readStatement } from "./statement.ts";

/** A step with the Python that has some modules, or one that is not run and says what is missing. */
function checkedBy(
  modules: string,
  name: string,
  check: (run: Trained, python: string) => Promise<void>,
) {
  const { python, missing } = findPython(modules);
  return {
    name: `${name}${missing ?? ""}`,
    ignore: missing !== undefined,
    check: (run: Trained) => check(run, python),
  };
}

const step = (name: string, check: (run: Trained) => Promise<void>) => ({
  name,
  ignore: false,
  check,
});

const STEPS = [
  step("a crate has copies of what was asked for, by hash", checkCrate),
  checkedBy(
    "rocrate_validator, rocrate",
    "roc-validator finds a crate right, and finds what is taken out of it",
    validateCrate,
  ),
  step(
    "a statement names what was built, and all that it was built of",
    checkStatement,
  ),
  checkedBy(
    "in_toto_attestation, securesystemslib",
    "in-toto reads a statement, and its signature holds for its bytes and key only",
    readStatement,
  ),
  step(
    "a data set's description has its files, licence and citation",
    checkCroissant,
  ),
  checkedBy(
    "mlcroissant",
    "mlcroissant loads every sentence pair of each data set, as it was",
    loadCroissant,
  ),
  step(
    "a model card tells data, licences, restriction, teacher and scores",
    checkCard,
  ),
  checkedBy(
    "huggingface_hub",
    "huggingface_hub reads a card's metadata and scores",
    readCard,
  ),
];

Deno.test("a run is described in each format, and public tools read it", async (t) => {
  using run = copyOf(await trainedExperiment());
  for (const { name, ignore, check } of STEPS) {
    await t.step({ name, ignore, fn: () => check(run) });
  }
});
