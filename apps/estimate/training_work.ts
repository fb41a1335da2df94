/** What a node trains, with the sizes of its corpus as far as they are known. */
import type { Steps } from "../../engine/graph/estimate.ts";
import type { TrainingWork } from "./arithmetic.ts";
import { heldOutSize, trainingSize } from "./corpus_size.ts";
import { corpusOf, trainingOf } from "./nodes.ts";
import { readSize } from "./read_size.ts";

/** Undefined for a node that trains nothing. */
export function trainingWork(
  nodes: Steps,
  recorded: Steps,
  name: string,
): TrainingWork | undefined {
  const training = trainingOf(nodes, nodes.get(name));
  const corpus = corpusOf(nodes, name);
  const train = corpus && trainingSize(nodes, recorded, corpus);
  const validation = corpus && train &&
    heldOutSize(nodes, "validation", corpus, train);
  const read = train && readSize(nodes, recorded, name, train);
  return training && { ...training, train: read, validation };
}
