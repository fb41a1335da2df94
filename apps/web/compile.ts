/** Compiles the page's TypeScript for browsers and points its imports to files of the build. */
import ts from "typescript";

/** The JavaScript of a module; `place` gives the address of what it imports. */
export function compiled(
  source: string,
  path: string,
  place: (specifier: string) => string,
): string {
  const { outputText, diagnostics = [] } = ts.transpileModule(source, {
    fileName: path,
    reportDiagnostics: true,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      isolatedModules: true,
      verbatimModuleSyntax: true,
      removeComments: true,
    },
    transformers: { after: [placed(place)] },
  });
  if (diagnostics.length > 0) {
    const [{ messageText }] = diagnostics;
    throw new Error(
      `Cannot compile ${path}: ${
        ts.flattenDiagnosticMessageText(messageText, " ")
      }`,
    );
  }
  return outputText;
}

function placed(
  place: (specifier: string) => string,
): ts.TransformerFactory<ts.SourceFile> {
  return ({ factory }) => (file) =>
    factory.updateSourceFile(
      file,
      file.statements.map((statement) =>
        ts.isImportDeclaration(statement) &&
          ts.isStringLiteral(statement.moduleSpecifier)
          ? factory.updateImportDeclaration(
            statement,
            statement.modifiers,
            statement.importClause,
            factory.createStringLiteral(place(statement.moduleSpecifier.text)),
            statement.attributes,
          )
          : statement
      ),
    );
}
