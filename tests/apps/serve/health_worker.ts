/** A worker that asks for the health of a server all the time, and tells the longest time of an answer. */
/// <reference lib="deno.worker" />

let isDone = false;

self.onmessage = async ({ data: url }: MessageEvent<string>) => {
  if (url === "") {
    isDone = true;
    return;
  }
  let longest = 0;
  while (!isDone) {
    const begin = performance.now();
    const response = await fetch(`${url}/health`);
    await response.body?.cancel();
    longest = Math.max(longest, performance.now() - begin);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  self.postMessage(longest);
};
