/** The buttons below the typed text, and how many characters it has. */
/// <reference lib="dom" />
import { element } from "./element.ts";
import { exampleAfter } from "./examples.ts";
import { textOfFile } from "./files.ts";

/** Wires the buttons of a field; `link` gives the address that opens the page with its text, if there is one. */
export function createTools(
  field: HTMLTextAreaElement,
  link: () => string | undefined,
): { /** The language is another, or so is the text. */ show(): void } {
  const button = (id: string) => element(id, HTMLButtonElement);
  const file = element("file", HTMLInputElement);
  const said = element("said", HTMLElement);
  const example = button("example");
  const changed = () => field.dispatchEvent(new Event("input"));
  const write = (text: string) => {
    field.value = text;
    changed();
  };
  /** Says what became of a press on a button. */
  const when = (
    id: string,
    press: () => Promise<string | undefined> | string | undefined,
  ) =>
    button(id).addEventListener("click", async () => {
      try {
        said.textContent = await press() ?? "";
      } catch (error) {
        said.textContent = error instanceof Error
          ? error.message
          : String(error);
      }
    });

  when("paste", async () => {
    field.setRangeText(
      await allowed(() => navigator.clipboard.readText(), "paste", "Ctrl+V"),
      field.selectionStart,
      field.selectionEnd,
      "end",
    );
    changed();
    return undefined;
  });
  when("clear", () => {
    write("");
    field.focus();
    return undefined;
  });
  when("example", () => {
    write(exampleAfter(field.value, field.lang) ?? field.value);
    return undefined;
  });
  when("open", () => {
    file.click();
    return undefined;
  });
  when("link", async () => {
    const address = link();
    if (address === undefined) {
      throw new Error("Cannot make a link: the text is too long for one.");
    }
    await copy(address);
    return "A link to this text is copied: whoever opens it sends the text to this page's host.";
  });
  file.addEventListener("change", async () => {
    const [chosen] = file.files ?? [];
    if (chosen === undefined) return;
    try {
      write(await textOfFile(chosen));
      said.textContent = "";
    } catch (error) {
      said.textContent = error instanceof Error ? error.message : String(error);
    }
    // The same file can be chosen again.
    file.value = "";
  });
  const show = () => {
    const { length } = [...field.value];
    element("count", HTMLElement).textContent = `${length.toLocaleString()} ${
      length === 1 ? "character" : "characters"
    }`;
    example.hidden = exampleAfter("", field.lang) === undefined;
  };
  field.addEventListener("input", show);
  return { show };
}

/** Copies a text; an error of one sentence where the browser does not allow it. */
export function copy(text: string): Promise<void> {
  return allowed(() => navigator.clipboard.writeText(text), "copy", "Ctrl+C");
}

async function allowed<Result>(
  act: () => Promise<Result>,
  what: string,
  keys: string,
): Promise<Result> {
  try {
    return await act();
  } catch {
    throw new Error(
      `Cannot ${what} here: the browser does not allow it; press ${keys}.`,
    );
  }
}
