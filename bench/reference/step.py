"""The training step of the 12-layer teacher in PyTorch, as fast as it goes on a CPU; prints one JSON line.

The same model, batch and update as bench/step.ts: pre-norm Transformer, one embedding matrix for source, target and
generator, dropout after the embedding and in the residual branches, label smoothing 0.1, Adam, single precision.

What was tried for speed, at width 256 with 2 threads on a Zen 5 machine (least step of 12): as it stands 523 ms; separate
maps of query, key and value 599; torch.compile 625; Adam without fused=True the same; with MKL's AVX-512 kernels, which
bench/setup explains, 303.
"""
import argparse
import json
import math
import resource
import statistics
import time

import torch
import torch.nn.functional as F
from torch import nn

WARM_UP = 2


class Attention(nn.Module):
    """x + dropout(attention(norm(x), memory)); one product for all maps of the same input."""

    def __init__(self, width, heads, dropout, cross):
        super().__init__()
        self.heads, self.dropout, self.cross = heads, dropout, cross
        self.norm = nn.LayerNorm(width)
        self.maps = nn.ModuleList([nn.Linear(width, width), nn.Linear(width, 2 * width)] if cross
                                  else [nn.Linear(width, 3 * width)])
        self.output = nn.Linear(width, width)

    def split(self, x):  # [batch, time, n * width] to n of [batch, heads, time, width / heads]
        batch, time_, features = x.shape
        parts = features // self.output.in_features
        return x.view(batch, time_, parts, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)

    def forward(self, x, memory=None, causal=False):
        normal = self.norm(x)
        if self.cross:
            (query,), (key, value) = self.split(self.maps[0](normal)), self.split(self.maps[1](memory))
        else:
            query, key, value = self.split(self.maps[0](normal))
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=causal)
        return x + F.dropout(self.output(mixed.transpose(1, 2).flatten(2)), self.dropout)


class FeedForward(nn.Module):
    def __init__(self, width, inner, dropout):
        super().__init__()
        self.dropout = dropout
        self.norm = nn.LayerNorm(width)
        self.inner, self.outer = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, x):
        return x + F.dropout(self.outer(F.relu(self.inner(self.norm(x)))), self.dropout)


class Transformer(nn.Module):
    def __init__(self, vocabulary, layers, width, inner, heads, dropout, positions):
        super().__init__()
        self.width, self.dropout = width, dropout
        attention = lambda cross: Attention(width, heads, dropout, cross)
        feed_forward = lambda: FeedForward(width, inner, dropout)
        self.embedding = nn.Embedding(vocabulary, width)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        self.encoder = nn.ModuleList(
            nn.ModuleList([attention(False), feed_forward()]) for _ in range(layers))
        self.decoder = nn.ModuleList(
            nn.ModuleList([attention(False), attention(True), feed_forward()]) for _ in range(layers))
        self.encoder_norm, self.decoder_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.register_buffer("positions", sinusoids(positions, width))

    def embed(self, ids):
        x = self.embedding(ids) * math.sqrt(self.width) + self.positions[: ids.shape[1]]
        return F.dropout(x, self.dropout)

    def forward(self, source, target):
        x = self.embed(source)
        for attention, feed_forward in self.encoder:
            x = feed_forward(attention(x))
        memory = self.encoder_norm(x)
        y = self.embed(target)
        for attention, cross, feed_forward in self.decoder:
            y = feed_forward(cross(attention(y, causal=True), memory))
        return F.linear(self.decoder_norm(y), self.embedding.weight)


def sinusoids(count, width):
    angles = torch.arange(count)[:, None] / 10_000 ** (torch.arange(width // 2) / (width // 2))
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in [("width", 256), ("feed-forward", 1024), ("heads", 8), ("layers", 6), ("vocabulary", 8000),
                          ("rows", 32), ("length", 32), ("steps", 12), ("threads", 2)]:
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--dropout", type=float, default=0.1)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    model = Transformer(options.vocabulary, options.layers, options.width, options.feed_forward, options.heads,
                        options.dropout, options.length)
    adam = torch.optim.Adam(model.parameters(), lr=1e-4, betas=(0.9, 0.998), eps=1e-9, fused=True)
    source, target, labels = torch.randint(3, options.vocabulary, (3, options.rows, options.length)).unbind(0)

    steps = []
    for step in range(options.steps + WARM_UP):
        before = time.perf_counter()
        logits = model(source, target).flatten(0, 1)
        loss = F.cross_entropy(logits, labels.flatten(), label_smoothing=0.1)
        loss.backward()
        adam.step()
        adam.zero_grad()
        loss.item()
        if step >= WARM_UP:
            steps.append((time.perf_counter() - before) * 1000)
    print(json.dumps({
        "median_ms": statistics.median(steps),
        "steps_ms": [round(step, 1) for step in steps],
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "version": f"PyTorch {torch.__version__}",
        "threads": options.threads,
    }))


main()
