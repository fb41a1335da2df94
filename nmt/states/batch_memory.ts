/** Memory for the tensors of one batch after the other. */

export interface Memory {
  /** So many bytes for a name, of whatever content; those that were taken for it before are overwritten. */
  take(name: string, bytes: number): Uint8Array<ArrayBuffer>;
}

/** Memory that is asked of the system once and not for every batch, which costs more than what is done with it. */
export function reusedMemory(): Memory {
  const held = new Map<string, ArrayBuffer>();
  return {
    take: (name, bytes) => {
      let buffer = held.get(name);
      if (buffer === undefined || buffer.byteLength < bytes) {
        buffer = new ArrayBuffer(bytes + (bytes >> 3));
        held.set(name, buffer);
      }
      return new Uint8Array(buffer, 0, bytes);
    },
  };
}
