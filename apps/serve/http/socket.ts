/** Adapts a connection of Deno to the stream that node:http reads and writes. */
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";

/** Bytes that are read at once. */
const CHUNK = 1 << 14;

/** Milliseconds in which a client may read its last answer before its unread bytes end the connection. */
const LINGER = 2000;

/** What node:http uses of a socket. */
export interface Socket extends Duplex {
  /** Emits `timeout` when nothing was read or written for so many milliseconds; 0 is never. */
  setTimeout(milliseconds: number): this;
  /** Ends the connection once what was written has been sent. */
  destroySoon(): void;
}

type Timer = ReturnType<typeof setTimeout>;

export function socketOf(connection: Deno.TcpConn): Socket {
  let limit = 0;
  let timer: Timer | undefined, lingering: Timer | undefined;
  const touch = () => {
    clearTimeout(timer);
    if (limit === 0) return;
    timer = setTimeout(() => socket.emit("timeout"), limit);
  };
  const duplex = new Duplex({
    read() {
      const bytes = new Uint8Array(CHUNK);
      connection.read(bytes).then((count) => {
        touch();
        this.push(
          count === null ? null : Buffer.from(bytes.buffer, 0, count),
        );
      }, (error) => this.destroy(error));
    },
    write(bytes: Uint8Array, _encoding, done) {
      writeAll(connection, bytes, touch).then(() => done(), done);
    },
    final(done) {
      connection.closeWrite().then(() => done(), () => done());
    },
    destroy(error, done) {
      limit = 0;
      touch();
      clearTimeout(lingering);
      connection.close();
      done(error);
    },
  });
  const socket: Socket = Object.assign(duplex, {
    setTimeout: (milliseconds: number) => {
      limit = milliseconds;
      touch();
      return socket;
    },
    // Closed with bytes that nobody has read, TCP would take the answer back: they are read, and thrown away.
    destroySoon: () => {
      if (lingering !== undefined || duplex.destroyed) return;
      lingering = setTimeout(() => duplex.destroy(), LINGER);
      duplex.removeAllListeners("data");
      duplex.on("end", () => duplex.destroy());
      duplex.end();
      duplex.resume();
    },
  });
  connection.setNoDelay();
  // The server hears of a connection's end by its `close`.
  duplex.on("error", () => {});
  return socket;
}

async function writeAll(
  connection: Deno.TcpConn,
  bytes: Uint8Array,
  touch: () => void,
): Promise<void> {
  for (let start = 0; start < bytes.length;) {
    start += await connection.write(bytes.subarray(start));
    touch();
  }
}
