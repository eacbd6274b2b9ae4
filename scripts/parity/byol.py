"""BYOL: loss and gradient by the official code and by lightly; the teacher's momentum and weights over 20 steps by both.

    python scripts/parity/byol.py BYOL

with a folder of google-deepmind/deepmind-research that holds `byol/utils/helpers.py` and `byol/utils/schedules.py`, whose code is not copied,
but run; the script fails where it and lightly differ. `prediction` and `target` are `[B, P]`, the loss is that of one direction.
"""

import importlib.util
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import torch
from common import agree, normal, number, pack, rng, source, tensor, write
from lightly.loss import NegativeCosineSimilarity
from lightly.models.utils import update_momentum
from lightly.utils.scheduler import cosine_schedule
from torch import nn

jax.config.update("jax_enable_x64", True)
PATH = "packages/byol/src/__fixtures__/byol.json"
STEPS = 20
MOMENTUM = 0.9
WEIGHTS = 114  # of the smallest method of packages/byol/src/parity.ts
gen = rng(2006)


def official(folder: str, name: str):
    spec = importlib.util.spec_from_file_location(name, Path(folder) / "byol" / "utils" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def by_official(helpers, prediction: np.ndarray, target: np.ndarray, dtype) -> tuple:
    loss_of = lambda p, t: jnp.mean(helpers.regression_loss(p, jax.lax.stop_gradient(t)))
    return jax.value_and_grad(loss_of)(jnp.asarray(prediction, dtype), jnp.asarray(target, dtype))


def by_lightly(prediction: np.ndarray, target: np.ndarray) -> tuple:
    leaf = tensor(prediction)
    loss = 2 + 2 * NegativeCosineSimilarity()(leaf, tensor(target).detach())
    loss.backward()
    return loss.detach().numpy(), leaf.grad


def case(helpers, name: str, prediction: np.ndarray, target: np.ndarray) -> dict:
    # a gradient goes as 1 / the length of the predictions
    floor = 1 / np.linalg.norm(prediction, axis=1).mean()
    loss, gradient = map(np.asarray, by_official(helpers, prediction, target, jnp.float64))
    others = {"float32": by_official(helpers, prediction, target, jnp.float32), "lightly": by_lightly(prediction, target)}
    for who, (other_loss, other_gradient) in others.items():
        tolerance = 1e-8 if who == "lightly" else 1e-5
        agree(f"{name}: loss, {who}", loss, other_loss, tolerance)
        agree(f"{name}: gradient, {who}", gradient, other_gradient, tolerance, floor)
    expected = {"loss": number(loss), "gradients": [pack(gradient)]}
    return {"name": name, "prediction": pack(prediction), "target": pack(target), "expected": expected}


def near(rows: int, width: int, noise: float, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    target = normal(gen, rows, width)
    prediction = (target + normal(gen, rows, width, scale=noise)) * scale
    return prediction.astype(np.float32).astype(np.float64), target


class Weights(nn.Module):
    def __init__(self, values: np.ndarray, dtype: torch.dtype):
        super().__init__()
        self.values = nn.Parameter(tensor(values, dtype).detach())


def trajectory(schedules) -> dict:
    """A student whose weights are given, and its teacher after every step."""
    first = normal(gen, WEIGHTS)
    students = [normal(gen, WEIGHTS) for _ in range(STEPS)]
    momenta = [float(schedules.target_ema(jnp.asarray(step, jnp.float64), MOMENTUM, STEPS)) for step in range(STEPS)]
    # lightly's schedule reaches its end at the last step, the official one after it: one step more makes them the same
    theirs = [cosine_schedule(step, STEPS + 1, MOMENTUM, 1.0) for step in range(STEPS)]
    agree("momentum", np.array(momenta), np.array(theirs), 1e-9)
    runs = {}
    for dtype in (torch.float64, torch.float32):
        teacher = Weights(first, dtype)
        path = []
        for student, momentum in zip(students, theirs):
            update_momentum(Weights(student, dtype), teacher, momentum)
            path.append(teacher.values.detach().clone())
        runs[dtype] = torch.stack(path)
    agree("teacher", runs[torch.float64], runs[torch.float32], 1e-6)
    official_teacher = first.copy()
    for student, tau in zip(students, momenta):
        official_teacher = official_teacher + (1 - tau) * (student - official_teacher)  # byol_experiment.py, _update_fn
    agree("teacher, official", runs[torch.float64][-1], official_teacher, 1e-9)
    return {
        "momentum": MOMENTUM,
        "momenta": [number(m) for m in momenta],
        "first": pack(first),
        "students": [pack(s) for s in students],
        "teachers": pack(runs[torch.float64]),
    }


def main(folder: str) -> None:
    helpers, schedules = official(folder, "helpers"), official(folder, "schedules")
    cases = [
        case(helpers, "2 images", *near(2, 3, 0.5)),
        case(helpers, "16 images", *near(16, 32, 0.5)),
        case(helpers, "unrelated rows", normal(gen, 12, 6), normal(gen, 12, 6)),
        case(helpers, "predictions of length about 10,000", *near(8, 8, 0.5, scale=3e3)),
        case(helpers, "predictions of length about .001", *near(8, 8, 0.5, scale=3e-4)),
        case(helpers, "predictions nearly opposite to their targets", *near(6, 8, 0.1, scale=-2)),
    ]
    versions = source(__file__, "torch", "lightly", "jax", "numpy") + "; google-deepmind/deepmind-research f5de0ed"
    write(PATH, {"source": versions, "cases": cases, "trajectory": trajectory(schedules)})


if __name__ == "__main__":
    main(sys.argv[1])
