/** Lint rule: a regular expression must not take more than linear time. */
import { analyse } from "scslre";

/** Whose expressions meet the project's own text only. */
const OWN = /(?:^|\/)(?:tests|bench|docs)\//;

export default {
  name: "ckd",
  rules: {
    "no-super-linear-expression": {
      create(context) {
        const root = new URL("../..", import.meta.url).pathname;
        if (OWN.test(context.filename.replace(root, ""))) return {};
        const check = (node: Deno.lint.Node, source: string, flags: string) => {
          const character = backtracksOn(source, flags);
          if (character === undefined) return;
          context.report({
            node,
            message:
              `Cannot accept /${source}/${flags}: its time grows with the square of the text, as for many ${
                JSON.stringify(character)
              }.`,
            hint:
              "Let each character have one way to match, as by two steps, or by an index and a slice.",
          });
        };
        return {
          Literal(node) {
            if (!("regex" in node) || node.regex === undefined) return;
            check(node, node.regex.pattern, node.regex.flags);
          },
          NewExpression(node) {
            const { callee, arguments: [source, flags] } = node;
            if (callee.type !== "Identifier" || callee.name !== "RegExp") {
              return;
            }
            const text = constant(source);
            if (text !== undefined) check(node, text, constant(flags) ?? "");
          },
        };
      },
    },
  },
} satisfies Deno.lint.Plugin;

function constant(node: Deno.lint.Node | undefined): string | undefined {
  return node?.type === "Literal" && typeof node.value === "string"
    ? node.value
    : undefined;
}

/** A character of which many in a row take more than linear time; undefined where there is none. */
function backtracksOn(source: string, flags: string): string | undefined {
  const { reports } = analyse({ source, flags });
  return reports.at(0)?.character.pick;
}
