/** Recipes: how a file of a data set is made from others. */
import type { Recipe } from "../../../schemas/descriptor.ts";
import { writeHelp } from "./help.ts";

/** Writes a file to a path out of files by language; what is wrong with those is an error that names the file. */
type Make = (
  paths: Readonly<Record<string, string>>,
  to: string,
) => Promise<void>;

export const RECIPES: Readonly<Record<Recipe, Make>> = {
  "help-pages": writeHelp,
};
