"""The losses of a teacher and of its student by combined layers, step by step, on what bench/parity/ours.ts wrote."""
import json
from types import SimpleNamespace

import torch
from safetensors.torch import load_file

from descent import adam, descend, noam
from figures import read_batches
from teacher_targets import Student
from transformer import LABEL_SMOOTHING, cross_entropy, load


def curves(folder):
    """The losses in float32, and in float64 as what both sides' rounding is measured by."""
    single = losses_of(folder)
    torch.set_default_dtype(torch.float64)
    return {"single": single, "double": losses_of(folder)}


def losses_of(folder):
    """The losses of the teacher, and of the student with the teacher's layers as they are and rounded to float16."""
    with open(f"{folder}/task.json") as file:
        task = json.load(file)
    training = task["training"]
    if training["labelSmoothing"] != LABEL_SMOOTHING:
        raise ValueError(f"expected a label smoothing of {LABEL_SMOOTHING}, found {training['labelSmoothing']}")
    batches = read_batches(folder, training["steps"])

    def descent(module, width, loss):
        optimiser = adam(module.parameters(), training)
        return [descend(optimiser, loss(batch), training, noam(training, width, i + 1)) for i, batch in enumerate(batches)]

    def of_student(source):
        student = initial_student(taught_by, task["encoder"], folder)
        loss = lambda batch: student.loss(source, batch, task["alpha"], task["beta"])
        return descent(student, student.model.width, loss)

    teacher = load(f"{folder}/teacher-initial.safetensors")
    taught_by = load(f"{folder}/teacher.safetensors").eval()
    return {
        "teacher": descent(teacher, teacher.width, lambda batch: cross_entropy(teacher, batch)),
        "student": of_student(taught_by),
        "studentOfRounded": of_student(rounded(taught_by)),
    }


def rounded(teacher):
    """The teacher with its layers rounded to float16, as the product records them."""

    def encode(source, mask):
        memory, layers = teacher.encode(source, mask)
        return memory, [layer.half().to(layer.dtype) for layer in layers]

    return SimpleNamespace(encode=encode, decode=teacher.decode, logits=teacher.logits)


@torch.no_grad()
def initial_student(teacher, maps, folder):
    """A student and its projections with the initial values that the product wrote."""
    student = Student(teacher, maps)
    student.model = load(f"{folder}/student-initial.safetensors")
    values = load_file(f"{folder}/projections.safetensors")
    for j, projection in enumerate(student.projections):
        projection.weight.copy_(values[f"projection.encoder.{j}.weight"].T)
        projection.bias.copy_(values[f"projection.encoder.{j}.bias"])
    return student
