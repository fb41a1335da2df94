/** A host of static files that sets no headers and compresses nothing. */
import { contentType } from "@std/media-types";
import { extname, join } from "@std/path";

/** A server of a folder as any other: it knows types of files and nothing of isolation. */
export function plainHost(folder: string) {
  const asked: string[] = [];
  const held = new Map<string, Promise<void>>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async ({ url }) => {
      const path = new URL(url).pathname.replace(/\/$/, "/index.html");
      asked.push(path);
      await held.get(path);
      try {
        const bytes = await Deno.readFile(join(folder, path));
        const type = contentType(extname(path)) ?? "application/octet-stream";
        return new Response(bytes, { headers: { "content-type": type } });
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
        return new Response(null, { status: 404 });
      }
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    /** The paths that were asked for. */
    asked,
    /** Until when a path is not answered. */
    held,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
