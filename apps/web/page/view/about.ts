/** Shows what the models of a direction were trained on, and what they may be used for. */
/// <reference lib="dom" />
import type { SiteModel } from "../site.ts";
import { element, itemOf } from "./element.ts";

export function showAbout(models: readonly SiteModel[]): void {
  const uses = new Set(models.map(({ use }) => use));
  const use = uses.has("research")
    ? "For research only: some of the text that these models were trained on may be used for nothing else."
    : uses.has("non-commercial")
    ? "Not for commercial use: some of the text that these models were trained on must not be used so."
    : "";
  element("use-of-models", HTMLElement).textContent = use;
  const licences = new Set(
    models.flatMap(({ licences }) =>
      licences.map(({ data, licence }) => `${data}: ${licence}`)
    ),
  );
  const listed = licences.size > 0
    ? [...licences]
    : ["files of their owner's, whose terms are not known here"];
  element("licences", HTMLElement).replaceChildren(
    ...listed.map((text) => itemOf(text)),
  );
  element("cards", HTMLElement).replaceChildren(
    ...models.map(({ system, card }) => {
      const link = document.createElement("a");
      link.href = card;
      link.textContent = `Model card of ${system}`;
      return itemOf(link);
    }),
  );
}
