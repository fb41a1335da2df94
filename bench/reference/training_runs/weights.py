"""The product's parameters of a model in PyTorch: their initial values, and the file that the product reads them from."""
import json
import math
import os
import struct

import numpy as np
import torch

from order import random
from transformer import torch_name


def names(config):
    """The product's names of a model's parameters."""
    attention = {"self": ["queryKeyValue", "output"], "cross": ["query", "keyValue", "output"]}
    maps = {**attention, "feedForward": ["inner", "outer"]}
    stacks = {"encoder": ["self", "feedForward"], "decoder": ["self", "cross", "feedForward"]}
    places = ["embedding"]
    for stack, blocks in stacks.items():
        for layer in range(config[f"{stack}Layers"]):
            for block in blocks:
                place = f"{stack}.{layer}.{block}"
                places += [f"{place}.norm.gain", f"{place}.norm.bias"]
                places += [f"{place}.{name}.{part}" for name in maps[block] for part in ("weight", "bias")]
        places += [f"{stack}.norm.gain", f"{stack}.norm.bias"]
    return places


def is_map(name):
    """Whether a parameter is a matrix [in, out] there and [out, in] here."""
    return name.endswith(".weight")


def product_weights(model, config):
    """The parameters by the product's names and in its shapes."""
    state = model.state_dict()
    found = {name: state[torch_name(name)] for name in names(config)}
    return {name: (tensor.T if is_map(name) else tensor).contiguous() for name, tensor in found.items()}


def save(path, weights, config, vocabulary):
    """Writes parameters of the product's names as a model that it reads; whole or not at all, equal bytes for equal ones.

    The safetensors package puts metadata in another order in every process, so that the header is made here.
    """
    header, end = {"__metadata__": {"config": json.dumps(config), "vocabulary": str(vocabulary)}}, 0
    for name, tensor in weights.items():
        start, end = end, end + 4 * tensor.numel()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(f"{path}.tmp", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in weights.values():
            file.write(tensor.numpy().tobytes())
    os.replace(f"{path}.tmp", path)


@torch.no_grad()
def initialise(model, config, seed):
    """Sets the parameters to the product's initial values, which nmt/transformer/parameters.ts has: the same numbers for a seed."""
    state = model.state_dict()
    for name in names(config):
        tensor = state[torch_name(name)]
        draws = random(f"weights {name}", seed)
        if name == "embedding":
            first, second = np.fromiter(draws, float, 2 * tensor.numel()).reshape(-1, 2).T
            values = tensor.shape[1] ** -0.5 * np.sqrt(-2 * np.log(1 - first)) * np.cos(2 * math.pi * second)
            tensor.copy_(torch.from_numpy(values).view(tensor.shape))
        elif is_map(name):
            outputs, inputs = tensor.shape
            # Of each of the maps that are side by side.
            maps = 3 if "queryKeyValue" in name else 2 if "keyValue" in name else 1
            limit = math.sqrt(6 / (inputs + outputs / maps))
            values = limit * (2 * np.fromiter(draws, float, tensor.numel()) - 1)
            tensor.copy_(torch.from_numpy(values).view(inputs, outputs).T)
        else:
            tensor.fill_(1 if name.endswith(".gain") else 0)
