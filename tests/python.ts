/** Finds a Python that has a module, for tests that compare with what users have installed. */

/** An interpreter, or in the words of a test's title what is missing and how to get it. */
export interface Found {
  readonly python: string;
  readonly missing: string | undefined;
}

/**
 * The interpreter named by the environment variable `MODULE_PYTHON`, else `python3`, if it has the module; `part` is what
 * of it is needed, `packages` is what pip calls that.
 */
export function findPython(
  module: string,
  { part = module, packages = `${module} numpy` } = {},
): Found {
  const variable = `${module.toUpperCase()}_PYTHON`;
  const python = Deno.env.get(variable) ?? "python3";
  const missing = ` [not run: "${python}" has no ${part}; ` +
    `"pip install ${packages}", then set ${variable} to that Python]`;
  try {
    const args = ["-c", `import ${part}`];
    const { success } = new Deno.Command(python, { args }).outputSync();
    return { python, missing: success ? undefined : missing };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { python, missing };
  }
}

/** Runs a script with JSON on standard input; its standard output, parsed. */
export function runPython(
  python: string,
  script: string,
  input: unknown,
): Promise<unknown> {
  return runWithJson(python, ["-c", script], input);
}

/** The same with any program. */
export async function runWithJson(
  program: string,
  args: readonly string[],
  input: unknown,
): Promise<unknown> {
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  const written = writer.write(new TextEncoder().encode(JSON.stringify(input)))
    .then(() => writer.close());
  const [{ success, stdout }] = await Promise.all([child.output(), written]);
  if (!success) throw new Error(`The script failed in ${program}.`);
  return JSON.parse(new TextDecoder().decode(stdout));
}
