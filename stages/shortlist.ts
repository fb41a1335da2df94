/** Makes a short-list of the output vocabulary from the training pairs. */
import { stage } from "../engine/graph/stage.ts";
import { Shortlist } from "../schemas/experiment/vocabulary.ts";
import { SUBWORDS_PERMISSIONS } from "../nmt/text/subwords/permissions.ts";

export default stage({
  name: "shortlist",
  module: import.meta.url,
  config: Shortlist,
  inputs: { tokens: ["tokenizer", "train"] },
  outputs: {
    shortlist: {
      path: "shortlist.safetensors",
      mediaType: "application/vnd.safetensors",
    },
  },
  permissions: SUBWORDS_PERMISSIONS,
  run: async ({ config, inputs, outputs, progress }) => {
    const { lexicalShortlist } = await import("../nmt/shortlist/lexical.ts");
    const { writeShortlist } = await import("../nmt/shortlist/shortlist.ts");
    const { loadSubwords } = await import("../nmt/text/subwords/subwords.ts");
    const { readTokens } = await import("../nmt/text/subwords/tokens.ts");
    const subwords = await loadSubwords(inputs.tokens.tokenizer);
    const shortlist = lexicalShortlist(
      readTokens(inputs.tokens.train),
      subwords.size,
      {
        ...config,
        report: (done, of) => progress({ done, total: of, unit: "passes" }),
      },
    );
    writeShortlist(outputs.shortlist, shortlist);
    return { metrics: { ids: shortlist.ids.length } };
  },
});
