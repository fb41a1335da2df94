"""The product's random numbers, and with them the order of its batches: see nmt/random.ts and nmt/text/subwords/batches.ts."""
import math

import numpy as np

WORD = 0xFFFFFFFF


def random(use, *key):
    """Yields the numbers in [0, 1) that the product draws for these words, without end."""
    value = 0x9E3779B9

    def mix(word):
        nonlocal value
        value = (value ^ word & WORD) * 0x85EBCA6B & WORD
        value = (value ^ value >> 13) * 0xC2B2AE35 & WORD
        value ^= value >> 16

    for character in use:
        mix(ord(character))
    for word in key:
        mix(word)
        mix(word >> 32)
    state = []
    for i in range(3):
        mix(i)
        state.append(value)
    return drawn(*state)


def drawn(a, b, c):
    """The numbers of sfc32 after its first twelve."""
    counter = 1
    while True:
        total = a + b + counter & WORD
        a = b ^ b >> 9
        b = c + (c << 3) & WORD
        c = ((c << 21 | c >> 11) & WORD) + total & WORD
        counter += 1
        if counter > 13:
            yield total / 2**32


def batch_order(tokens, batch_tokens, seed, epoch):
    """The pairs of each batch of an epoch: pairs of about one length, rows * longest side at most `batch_tokens`."""
    draw = random("batches", seed, epoch)
    sides = np.stack([np.diff(tokens[f"{side}.offsets"]) + 1 for side in ("source", "target")])
    longer, shorter = sides.max(0), sides.min(0)
    if longer.max() > batch_tokens:
        raise ValueError(f"expected sentences of at most {batch_tokens} tokens, as a batch has, found {longer.max()}")
    keys = longer + (shorter / longer + np.fromiter(draw, float, len(longer))) / 2
    batches, batch, longest = [], [], 0
    for pair in np.argsort(keys, kind="stable").tolist():
        longest = max(longest, int(longer[pair]))
        if batch and (len(batch) + 1) * longest > batch_tokens:
            batches.append(batch)
            batch, longest = [], int(longer[pair])
        batch.append(pair)
    batches.append(batch)
    for i in range(len(batches) - 1, 0, -1):
        j = math.floor(next(draw) * (i + 1))
        batches[i], batches[j] = batches[j], batches[i]
    return batches
