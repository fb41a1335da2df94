/** Requests and responses of the HTTP API, and its limits. */
import { z } from "zod";
import { Languages } from "./experiment/data.ts";
import { EXPORT_PRECISIONS } from "./exported_model.ts";
import { languageAmong } from "./language.ts";

const count = z.int().min(1);

/** What a server takes on at most; beyond that it refuses. */
export const ServeLimits = z.strictObject({
  /** Bytes of a request's body. */
  maxBody: count.default(1_000_000),
  /** Sentences of a request. */
  maxSentences: count.default(256),
  /** Words of a sentence. */
  maxWords: count.default(256),
  /** Characters of a sentence, in units of UTF-16. */
  maxCharacters: count.default(10_000),
  maxBeam: count.max(64).default(10),
  /** Sentences that wait for their turn, of all requests. */
  queue: count.default(1024),
  /** Requests that are under way at once, their bodies being read or their sentences translated. */
  requests: count.default(256),
  /** Connections that are open at once; for one more, the longest idle is closed. */
  connections: count.default(512),
  /** Seconds that a request may take, and that a stop waits for those under way. */
  timeout: count.max(86_400).default(60),
}).refine(({ queue, maxSentences }) => queue >= maxSentences, {
  path: ["queue"],
  message: "expected at least maxSentences, or no request of so many fits",
});
export type ServeLimits = z.infer<typeof ServeLimits>;

/** The body of `POST /translate`, by a model that was measured with a beam, and has these source languages if several. */
export function translateRequest(
  limits: ServeLimits,
  beam: number,
  sources: readonly string[] = [],
) {
  const { maxBeam, maxSentences } = limits;
  const expected = `expected the language of the text, one of ${
    sources.join(", ")
  }`;
  const from = z.string(expected).meta({
    description: "The language of the text.",
    examples: sources,
  }).transform((given, context) => {
    const language = languageAmong(given, sources);
    if (language !== undefined) return language;
    context.addIssue({
      code: "custom",
      message: `${expected}, found ${JSON.stringify(given.slice(0, 40))}`,
    });
    return z.NEVER;
  });
  return z.strictObject({
    ...sources.length > 0 && { from },
    text: z.union([z.string(), z.array(z.string()).min(1).max(maxSentences)])
      .meta({
        description: "A sentence, or several: each is translated by itself.",
      }),
    beam: z.int().min(1).max(maxBeam).default(beam).meta({
      description: "Hypotheses kept a sentence; 1 is greedy search.",
    }),
    alternatives: z.int().min(1).max(maxBeam).optional().meta({
      description:
        "How many of the best translations are wanted, at most the beam.",
    }),
  }).refine(
    ({ beam, alternatives = 1 }) => alternatives <= beam,
    { path: ["alternatives"], message: "expected no more than the beam" },
  );
}
export type TranslateRequest = z.infer<ReturnType<typeof translateRequest>>;

const Scored = z.strictObject({
  text: z.string(),
  score: z.number().meta({ description: "log p of the translation." }),
});
export type Scored = z.infer<typeof Scored>;

export const Translation = z.strictObject({
  ...Scored.shape,
  lost: z.array(z.string()).optional().meta({
    description:
      "Placeholders of the sentence that its translation lacks, if the model masks them and any is lost.",
  }),
  alternatives: z.array(Scored).optional().meta({
    description: "The best first, which is the translation itself.",
  }),
});
export type Translation = z.infer<typeof Translation>;

export const TranslateAnswer = z.strictObject({
  translations: z.array(Translation).meta({
    description: "One a sentence, in the order of the request.",
  }),
});
export type TranslateAnswer = z.infer<typeof TranslateAnswer>;

export const Refused = z.strictObject({
  error: z.string().meta({ description: "One sentence." }),
});
export type Refused = z.infer<typeof Refused>;

/** A line of a stream; where something fails midway, the last line says what. */
export const TranslateLine = z.union([
  z.strictObject({
    index: z.int().min(0).meta({
      description: "Which sentence of the request it is, from 0.",
    }),
    ...Translation.shape,
  }),
  Refused,
]);
export type TranslateLine = z.infer<typeof TranslateLine>;

export const Health = z.strictObject({
  status: z.enum(["ready", "stopping"]),
  system: z.string(),
  languages: Languages,
  precision: z.enum(EXPORT_PRECISIONS),
  /** Sentences that wait for their turn. */
  waiting: z.int().min(0),
  /** Seconds since the server is there. */
  seconds: z.number().min(0),
});
export type Health = z.infer<typeof Health>;
