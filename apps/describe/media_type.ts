/** The media type of a file, from its name. */
import { extname } from "@std/path";

const TYPES: Readonly<Record<string, string>> = {
  ".deb": "application/vnd.debian.binary-package",
  ".gz": "application/gzip",
  ".json": "application/json",
  ".md": "text/markdown",
  ".onnx": "application/onnx",
  ".safetensors": "application/vnd.safetensors",
  ".tar": "application/x-tar",
  ".tgz": "application/gzip",
  ".tsv": "text/tab-separated-values",
  ".txt": "text/plain",
};

export function mediaTypeOf(name: string): string {
  return TYPES[extname(name)] ?? "application/octet-stream";
}
