/** The command `completion`: prints the script with which a shell completes the tasks of this project. */
import { type Argument, command } from "../../command.ts";
import {
  completionScript,
  type Shell,
  SHELLS,
} from "../../completion/shells.ts";
import { EXIT } from "../../exit.ts";
import { TASK_COMMANDS } from "../index.ts";

const shell: Argument<Shell> = {
  placeholder: "<shell>",
  summary: "its name",
  choices: SHELLS,
};

export default command({
  name: "completion",
  group: "run",
  summary: "a script that makes a shell complete these commands",
  needsPipeline: false,
  arguments: { shell },
  options: {},
  examples: [
    ["bash >> ~/.bashrc", "Tab completes commands, options and nodes"],
    ["zsh >> ~/.zshrc", "the same in zsh"],
    ["fish > ~/.config/fish/conf.d/ckd.fish", "the same in fish"],
  ],
  run: ({ console }, { shell }) => {
    console.out(completionScript(shell, ["pipeline", ...TASK_COMMANDS.keys()]));
    return EXIT.done;
  },
});
