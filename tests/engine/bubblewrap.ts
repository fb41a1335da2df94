/** Whether tests can use `--sandbox` here. */
import { checkBubblewrap } from "../../engine/bubblewrap.ts";
import { isInputError } from "../../schemas/errors.ts";

/** Why not, for the title of a test that is skipped; empty where they can. */
export const bubblewrapMissing = await checkBubblewrap().then(
  () => "",
  (error) => {
    if (isInputError(error)) return ` (skipped: ${error.message})`;
    throw error;
  },
);
