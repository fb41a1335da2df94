/** A part of the page that its script draws, out of data beside it and by what a reader chooses. */
import type { ViewData, ViewName } from "../view_data.ts";
import { type Markup, markup, type Part, trusted } from "./markup.ts";

interface Around {
  /** For links to it, which may make choices: `#id?field=value`. */
  readonly id?: string;
  readonly caption?: Part;
  /** Fields by name: their values are the reader's choices. */
  readonly choices?: Part;
}

export function view<Name extends ViewName>(
  name: Name,
  data: ViewData[Name],
  { id, caption, choices }: Around = {},
): Markup {
  return markup`<figure class="view"${
    id === undefined ? undefined : markup` id="${id}"`
  } data-view="${name}">${
    caption === undefined
      ? undefined
      : markup`<figcaption>${caption}</figcaption>`
  }${
    choices === undefined
      ? undefined
      : markup`<form class="choices" autocomplete="off">${choices}</form>`
  }<div class="drawn"></div><script type="application/json">${
    json(data)
  }</script></figure>`;
}

/** A field of one choice of few, all in sight. */
export function radios(
  title: string,
  name: string,
  options: Readonly<Record<string, string>>,
): Markup {
  return markup`<fieldset><legend>${title}</legend>${
    Object.entries(options).map(([value, text], i) =>
      markup`<label><input type="radio" name="${name}" value="${value}"${
        i === 0 ? markup` checked` : undefined
      }> ${text}</label>`
    )
  }</fieldset>`;
}

/** A field of one choice of many. */
export function select(
  title: string,
  name: string,
  options: readonly (readonly [value: string, text: string])[],
  chosen?: string,
): Markup {
  return markup`<label>${title} <select name="${name}">${
    options.map(([value, text]) =>
      markup`<option value="${value}"${
        value === chosen ? markup` selected` : undefined
      }>${text}</option>`
    )
  }</select></label>`;
}

/** JSON that does not end the element that it is in. */
function json(data: unknown): Markup {
  return trusted(JSON.stringify(data).replaceAll("<", "\\u003c"));
}
