/** Hashes a source module by its tokens, without comments, formatting and types, and lists its imports. */
import ts from "typescript";
import { sha256 } from "../files/hash.ts";
import type { Module, Reference } from "./stat_index.ts";

/**
 * TypeScript's emit removes types and comments; hashing the tokens one by one removes formatting. A comma before a closing
 * bracket is left out, since formatters add it depending on line width.
 */
export function summarizeSource(source: string, path: string): Module {
  const { outputText } = ts.transpileModule(source, {
    fileName: path,
    compilerOptions: {
      target: ts.ScriptTarget.ESNext,
      module: ts.ModuleKind.ESNext,
      removeComments: true,
      isolatedModules: true,
    },
  });
  const file = ts.createSourceFile(
    "module.js",
    outputText,
    ts.ScriptTarget.ESNext,
    true,
    ts.ScriptKind.JS,
  );
  const tokens: string[] = [];
  const references: Reference[] = [];
  const visit = (node: ts.Node) => {
    const reference = referenceOf(node);
    if (reference !== undefined) references.push(reference);
    const children = node.getChildren(file);
    if (children.length === 0) {
      const text = ts.isStringLiteral(node)
        ? JSON.stringify(node.text)
        : node.getText(file);
      if (text !== "") tokens.push(text);
      return;
    }
    const trailing = children.length - 1;
    children.forEach((child, i) => {
      const isTrailingComma = node.kind === ts.SyntaxKind.SyntaxList &&
        i === trailing && i > 0 && child.kind === ts.SyntaxKind.CommaToken &&
        !ts.isOmittedExpression(children[i - 1]);
      if (!isTrailingComma) visit(child);
    });
  };
  visit(file);
  return { sha256: sha256(JSON.stringify(tokens)), references };
}

function referenceOf(node: ts.Node): Reference | undefined {
  if (
    (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) &&
    node.moduleSpecifier !== undefined &&
    ts.isStringLiteral(node.moduleSpecifier)
  ) {
    return {
      kind: node.attributes === undefined ? "import" : "bytes",
      specifier: node.moduleSpecifier.text,
    };
  }
  if (
    ts.isCallExpression(node) &&
    node.expression.kind === ts.SyntaxKind.ImportKeyword &&
    node.arguments.length > 0 && ts.isStringLiteralLike(node.arguments[0])
  ) {
    return {
      kind: node.arguments.length === 1 ? "import" : "bytes",
      specifier: node.arguments[0].text,
    };
  }
  if (
    ts.isNewExpression(node) && node.expression.getText() === "URL" &&
    node.arguments?.length === 2 &&
    ts.isStringLiteralLike(node.arguments[0]) &&
    node.arguments[1].getText() === "import.meta.url"
  ) return { kind: "file", specifier: node.arguments[0].text };
  return undefined;
}
