"""The teacher's states of real sentences, computed in PyTorch's inference mode and written; the other side of bench/measures/states.ts."""
import tempfile
import time

from figures import flags, report, torch_with
from transformer import PAD, load

BOS, EOS = 1, 2
# As the product: pairs of a file.
SHARD_PAIRS = 2048
# Tokens of a batch with its padding; the fastest is kept.
BATCH_TOKENS = (1024, 2048, 4096, 8192)


def read_pairs(folder):
    """Ids of every pair, source and target."""
    from safetensors.torch import load_file

    tensors = load_file(f"{folder}/tokens.safetensors")
    sides = []
    for side in ("source", "target"):
        ids, offsets = tensors[f"{side}.ids"], tensors[f"{side}.offsets"].tolist()
        sides.append([ids[a:b].tolist() for a, b in zip(offsets, offsets[1:])])
    return list(zip(*sides))


def batches(pairs, most):
    """Pairs sorted by their longer side and cut into batches, as the product does: lists of indices."""
    length = lambda i: max(map(len, pairs[i])) + 1
    batch = []
    for i in sorted(range(len(pairs)), key=length):
        if batch and length(i) * (len(batch) + 1) > most:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def record(torch, model, pairs, path, most):
    """Encoder layers as float16 and the final decoder state as float32 of every token, in the order of the pairs."""
    from safetensors.torch import save_file

    width = model.width
    starts = [[0], [0]]
    for pair in pairs:
        for side, ids in zip(starts, pair):
            side.append(side[-1] + len(ids) + 1)
    store = {f"encoder.{i}": torch.empty(starts[0][-1], width, dtype=torch.float16)
             for i in range(1, len(model.encoder) + 1)}
    store["final"] = torch.empty(starts[1][-1], width)
    for batch in batches(pairs, most):
        source = padded(torch, [pairs[i][0] + [EOS] for i in batch])
        target = padded(torch, [[BOS] + pairs[i][1] for i in batch])
        hidden = source == PAD
        mask = torch.zeros(hidden.shape).masked_fill(hidden, -torch.inf)[:, None, None] if hidden.any() else None
        memory, layers = model.encode(source, mask)
        final = model.decode(target, memory, mask)
        # All tokens of the batch at once: where each row of the rectangle goes in the store.
        for names, states, side, lengths in (
            ([f"encoder.{i + 1}" for i in range(len(layers))], layers, 0, [len(pairs[i][0]) + 1 for i in batch]),
            (["final"], [final], 1, [len(pairs[i][1]) + 1 for i in batch]),
        ):
            time_ = states[0].shape[1]
            lengths = torch.tensor(lengths)
            within = torch.arange(time_)[None] < lengths[:, None]
            places = (torch.tensor([starts[side][i] for i in batch])[:, None] + torch.arange(time_))[within]
            for name, state in zip(names, states):
                store[name][places] = state[within].to(store[name].dtype)
    save_file(store, path)


def padded(torch, rows):
    return torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True, padding_value=PAD)


def main():
    options = flags(__doc__, {"shards": 2, "batch_tokens": 0}, ["prepared"])
    torch = torch_with(options.threads)
    model = load(f"{options.prepared}/teacher.safetensors").eval()
    pairs = read_pairs(options.prepared)[: options.shards * SHARD_PAIRS]
    shards = [pairs[i : i + SHARD_PAIRS] for i in range(0, len(pairs), SHARD_PAIRS)]
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        def run(some, most):
            started = time.perf_counter()
            for i, shard in enumerate(some):
                record(torch, model, shard, f"{folder}/{i}.safetensors", most)
            return time.perf_counter() - started

        run(shards[:1], BATCH_TOKENS[1])  # To warm up.
        most = options.batch_tokens or min(BATCH_TOKENS, key=lambda each: run(shards[:1], each))
        seconds = run(shards[1:], most)
    sentences = len(pairs) - len(shards[0])
    report({"sentences_per_s": sentences / seconds, "batch_tokens": most}, options.threads, f"PyTorch {torch.__version__}, inference mode")


main()
