"""Distillation loss of SimCLR v2 (arXiv:2006.10029 eq. 2): loss and gradient with respect to the student's logits.

Two references that must agree: torch's cross-entropy with probabilities as its target, and torch's `kl_div` plus the teacher's entropy.
"""

import math

import numpy as np
import torch
from common import agree, normal, pack, rng, source, tensor, write
from torch.nn import functional

PATH = "packages/simclr/src/__fixtures__/distillation.json"
gen = rng(2006)


def evaluate(student: np.ndarray, teacher: np.ndarray, temperature: float) -> tuple[float, torch.Tensor]:
    runs = {}
    for dtype in (torch.float64, torch.float32):
        leaf, fixed = tensor(student, dtype), torch.tensor(teacher, dtype=dtype)
        target = functional.softmax(fixed / temperature, dim=1)
        loss = functional.cross_entropy(leaf / temperature, target)
        loss.backward()
        runs[dtype] = (loss, leaf.grad)
        if dtype is torch.float64:
            divergence = functional.kl_div(functional.log_softmax(leaf / temperature, 1), target, reduction="batchmean")
            entropy = torch.special.entr(target).sum(1).mean()
            assert math.isclose(loss.item(), (divergence + entropy).item(), rel_tol=1e-9)
    exact, single = runs[torch.float64], runs[torch.float32]
    agree("loss", exact[0], single[0], 1e-5)
    agree("gradient", exact[1], single[1], 1e-5)
    return exact[0].item(), exact[1]


def case(name: str, student: np.ndarray, teacher: np.ndarray, temperature: float) -> dict:
    loss, gradient = evaluate(student, teacher, temperature)
    return {
        "name": name,
        "temperature": temperature,
        "student": pack(student),
        "teacher": pack(teacher),
        "loss": loss,
        "gradient": pack(gradient),
    }


def main() -> None:
    cases = [
        case("8 images, 10 classes", normal(gen, 8, 10), normal(gen, 8, 10, scale=3), 1.0),
        case("temperature 0.1", normal(gen, 6, 5), normal(gen, 6, 5), 0.1),
        case("temperature 4", normal(gen, 6, 5, scale=3), normal(gen, 6, 5, scale=3), 4.0),
        case("2 classes", normal(gen, 4, 2), normal(gen, 4, 2), 0.5),
        case("logits of about 1,000", normal(gen, 4, 6, scale=1e3), normal(gen, 4, 6, scale=1e3), 1.0),
        case("zero student", np.zeros((3, 4)), normal(gen, 3, 4), 1.0),
    ]
    # closed form: a student without opinion
    assert math.isclose(cases[-1]["loss"], math.log(4), rel_tol=1e-8)
    write(PATH, {"source": source(__file__, "torch", "numpy"), "cases": cases})


if __name__ == "__main__":
    main()
