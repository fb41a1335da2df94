/** A terminal for tests of questions. */
import { unpainted } from "../../../cli/console/style.ts";

/** A terminal on which a user gives these answers, one after the other. */
export function terminal(answers: readonly string[]) {
  const left = [...answers], questions: string[] = [];
  let said = "", errors = "";
  return {
    questions,
    said: () => said,
    errors: () => errors,
    out: (text: string) => void (said += text),
    err: (text: string) => void (errors += text),
    draw: () => {},
    size: () => undefined,
    onResize: () => () => {},
    typed: (message: string) => message,
    paint: () => unpainted,
    now: () => 0,
    ask: (question: string) => {
      questions.push(question);
      return left.shift() ?? null;
    },
  };
}
