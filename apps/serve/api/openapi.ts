/** The OpenAPI 3.1 description of the API, generated from the schemas that check requests. */
import { z } from "zod";
import {
  Health,
  Refused,
  type ServeLimits,
  TranslateAnswer,
  TranslateLine,
  translateRequest,
} from "../../../schemas/http_api.ts";
import { LINES } from "./answer.ts";

const REFUSALS = {
  400: "no JSON, or not what is expected",
  405: "another method",
  413: "a body, a sentence or a list that is too large",
  415: "another type of content, or a compressed one",
  421: "a host by which the server is not known",
  429: "too much is waiting",
  500: "a defect of the server",
  503: "stopping, or not done in time",
} as const;

export interface Described {
  readonly system: string;
  readonly from: string;
  /** Its source languages, where it has several. */
  readonly sources?: readonly string[];
  readonly to: string;
  readonly beam: number;
}

export function openApi(
  { system, from, sources, to, beam }: Described,
  limits: ServeLimits,
) {
  const { timeout, maxBody, maxCharacters, maxWords } = limits;
  return {
    openapi: "3.1.0",
    info: {
      title: `Translation from ${sources?.join(", ") ?? from} to ${to}`,
      version: "1",
      description:
        `The model "${system}". A request has at most ${maxBody} bytes, a sentence ${maxWords} words and ${maxCharacters} characters; it is done within ${timeout} s or given up.`,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    paths: {
      "/translate": {
        post: {
          operationId: "translate",
          summary: "Translates a sentence or several",
          parameters: [{
            name: "stream",
            in: "query",
            required: false,
            allowEmptyValue: true,
            schema: { type: "string" },
            description:
              `Whatever its value, the answer is a line a sentence, as ${LINES} in the header accept.`,
          }],
          requestBody: {
            required: true,
            content: json(
              schemaOf(translateRequest(limits, beam, sources), "input"),
            ),
          },
          responses: {
            200: {
              description: "translations",
              content: {
                ...json(reference("TranslateAnswer")),
                [LINES]: { schema: reference("TranslateLine") },
              },
            },
            ...Object.fromEntries(
              Object.entries(REFUSALS).map(([status, description]) => [
                status,
                { description, content: json(reference("Refused")) },
              ]),
            ),
          },
        },
      },
      "/health": {
        get: {
          operationId: "health",
          summary: "Whether requests are taken, and what translates them",
          responses: {
            200: {
              description: "ready",
              content: json(reference("Health")),
            },
            503: {
              description: "stopping",
              content: json(reference("Health")),
            },
          },
        },
      },
      "/metrics": {
        get: {
          operationId: "metrics",
          summary: "Counts, times and gauges in Prometheus's text format",
          responses: {
            200: {
              description: "metrics",
              content: { "text/plain": { schema: { type: "string" } } },
            },
          },
        },
      },
      "/openapi.json": {
        get: {
          operationId: "description",
          summary: "This description",
          responses: {
            200: {
              description: "OpenAPI 3.1",
              content: json({ type: "object" }),
            },
          },
        },
      },
    },
    components: {
      schemas: {
        TranslateAnswer: schemaOf(TranslateAnswer, "output"),
        TranslateLine: schemaOf(TranslateLine, "output"),
        Refused: schemaOf(Refused, "output"),
        Health: schemaOf(Health, "output"),
      },
    },
  };
}

function schemaOf(schema: z.ZodType, io: "input" | "output"): object {
  const { $schema: _, ...own } = z.toJSONSchema(schema, { io });
  return own;
}

const json = (schema: object) => ({ "application/json": { schema } });

const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` });
