/** Builds the translator that runs in a browser, and writes it to a folder or serves it until a signal. */
import { format } from "@std/fmt/bytes";
import type { Console } from "../console/console.ts";
import { EXIT } from "../exit.ts";
import type { ExportPrecision } from "../../schemas/exported_model.ts";
import { aborted, listen } from "../../apps/serve/http/listening.ts";
import { type Build, build } from "../../apps/web/build.ts";
import { RUNTIME } from "../../apps/web/page/site.ts";
import { writeBuild } from "../../apps/web/folder.ts";
import { startServer } from "../../apps/web/server.ts";

export interface WebOptions {
  readonly host: string;
  readonly port: number;
  readonly precision: ExportPrecision;
  /** The folder that it is written to; it is served unless given. */
  readonly out?: string;
  readonly json: boolean;
}

/** Builds the page for the exported models of some folders, and writes or serves it. */
export async function runTranslatorPage(
  console: Console,
  folders: readonly string[],
  { host, port, precision, out, json }: WebOptions,
  signal: AbortSignal,
): Promise<number> {
  const built = build(folders, precision);
  const print = (where: Readonly<Record<string, string>>, sentence: string) =>
    console.out(
      (json ? JSON.stringify({ ...where, ...figures(built) }) : sentence) +
        "\n",
    );
  if (out !== undefined) {
    writeBuild(out, built);
    print(
      { folder: out },
      `Wrote ${
        described(built)
      } to ${out}: any web server can serve it, at https:// or at localhost.`,
    );
    return EXIT.done;
  }
  const address = { host, port };
  const server = listen(address, () => startServer(built.files, address));
  print(
    { address: server.address },
    `Serving ${described(built)} at ${server.address}`,
  );
  await aborted(signal);
  await server.stop();
  return EXIT.done;
}

/** The contents of a build, in words. */
function described({ site, files }: Build): string {
  const { models } = site;
  const directions = new Set(
    models.map(({ languages: { source, target } }) => `${source} to ${target}`),
  );
  return `the translator (${[...directions].join(", ")}; ${
    [...new Set(models.map(({ system }) => system))].join(", ")
  }; ${models[0].precision}; ${
    format(files.reduce((sum, { bytes }) => sum + bytes, 0))
  })`;
}

/** The same in figures. */
function figures({ site: { models }, files }: Build) {
  const bytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const runtime = files.find(({ path }) => path === RUNTIME)?.bytes ?? 0;
  return {
    files: files.length,
    bytes,
    /** Without ONNX Runtime in WebAssembly. */
    bytesWithoutRuntime: bytes - runtime,
    models: models.map(({ id, system, languages, precision, bleu, graph }) => ({
      ...{ id, system, languages, precision, bleu },
      bytes: files.find(({ path }) => path === graph)?.bytes,
    })),
  };
}
