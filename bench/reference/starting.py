"""Translates the lines of standard input in CTranslate2, as a user's script would; with --convert it makes the model before.

Started from outside by bench/measures/starting.ts, which times it as a whole process.
"""
import argparse
import sys


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--folder", required=True, help="of the CTranslate2 model")
    parser.add_argument("--convert", help="a model file of the project, from which the CTranslate2 model is made")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()

    import ctranslate2
    import tokenizers

    tokenizer = tokenizers.Tokenizer.from_file(options.tokenizer)
    if options.convert:
        from decode import convert

        convert(options.convert, tokenizer, options.folder, "float32")
        print(f"CTranslate2 {ctranslate2.__version__}")
        return
    translator = ctranslate2.Translator(options.folder, device="cpu", compute_type="float32", intra_threads=options.threads)
    for line in sys.stdin:
        source = tokenizer.encode(line.strip(), add_special_tokens=False).tokens
        [result] = translator.translate_batch([source], beam_size=5)
        ids = [tokenizer.token_to_id(token) for token in result.hypotheses[0]]
        print(tokenizer.decode(ids), flush=True)


main()
