/** Accepts connections; at the limit, or without free descriptors, closes the one that is idle longest. */
import { type Socket, socketOf } from "./socket.ts";

/** Descriptors that are kept for the rest of the process once they have run out. */
const SPARE = 16;

/** Milliseconds until closed connections have given their descriptors back. */
const PAUSE = 10;

export interface Connections {
  /** How many there may be: at first what was asked for, less once descriptors have run out. */
  readonly most: number;
  /** Until it is let go, the connection is not closed for another one. */
  hold(socket: Socket): void;
  letGo(socket: Socket): void;
  /** Accepts no more; closes those that are not in use, and after some seconds the rest. */
  close(seconds: number): Promise<void>;
}

/** Gives each connection of a listener to `use`; `isUsed` says whether a request of it is under way. */
export function acceptConnections(
  listener: Deno.TcpListener,
  limit: number,
  use: (socket: Socket) => void,
  isUsed: (socket: Socket) => boolean,
): Connections {
  // Both are in the order of last use.
  const open = new Set<Socket>(), held = new Set<Socket>();
  const emptied = Promise.withResolvers<void>();
  let most = limit, isClosed = false;

  const makeRoom = (count: number) => {
    for (const socket of open) {
      if (count === 0) return;
      if (held.has(socket)) continue;
      open.delete(socket);
      socket.destroy();
      count--;
    }
  };
  const add = (connection: Deno.TcpConn) => {
    if (open.size >= most) makeRoom(open.size - most + 1);
    if (open.size >= most) return connection.close();
    const socket = socketOf(connection);
    open.add(socket);
    socket.on("close", () => {
      open.delete(socket);
      held.delete(socket);
      if (isClosed && open.size === 0) emptied.resolve();
    });
    use(socket);
  };
  const accept = async () => {
    while (!isClosed) {
      try {
        add(await listener.accept());
      } catch (error) {
        if (isExhaustion(error)) {
          most = Math.max(1, Math.min(most, open.size - SPARE));
          makeRoom(open.size - most);
        }
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    }
  };
  void accept();

  return {
    get most() {
      return most;
    },
    hold: (socket) => {
      if (open.has(socket)) held.add(socket);
    },
    letGo: (socket) => {
      held.delete(socket);
      if (open.delete(socket)) open.add(socket);
    },
    close: async (seconds) => {
      isClosed = true;
      listener.close();
      for (const socket of open) if (!isUsed(socket)) socket.destroy();
      if (open.size === 0) return;
      const timer = setTimeout(() => {
        for (const socket of open) socket.destroy();
        emptied.resolve();
      }, seconds * 1000);
      await emptied.promise;
      clearTimeout(timer);
    },
  };
}

/** The process, or the machine, has no more descriptors. */
function isExhaustion(error: unknown): boolean {
  return error instanceof Error && "code" in error &&
    (error.code === "EMFILE" || error.code === "ENFILE");
}
