/** Sends a message to a worker and awaits its one answer. */

/** What a worker answers where it could not do what it was asked. */
export interface Refusal {
  readonly error: string;
}

/** The answer; an error where the worker refused, or fell over. One question at a time. */
export async function ask<Answer extends object>(
  worker: Worker,
  question: unknown,
  transfer: Transferable[] = [],
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<
    Answer | Refusal
  >();
  worker.onmessage = ({ data }: MessageEvent<Answer | Refusal>) =>
    resolve(data);
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(event.message));
  };
  worker.postMessage(question, transfer);
  const answer = await promise;
  if (isRefusal(answer)) throw new Error(answer.error);
  return answer;
}

function isRefusal(answer: object): answer is Refusal {
  return "error" in answer;
}
