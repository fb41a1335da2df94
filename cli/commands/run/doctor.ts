/** The command `doctor`: what this machine can use, and how to get what is missing. */
import { command } from "../../command.ts";
import { fitted } from "../../console/console.ts";
import { EXIT } from "../../exit.ts";
import { artifactFolder } from "../../experiment.ts";
import { load } from "../../load.ts";
import { artifacts, json } from "../../options.ts";

export default command({
  name: "doctor",
  group: "run",
  summary: "what this machine can use, what is missing, how to get it",
  needsPipeline: false,
  options: { artifacts, json },
  examples: [["", "what is there, what is missing, how to get it"]],
  run: async ({ console }, { artifacts, json }) => {
    const { examine, findings } = await load<
      typeof import("../../../apps/doctor/doctor.ts")
    >(import.meta.resolve("../../../apps/doctor/doctor.ts"));
    const found = await examine(artifactFolder(artifacts));
    console.out(
      (json ? JSON.stringify(found) : console.typed(
        findings(found, (text, indent) => fitted(console, text, indent)),
      )) + "\n",
    );
    return found.ready ? EXIT.done : EXIT.failed;
  },
});
