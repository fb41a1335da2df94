/** The page's colours: the system's, or those that its reader chose. It imports nothing, as it runs before the page is drawn. */
/// <reference lib="dom" />

const KEY = "ckd-web theme";

/** "light", "dark", or "auto" for the system's. */
export function storedTheme(): string {
  try {
    return localStorage.getItem(KEY) ?? "auto";
  } catch {
    // A browser may keep nothing for pages.
    return "auto";
  }
}

/** Shows the page in a theme from now on, and after it is loaded again. */
export function chooseTheme(theme: string): void {
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Then it is chosen until the page is left.
  }
}

document.documentElement.dataset.theme = storedTheme();
