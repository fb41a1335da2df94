"""The product's pre-norm Transformer in PyTorch, as fast as it goes on a CPU; what the measuring scripts beside it train and run.

One embedding matrix for source, target and generator, dropout after the embedding and in the residual branches, one product
for all maps of the same input, scaled_dot_product_attention, fused Adam, no logits for padding.

What was tried for speed, at width 256 with 2 threads on a Zen 5 machine (least step of 12): as it stands 523 ms; separate
maps of query, key and value 599; torch.compile 625; Adam without fused=True the same; with MKL's AVX-512 kernels, which
bench/setup explains, 303.
"""
import json
import math
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from torch import nn

PAD = 0
LABEL_SMOOTHING = 0.1
MAXIMUM_POSITIONS = 1024


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
        batch, time, features = x.shape
        parts = features // self.output.in_features
        return x.view(batch, time, parts, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)

    def forward(self, x, memory=None, mask=None, causal=False):
        normal = self.norm(x)
        if self.cross:
            (query,), (key, value) = self.split(self.maps[0](normal)), self.split(self.maps[1](memory))
        else:
            query, key, value = self.split(self.maps[0](normal))
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=causal)
        return x + F.dropout(self.output(mixed.transpose(1, 2).flatten(2)), self.dropout, self.training)


class FeedForward(nn.Module):
    def __init__(self, width, inner, dropout):
        super().__init__()
        self.dropout = dropout
        self.norm = nn.LayerNorm(width)
        self.inner, self.outer = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, x):
        return x + F.dropout(self.outer(F.relu(self.inner(self.norm(x)))), self.dropout, self.training)


class Transformer(nn.Module):
    def __init__(self, vocabulary, encoder_layers, decoder_layers, width, inner, heads, dropout):
        super().__init__()
        self.width, self.dropout = width, dropout
        attention = lambda cross: Attention(width, heads, dropout, cross)
        feed_forward = lambda: FeedForward(width, inner, dropout)
        self.embedding = nn.Embedding(vocabulary, width)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        self.encoder = nn.ModuleList(
            nn.ModuleList([attention(False), feed_forward()]) for _ in range(encoder_layers))
        self.decoder = nn.ModuleList(
            nn.ModuleList([attention(False), attention(True), feed_forward()]) for _ in range(decoder_layers))
        self.encoder_norm, self.decoder_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.register_buffer("positions", sinusoids(MAXIMUM_POSITIONS, width), persistent=False)

    def embed(self, ids):
        x = self.embedding(ids) * math.sqrt(self.width) + self.positions[: ids.shape[1]]
        return F.dropout(x, self.dropout, self.training)

    def encode(self, source, mask):
        """The encoder's output and the layers before its final norm, each [batch, time, width]."""
        x, layers = self.embed(source), []
        for attention, feed_forward in self.encoder:
            x = feed_forward(attention(x, mask=mask))
            layers.append(x)
        return self.encoder_norm(x), layers

    def decode(self, target, memory, mask):
        """The decoder's output [batch, time, width]; padding is at the end, where no earlier position sees it."""
        y = self.embed(target)
        for attention, cross, feed_forward in self.decoder:
            y = feed_forward(cross(attention(y, causal=True), memory, mask=mask))
        return self.decoder_norm(y)

    def logits(self, states):
        return F.linear(states, self.embedding.weight)


def sinusoids(count, width):
    angles = torch.arange(count)[:, None] / 10_000 ** (torch.arange(width // 2) / (width // 2))
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def adam(parameters):
    return torch.optim.Adam(parameters, lr=1e-4, betas=(0.9, 0.998), eps=1e-9, fused=True)


def prepared(source, target, labels):
    """A batch of int tensors with all that follows from it: the mask that hides padding, the rows that have a token."""
    source, target, labels = source.long(), target.long(), labels.long()
    hidden = source == PAD
    mask = torch.zeros(hidden.shape).masked_fill(hidden, -torch.inf)[:, None, None] if hidden.any() else None
    rows = (labels.flatten() != PAD).nonzero().squeeze(1)
    source_rows = (~hidden.flatten()).nonzero().squeeze(1)
    return SimpleNamespace(source=source, target=target, mask=mask, rows=rows, source_rows=source_rows,
                           labels=labels.flatten()[rows], padded=len(rows) < labels.numel())


def final_states(model, batch):
    """The decoder's states of the positions with a token [tokens, width], and the encoder's layers."""
    memory, layers = model.encode(batch.source, batch.mask)
    states = model.decode(batch.target, memory, batch.mask).flatten(0, 1)
    return (states[batch.rows] if batch.padded else states), layers


def cross_entropy(model, batch, smoothing=LABEL_SMOOTHING):
    return F.cross_entropy(model.logits(final_states(model, batch)[0]), batch.labels, label_smoothing=smoothing)


def load(path):
    """A model of the product, from its safetensors file."""
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        metadata = file.metadata()
        config = json.loads(metadata["config"])
        model = Transformer(int(metadata["vocabulary"]), config["encoderLayers"], config["decoderLayers"], config["width"],
                            config["feedForward"], config["heads"], config["dropout"])
        state = {torch_name(name): file.get_tensor(name) for name in file.keys()}
    matrices = [name for name, tensor in state.items() if tensor.ndim == 2 and name != "embedding.weight"]
    model.load_state_dict({**state, **{name: state[name].T.contiguous() for name in matrices}})
    return model


def torch_name(name):
    """The name here of a parameter of the product."""
    if name == "embedding":
        return "embedding.weight"
    side, *rest = name.replace(".gain", ".weight").split(".")
    if rest[0] == "norm":
        return f"{side}_norm.{rest[1]}"
    layer, block, *part = rest
    index = ["self", "feedForward"].index(block) if side == "encoder" else ["self", "cross", "feedForward"].index(block)
    place = {"queryKeyValue": "maps.0", "query": "maps.0", "keyValue": "maps.1"}.get(part[0], part[0])
    return f"{side}.{layer}.{index}.{place}.{part[1]}"
