"""The distillation of the paper in PyTorch, the teacher inside of the step under no_grad, as the authors' code has it."""
import torch
import torch.nn.functional as F
from torch import nn

from transformer import LABEL_SMOOTHING, Transformer, adam, final_states


class Student(nn.Module):
    """A 2 + 2 layer student with the projections W_j of its combined layers, which lift it to |M(j)| * width."""

    def __init__(self, teacher, maps):
        super().__init__()
        width, inner = teacher.width, teacher.encoder[0][1].inner.out_features
        vocabulary, heads = teacher.embedding.num_embeddings, teacher.encoder[0][0].heads
        self.model = Transformer(vocabulary, 2, 2, width, inner, heads, teacher.dropout)
        self.maps = maps
        self.projections = nn.ModuleList(nn.Linear(width, len(layers) * width) for layers in maps)

    def loss(self, teacher, batch, alpha, beta):
        """alpha * L_KD + (1 - alpha - beta) * L_NLL + beta * L_enc at temperature 1; layers are counted from 1."""
        states, layers = final_states(self.model, batch)
        logs = F.log_softmax(self.model.logits(states), dim=1)
        smooth = LABEL_SMOOTHING * logs.mean()
        loss = (1 - alpha - beta) * ((1 - LABEL_SMOOTHING) * F.nll_loss(logs, batch.labels) - smooth)
        if alpha + beta == 0:
            return loss
        with torch.no_grad():
            taught, combined = final_states(teacher, batch)
            targets = F.log_softmax(teacher.logits(taught), dim=1)
        loss = loss + alpha * F.kl_div(logs, targets, reduction="batchmean", log_target=True)
        for own, layers_of_teacher, projection in zip(layers, self.maps, self.projections):
            joined = torch.cat([real(combined[i - 1], batch) for i in layers_of_teacher], dim=1)
            lifted = projection(real(own, batch))
            distance = F.normalize(joined, dim=1) - F.normalize(lifted, dim=1)
            loss = loss + beta * distance.square().sum(1).mean()
        return loss


def real(states, batch):
    """The rows that are no padding, [tokens, width]."""
    flat = states.flatten(0, 1)
    return flat if batch.mask is None else flat[batch.source_rows]


def stepper(teacher, maps, alpha, beta):
    """A new student's training step as a function of a batch."""
    student = Student(teacher, maps)
    optimiser = adam(student.parameters())

    def step(batch):
        loss = student.loss(teacher, batch, alpha, beta)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        return loss.item()

    return step
