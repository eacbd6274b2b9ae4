"""Barlow Twins: loss and gradients by lightly and by the official code; parameters over 20 steps of the official LARS with its two rates.

    python scripts/parity/barlow_twins.py BARLOWTWINS

with a folder of facebookresearch/barlowtwins (commit 8e8d284), whose code is not copied, but run; the script fails where it and lightly differ.
`za` and `zb` are `[N, P]`.
"""

import importlib.util
import math
import sys
import types
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from common import agree, normal, number, pack, rng, source, tensor, write
from lightly.loss import BarlowTwinsLoss
from torch import nn

PATH = "packages/barlow-twins/src/__fixtures__/barlow-twins.json"
LAMBDA = 0.005
STEPS = 20
gen = rng(2103)


def official(folder: str):
    """`main.py` as a module; its process group is this process alone."""
    spec = importlib.util.spec_from_file_location("barlowtwins_main", Path(folder) / "main.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    dist.init_process_group("gloo", init_method="tcp://127.0.0.1:29731", rank=0, world_size=1)
    return module


def official_loss(module, za: torch.Tensor, zb: torch.Tensor) -> torch.Tensor:
    """Its forward pass, with the networks left out."""
    rows, width = za.shape
    model = module.BarlowTwins.__new__(module.BarlowTwins)
    nn.Module.__init__(model)
    model.args = types.SimpleNamespace(batch_size=rows, lambd=LAMBDA)
    model.backbone = model.projector = nn.Identity()
    model.bn = nn.BatchNorm1d(width, affine=False).to(za.dtype)
    return model(za, zb)


def evaluate(name: str, loss_of, za: np.ndarray, zb: np.ndarray, floor: float) -> dict:
    runs = {}
    for dtype in (torch.float64, torch.float32):
        leaves = [tensor(z, dtype).requires_grad_() for z in (za, zb)]
        loss = loss_of(*leaves)
        loss.backward()
        runs[dtype] = (loss, *[leaf.grad for leaf in leaves])
    exact, single = runs[torch.float64], runs[torch.float32]
    for what, a, b in zip(("loss", "gradient of za", "gradient of zb"), exact, single):
        agree(f"{name}: {what}", a, b, 1e-4, floor=1.0 if what == "loss" else floor)
    return {"loss": number(exact[0].item()), "gradients": [pack(g) for g in exact[1:]]}


def case(module, name: str, za: np.ndarray, zb: np.ndarray) -> dict:
    # a gradient goes as 1 / the deviation of the projections
    floor = 1 / max(float(za.std(axis=0).mean()), 1e-3)
    lightly = evaluate(name, BarlowTwinsLoss(lambda_param=LAMBDA), za, zb, floor)
    theirs = evaluate(name, lambda a, b: official_loss(module, a, b), za, zb, floor)
    assert math.isclose(lightly["loss"], theirs["loss"], rel_tol=1e-8), f"{name}: lightly and the official code differ"
    for a, b in zip(lightly["gradients"], theirs["gradients"]):
        agree(f"{name}: lightly and the official code", np.array(a["data"]), np.array(b["data"]), 1e-8, floor)
    return {"name": name, "za": pack(za), "zb": pack(zb), "expected": theirs}


def views(rows: int, width: int, noise: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    base = normal(gen, rows, width)
    return tuple((base + normal(gen, rows, width, scale=noise)).astype(np.float32).astype(np.float64) for _ in range(2))


def mixed(rows: int, width: int, factors: int) -> tuple[np.ndarray, np.ndarray]:
    """Dimensions that are combinations of a few factors: correlated ones."""
    mixing = normal(gen, factors, width)
    return tuple((z @ mixing).astype(np.float32).astype(np.float64) for z in views(rows, factors))


def with_constant(pair: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    for z in pair:
        z[:, 1] = 0.75
    return pair


def trajectory(module) -> dict:
    """The official LARS on a weight and a bias, with its rates for each; gradients are given."""
    weight, bias = normal(gen, 4, 3), normal(gen, 3)
    gradients = [(normal(gen, 4, 3), normal(gen, 3)) for _ in range(STEPS)]
    rates = [math.sin((n + 1) / STEPS * math.pi) for n in range(STEPS)]
    runs = {}
    for dtype in (torch.float64, torch.float32):
        parameters = [nn.Parameter(tensor(x, dtype)) for x in (weight, bias)]
        lars = module.LARS(
            [{"params": [p]} for p in parameters],
            lr=0,
            weight_decay=1.5e-6,
            weight_decay_filter=True,
            lars_adaptation_filter=True,
        )
        path = []
        for rate, step in zip(rates, gradients):
            for group, share in zip(lars.param_groups, (0.2, 0.0048)):
                group["lr"] = rate * share
            for parameter, gradient in zip(parameters, step):
                parameter.grad = tensor(gradient, dtype)
            lars.step()
            path.append([p.detach().clone() for p in parameters])
        runs[dtype] = path
    for a, b in zip(runs[torch.float64], runs[torch.float32]):
        for exact, single in zip(a, b):
            agree("trajectory", exact, single, 1e-5)
    return {
        "weight": pack(weight),
        "bias": pack(bias),
        "rates": [number(0.2 * rate) for rate in rates],
        "gradients": [[pack(g) for g in step] for step in gradients],
        "last": [pack(p) for p in runs[torch.float64][-1]],
    }


def main(folder: str) -> None:
    module = official(folder)
    same = normal(gen, 12, 6)
    shifted = [(z * np.array([1e-2, 1, 30, 5]) + np.array([3, -50, 0, 7])).astype(np.float32).astype(np.float64) for z in views(10, 4)]
    cases = [
        case(module, "8 images, 4 dimensions", *views(8, 4)),
        case(module, "6 images, 20 dimensions", *views(6, 20)),
        case(module, "32 images, 16 dimensions", *views(32, 16)),
        case(module, "16 images, 64 dimensions", *views(16, 64)),
        case(module, "9 images, 12 dimensions: the bound between both ways", *views(9, 12)),
        case(module, "32 dimensions of 4 factors", *mixed(24, 32, 4)),
        case(module, "dimensions of other sizes and means", *shifted),
        case(module, "the views are the same", same, same.copy()),
        case(module, "a constant dimension", *with_constant(views(8, 5))),
        case(module, "unrelated views", normal(gen, 20, 8), normal(gen, 20, 8)),
    ]
    fixture = {"source": source(__file__, "torch", "lightly", "numpy") + "; facebookresearch/barlowtwins 8e8d284", "lambda": LAMBDA}
    write(PATH, {**fixture, "cases": cases, "trajectory": trajectory(module)})


if __name__ == "__main__":
    main(sys.argv[1])
