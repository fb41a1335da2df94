"""Trains a model in PyTorch to the end as nmt/training/training_loop.ts does: validation, checkpoints to go on from, the average of the best."""
import json
import math
import os
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.numpy import load_file

from descent import adam, descend, noam
from order import batch_order
from transformer import PAD, Transformer, cross_entropy, final_states, load, prepared
from weights import initialise, names, product_weights, save

BOS, EOS = 1, 2
# Tokens of a batch of the validation.
VALIDATION_TOKENS = 4096


def fit(options):
    config = read_config(options.config)
    sizes, training, vocabulary, seed = (config[key] for key in ("model", "training", "vocabulary", "seed"))
    train, validation = (read_tokens(path, vocabulary) for path in (options.tokens, options.validation))
    work = Path(options.work)
    work.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    model = new_model(sizes, vocabulary)
    optimiser = adam(model.parameters(), training)
    validation_batches = [make_batch(validation, pairs) for pairs in batch_order(
        validation, max(training["batchTokens"], VALIDATION_TOKENS), 0, 0)]
    at = resume(work / "state.pt", config, model, optimiser)
    if at is None:
        initialise(model, sizes, seed)
        at = {"step": 0, "epoch": 0, "batch": 0, "validations": []}
    else:
        log(work, f"goes on after step {at['step']}")
    order = batch_order(train, training["batchTokens"], seed, at["epoch"])
    losses, tokens, started = [], 0, time.perf_counter()
    while at["step"] < training["steps"]:
        if at["batch"] == len(order):
            at["epoch"], at["batch"] = at["epoch"] + 1, 0
            order = batch_order(train, training["batchTokens"], seed, at["epoch"])
        batch = make_batch(train, order[at["batch"]])
        at["step"], at["batch"] = at["step"] + 1, at["batch"] + 1
        loss = cross_entropy(model, batch, training["labelSmoothing"])
        losses.append(descend(optimiser, loss, training, noam(training, sizes["width"], at["step"])))
        tokens += len(batch.labels)
        if not math.isfinite(losses[-1]):
            raise ValueError(f"the loss of step {at['step']} is {losses[-1]}; lower training.factor or clip")
        if at["step"] % training["validateEvery"] == 0 or at["step"] == training["steps"]:
            speed = tokens / (time.perf_counter() - started)
            found = {"step": at["step"], "trainingLoss": sum(losses) / len(losses),
                     "nll": validate(model, validation_batches)}
            at["validations"].append(found)
            kept = best(at["validations"], training["average"])
            if found["step"] in kept:
                save(checkpoint(work, found["step"]), product_weights(model, sizes), sizes, vocabulary)
            keep_state(work / "state.pt", config, model, optimiser, at)
            for path in work.glob("step-*.safetensors"):
                if path not in [checkpoint(work, step) for step in kept]:
                    path.unlink()
            log(work, f"step {found['step']}: training loss {found['trainingLoss']:.4f}, validation nll "
                      f"{found['nll']:.4f}, perplexity {math.exp(found['nll']):.2f}, {speed:.0f} tokens/s")
            losses, tokens, started = [], 0, time.perf_counter()
    kept = best(at["validations"], training["average"])
    weights = average(sizes, [checkpoint(work, step) for step in kept])
    save(options.out, weights, sizes, vocabulary)
    perplexity = math.exp(validate(load(options.out), validation_batches))
    log(work, f"the average of steps {' '.join(map(str, kept))}: perplexity {perplexity:.4f}, written to {options.out}")


