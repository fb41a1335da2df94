/** Reads texts out of JavaScript by parsing it: downloaded code is never executed. */
import {
  type AnyNode,
  type CallExpression,
  type Expression,
  parse,
  parseExpressionAt,
} from "acorn";

/** A value that a module writes down as a literal; anything else in it is `undefined`. */
export type Literal =
  | string
  | undefined
  | readonly Literal[]
  | { readonly [key: string]: Literal };

/**
 * The literal of the first variable of an ES module, such as `export const en = { lang: { ... } }`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { firstVariable } from "./literals.ts";
 *
 * assertEquals(firstVariable('export const en = { hello: "Hel" + "lo" };'), { hello: "Hello" });
 * ```
 */
export function firstVariable(module: string): Literal {
  for (const statement of body(module, "module")) {
    const declaration = statement.type === "ExportNamedDeclaration"
      ? statement.declaration
      : statement;
    if (declaration?.type === "VariableDeclaration") {
      return literal(declaration.declarations[0].init);
    }
  }
  return undefined;
}

/**
 * The texts that a script assigns to constant keys, as in `Blockly.Msg["KEY"] = "text"`, in the order of their first
 * assignment, wherever in the script that stands. A key that is given another key's text (`= Blockly.Msg["OTHER"]`)
 * has the text of that one.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { assignments } from "./literals.ts";
 *
 * assertEquals([...assignments('Msg["A"] = "a"; Msg["B"] = Msg["A"];')], [["A", "a"], ["B", "a"]]);
 * ```
 */
export function assignments(script: string): Map<string, string> {
  const texts = new Map<string, string>();
  visit(body(script, "script"), (node) => {
    if (node.type !== "AssignmentExpression" || node.operator !== "=") return;
    const key = constantKey(node.left);
    if (key === undefined) return;
    const other = constantKey(node.right);
    const text = other === undefined ? literal(node.right) : texts.get(other);
    if (typeof text === "string") texts.set(key, text);
  });
  return texts;
}

/** The arguments of each call `name(digit ...)` of a script, for scripts that are too large to be parsed whole. */
export function* calls(script: string, name: string): Generator<Literal[]> {
  for (
    const match of script.matchAll(new RegExp(`\\b${name}\\(\\s*\\d`, "g"))
  ) {
    const node = parseExpressionAt(script, match.index, {
      ecmaVersion: "latest",
    });
    const call = firstCall(node);
    if (call !== undefined) yield call.arguments.map(literal);
  }
}

/** `parseExpressionAt` reads on after the call where an operator or comma follows it. */
function firstCall(node: AnyNode): CallExpression | undefined {
  if (node.type === "CallExpression") return node;
  if (node.type === "SequenceExpression") return firstCall(node.expressions[0]);
  return undefined;
}

function body(text: string, sourceType: "module" | "script") {
  return parse(text, { ecmaVersion: "latest", sourceType }).body;
}

function literal(node: AnyNode | null | undefined): Literal {
  switch (node?.type) {
    case "Literal":
      return typeof node.value === "string" ? node.value : undefined;
    case "TemplateLiteral":
      return node.expressions.length === 0
        ? node.quasis[0].value.cooked ?? undefined
        : undefined;
    case "BinaryExpression": {
      const left = literal(node.left), right = literal(node.right);
      return node.operator === "+" && typeof left === "string" &&
          typeof right === "string"
        ? left + right
        : undefined;
    }
    case "ArrayExpression":
      return node.elements.map(literal);
    case "ObjectExpression":
      return Object.fromEntries(
        node.properties.flatMap((property) => {
          if (property.type !== "Property" || property.computed) return [];
          const { key } = property;
          const name = key.type === "Identifier"
            ? key.name
            : key.type === "Literal"
            ? String(key.value)
            : undefined;
          return name === undefined ? [] : [[name, literal(property.value)]];
        }),
      );
    default:
      return undefined;
  }
}

/** KEY of a member expression `object["KEY"]`. */
function constantKey(node: AnyNode): string | undefined {
  if (node.type !== "MemberExpression" || !node.computed) return undefined;
  const key = literal(node.property as Expression);
  return typeof key === "string" ? key : undefined;
}

/** Calls `see` with every node below, in the order of the text. */
function visit(value: unknown, see: (node: AnyNode) => void): void {
  if (Array.isArray(value)) return value.forEach((item) => visit(item, see));
  if (typeof value !== "object" || value === null) return;
  if ("type" in value) see(value as AnyNode);
  for (const child of Object.values(value)) {
    if (typeof child === "object") visit(child, see);
  }
}
