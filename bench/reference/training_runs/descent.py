"""Adam with the Noam schedule as the product configures them; how every training that is compared with it descends."""
import torch


def adam(parameters, training):
    """The optimiser of a training, which is that of an experiment."""
    betas = training["beta1"], training["beta2"]
    return torch.optim.Adam(parameters, betas=betas, eps=training["epsilon"], fused=True)


def noam(training, width, step):
    """Rate of a step counted from 1: factor * d^-0.5 * min(step^-0.5, step * warmup^-1.5)."""
    return training["factor"] * width**-0.5 * min(step**-0.5, step * training["warmup"]**-1.5)


def descend(optimiser, loss, training, rate):
    """Takes a step down the loss; gives its value."""
    loss.backward()
    for group in optimiser.param_groups:
        group["lr"] = rate
        if training["clipNorm"] > 0:
            torch.nn.utils.clip_grad_norm_(group["params"], training["clipNorm"])
    optimiser.step()
    optimiser.zero_grad()
    return loss.item()