def read_config(path):
    """The configuration of a training, complete; anything else is a ValueError."""
    with open(path) as file:
        given = json.load(file)
    config = {"seed": 1, **given}
    for key in ("model", "training", "vocabulary"):
        if key not in config:
            raise ValueError(f'"{path}" has no "{key}", expected model, training, vocabulary and seed')
    distillation = config.pop("distillation", {})
    if distillation.get("alpha", 0) + distillation.get("beta", 0) > 0:
        raise ValueError(f'"{path}" is of a distilled student, expected a model that is trained on the references alone')
    for key in ("rate", "cooldown", "patience"):
        if config["training"].get(key) is not None:
            raise ValueError(f'"{path}" has training.{key}, which is not done here; expected a training without it')
    if config["training"].get("selection") == "bleu":
        raise ValueError(f'"{path}" selects checkpoints by BLEU, expected training.selection "nll"')
    if not isinstance(config["vocabulary"], int):
        raise ValueError(f'expected the size of the vocabulary in "{path}", found {config["vocabulary"]}')
    return {key: config[key] for key in ("model", "training", "vocabulary", "seed")}


def read_tokens(path, vocabulary):
    tokens = load_file(path)
    largest = max(tokens["source.ids"].max(), tokens["target.ids"].max())
    if largest >= vocabulary:
        raise ValueError(f'expected ids below {vocabulary} in "{path}", found {largest}')
    return tokens


def make_batch(tokens, pairs):
    """The rectangles of some pairs: what is read, what the decoder sees, what it is to say."""
    rows = {}
    for side in ("source", "target"):
        ids, offsets = tokens[f"{side}.ids"], tokens[f"{side}.offsets"]
        rows[side] = [ids[offsets[pair]:offsets[pair + 1]].tolist() for pair in pairs]
    pad = lambda ids: torch.nn.utils.rnn.pad_sequence(list(map(torch.tensor, ids)), batch_first=True, padding_value=PAD)
    return prepared(pad([ids + [EOS] for ids in rows["source"]]), pad([[BOS] + ids for ids in rows["target"]]),
                    pad([ids + [EOS] for ids in rows["target"]]))


def new_model(sizes, vocabulary):
    return Transformer(vocabulary, sizes["encoderLayers"], sizes["decoderLayers"], sizes["width"], sizes["feedForward"],
                       sizes["heads"], sizes["dropout"])


@torch.no_grad()
def validate(model, batches):
    """-log p a target token, without dropout."""
    model.eval()
    logits = lambda batch: model.logits(final_states(model, batch)[0])
    total = sum(F.cross_entropy(logits(batch), batch.labels, reduction="sum").item() for batch in batches)
    model.train()
    return total / sum(len(batch.labels) for batch in batches)


def best(validations, count):
    """The steps of the best validations, ascending."""
    ranked = sorted(validations, key=lambda found: (found["nll"], found["step"]))
    return sorted(found["step"] for found in ranked[:count])


def checkpoint(work, step):
    return work / f"step-{step}.safetensors"


def average(sizes, paths):
    """The mean of several checkpoints, accumulated in double precision."""
    sums = {name: 0 for name in names(sizes)}
    for path in paths:
        with safe_open(path, "pt") as file:
            sums = {name: total + file.get_tensor(name).double() for name, total in sums.items()}
    return {name: (total / len(paths)).float() for name, total in sums.items()}


def keep_state(path, config, model, optimiser, at):
    """Writes all that it takes to go on as if the training had not stopped; whole or not at all."""
    state = {"config": config, "at": at, "model": model.state_dict(), "optimiser": optimiser.state_dict(),
             "random": torch.get_rng_state()}
    torch.save(state, f"{path}.tmp")
    os.replace(f"{path}.tmp", path)


def resume(path, config, model, optimiser):
    """Where a training stopped, with model and optimiser as they were; None where none began."""
    if not path.exists():
        return None
    state = torch.load(path, weights_only=True)
    if state["config"] != config:
        raise ValueError(f'"{path}" is of a training with another configuration, name another work folder')
    model.load_state_dict(state["model"])
    optimiser.load_state_dict(state["optimiser"])
    torch.set_rng_state(state["random"])
    return state["at"]


def log(work, line):
    print(line, flush=True)
    with open(work / "log.txt", "a") as file:
        file.write(f"{line}\n")
