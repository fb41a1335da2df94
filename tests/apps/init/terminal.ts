/** A terminal for tests of questions. */
import { unpainted } from "../../../cli/console/style.ts";

/** A terminal on which a user gives these answers, one after the other. */
export function terminal(answers: readonly string[]) {
  const left = [...answers], questions: string[] = [];
  let said = "";
  return {
    questions,
    said: () => said,
    out: (text: string) => void (said += text),
    err: () => {},
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
