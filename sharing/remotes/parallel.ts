/** Runs asynchronous work on many items, a limited number at once. */

/**
 * Calls `work` for every item. After an error no further item is begun; the error is thrown once the running ones have ended,
 * so that nothing still uses what the caller then closes.
 */
export async function inParallel<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const errors: unknown[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length && errors.length === 0) {
      try {
        await work(items[next++]);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  if (errors.length > 0) throw errors[0];
}
