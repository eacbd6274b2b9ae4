"""DINO with Sinkhorn-Knopp for centring: targets by DINOv2's official code, and the loss with them.

    python scripts/parity/dino_sinkhorn.py DINOV2

with a clone of facebookresearch/dinov2, whose code is not copied, but run. It works in float32 whatever it is given; the true values are its steps in
float64, by the same code with `float` taken for `double`. Outputs are `[N, K]`.
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import torch
from common import agree, normal, number, pack, rng, source, tensor, write

PATH = "packages/dino/src/__fixtures__/sinkhorn.json"
STUDENT_TEMPERATURE = 0.1
gen = rng(2304)


def official(folder: str):
    path = Path(folder) / "dinov2" / "loss" / "dino_clstoken_loss.py"
    spec = importlib.util.spec_from_file_location("dino_clstoken_loss", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Double(torch.Tensor):
    """Stays float64 where the official code asks for float32."""

    def float(self):
        return self


def case(module, name: str, views: int, rows: int, width: int, temperature: float, scale: float = 1.0) -> dict:
    student, teacher = normal(gen, views, rows, width, scale=scale), normal(gen, 2 * rows, width, scale=scale / 3)
    loss = module.DINOLoss(width, STUDENT_TEMPERATURE)
    exact = loss.sinkhorn_knopp_teacher(torch.tensor(teacher).as_subclass(Double), temperature).as_subclass(torch.Tensor)
    assert exact.dtype == torch.float64
    agree(f"{name}: targets", exact, loss.sinkhorn_knopp_teacher(torch.tensor(teacher), temperature), 1e-5)
    leaf = tensor(student)
    first, second = exact.split(rows)
    # As DINOv2's training step pairs them: each of the teacher's views with the student's other one, and both with the small ones.
    pairs = [([leaf[0]], [second]), ([leaf[1]], [first]), (list(leaf[2:]), [first, second])]
    value = sum(loss(list(own), targets) for own, targets in pairs) / (2 * (views - 1))
    value.backward()
    expected = {"loss": number(value.item()), "gradients": [pack(x) for x in leaf.grad]}
    given = {"student": [pack(x) for x in student], "teacher": pack(teacher), "targets": pack(exact)}
    return {"name": name, "teacherTemperature": temperature, **given, "expected": expected}


def main(folder: str) -> None:
    module = official(folder)
    cases = [
        case(module, "2 views of 4 images", 2, 4, 6, 0.04),
        case(module, "5 views of 8 images, the last temperature", 5, 8, 12, 0.07),
        case(module, "more outputs than images", 4, 3, 40, 0.05),
        case(module, "outputs of about 3", 4, 6, 8, 0.07, scale=3),
    ]
    np.testing.assert_allclose([sum(c["targets"]["data"]) for c in cases], [8, 16, 6, 12], rtol=1e-6)
    write(PATH, {"source": source(__file__, "torch", "numpy") + "; facebookresearch/dinov2 b8931f7", "cases": cases})


if __name__ == "__main__":
    main(sys.argv[1])
