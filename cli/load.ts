/**
 * Loads a module when it is needed: a literal specifier, in `import()` too, is read at the start with all that it
 * imports. Called as `load<typeof import(PATH)>(import.meta.resolve(PATH))`.
 */
export function load<Module>(url: string): Promise<Module> {
  return import(url);
}
