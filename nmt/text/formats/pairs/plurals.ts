/** Which form of a plural a gettext catalogue takes for a number: the `Plural-Forms` of its header, which is never run. */
import { type Expression, parse } from "acorn";

/** The places of the forms for one thing and for a hundred. */
export interface PluralPlaces {
  readonly one: number;
  readonly other: number;
}

/** A longer header is none: that of Arabic, the longest, has about 150 characters. */
const LONGEST = 1000;

/**
 * The places that a header says; undefined where it says none that can be used.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { pluralPlaces } from "./plurals.ts";
 *
 * assertEquals(pluralPlaces("nplurals=2; plural=(n != 1);"), { one: 0, other: 1 });
 * assertEquals(pluralPlaces("nplurals=INTEGER; plural=EXPRESSION;"), undefined);
 * ```
 */
export function pluralPlaces(header: string): PluralPlaces | undefined {
  if (header.length > LONGEST) return undefined;
  const [, text] = /(?:^|;)\s*plural\s*=([^;]*)/.exec(header) ?? [];
  const expression = text === undefined ? undefined : expressionOf(text);
  if (expression === undefined) return undefined;
  const [one, other] = [valueOf(expression, 1), valueOf(expression, 100)];
  return one === undefined || other === undefined ? undefined : { one, other };
}

/** The expression that a text is. What gettext takes from C, JavaScript has with the same precedence. */
function expressionOf(text: string): Expression | undefined {
  try {
    const [first, ...rest] = parse(`(${text.trim()})`, { ecmaVersion: 5 }).body;
    return rest.length === 0 && first.type === "ExpressionStatement"
      ? first.expression
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const OPERATORS: Readonly<
  Record<string, (a: number, b: number) => number | boolean>
> = {
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  ">": (a, b) => a > b,
  "<=": (a, b) => a <= b,
  ">=": (a, b) => a >= b,
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => Math.trunc(a / b),
  "%": (a, b) => a % b,
};

/** The value of an expression for a number; undefined for what is no expression of gettext, or divides by nothing. */
function valueOf(node: Expression, n: number): number | undefined {
  const value = (node: Expression) => valueOf(node, n);
  switch (node.type) {
    case "Identifier":
      return node.name === "n" ? n : undefined;
    case "Literal":
      return typeof node.value === "number" ? node.value : undefined;
    case "UnaryExpression": {
      const of = value(node.argument);
      return node.operator === "!" && of !== undefined
        ? Number(of === 0)
        : undefined;
    }
    case "ConditionalExpression": {
      const test = value(node.test);
      if (test === undefined) return undefined;
      return value(test === 0 ? node.alternate : node.consequent);
    }
    case "LogicalExpression": {
      const left = value(node.left);
      if (left === undefined) return undefined;
      if ((left === 0) === (node.operator === "&&")) return Number(left !== 0);
      const right = value(node.right);
      return right === undefined ? undefined : Number(right !== 0);
    }
    case "BinaryExpression": {
      if (node.left.type === "PrivateIdentifier") return undefined;
      const [left, right] = [value(node.left), value(node.right)];
      if (left === undefined || right === undefined) return undefined;
      const result = Number(OPERATORS[node.operator]?.(left, right));
      return Number.isFinite(result) ? result : undefined;
    }
    default:
      return undefined;
  }
}
