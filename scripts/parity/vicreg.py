"""VICReg: loss and gradients by the official code and by lightly; the script fails where the two differ.

    python scripts/parity/vicreg.py VICREG

with a folder of facebookresearch/vicreg (commit 4e12602), whose code is not copied, but run. `za` and `zb` are `[N, P]`.
"""

import importlib
import math
import sys
import types

import numpy as np
import torch
import torch.distributed as dist
from common import agree, normal, number, pack, rng, source, tensor, write
from lightly.loss import VICRegLoss
from torch import nn

PATH = "packages/vicreg/src/__fixtures__/vicreg.json"
WEIGHTS = {"invarianceWeight": 25.0, "varianceWeight": 25.0, "covarianceWeight": 1.0}
OTHERS = {"invarianceWeight": 3.0, "varianceWeight": 7.0, "covarianceWeight": 0.5}
gen = rng(2105)


def official(folder: str):
    """`main_vicreg.py` as a module; its process group is this process alone."""
    sys.path.insert(0, folder)
    module = importlib.import_module("main_vicreg")
    dist.init_process_group("gloo", init_method="tcp://127.0.0.1:29732", rank=0, world_size=1)
    return module


def official_loss(module, za: torch.Tensor, zb: torch.Tensor, weights: dict) -> torch.Tensor:
    """Its forward pass, with the networks left out."""
    rows, width = za.shape
    sim, std, cov = weights.values()
    model = module.VICReg.__new__(module.VICReg)
    nn.Module.__init__(model)
    model.args = types.SimpleNamespace(batch_size=rows, sim_coeff=sim, std_coeff=std, cov_coeff=cov)
    model.num_features = width
    model.backbone = model.projector = nn.Identity()
    return model(za, zb)


def evaluate(name: str, loss_of, za: np.ndarray, zb: np.ndarray) -> dict:
    runs = {}
    for dtype in (torch.float64, torch.float32):
        leaves = [tensor(z, dtype).requires_grad_() for z in (za, zb)]
        loss = loss_of(*leaves)
        loss.backward()
        runs[dtype] = (loss, *[leaf.grad for leaf in leaves])
    for what, a, b in zip(("loss", "gradient of za", "gradient of zb"), runs[torch.float64], runs[torch.float32]):
        agree(f"{name}: {what}", a, b, 1e-5)
    exact = runs[torch.float64]
    return {"loss": number(exact[0].item()), "gradients": [pack(g) for g in exact[1:]]}


def case(module, name: str, za: np.ndarray, zb: np.ndarray, weights: dict = WEIGHTS) -> dict:
    lightly = evaluate(name, VICRegLoss(*weights.values()), za, zb)
    theirs = evaluate(name, lambda a, b: official_loss(module, a, b, weights), za, zb)
    assert math.isclose(lightly["loss"], theirs["loss"], rel_tol=1e-8), f"{name}: lightly and the official code differ"
    for a, b in zip(lightly["gradients"], theirs["gradients"]):
        agree(f"{name}: lightly and the official code", np.array(a["data"]), np.array(b["data"]), 1e-8)
    return {"name": name, "weights": weights, "za": pack(za), "zb": pack(zb), "expected": theirs}


def single(array: np.ndarray) -> np.ndarray:
    """Rounded to what float32 holds."""
    return array.astype(np.float32).astype(np.float64)


def views(rows: int, width: int, scale: float = 0.7) -> tuple[np.ndarray, np.ndarray]:
    base = normal(gen, rows, width, scale=scale)
    return tuple(single(base + normal(gen, rows, width, scale=scale / 2)) for _ in range(2))


def mixed(rows: int, width: int, factors: int) -> tuple[np.ndarray, np.ndarray]:
    """Dimensions that are combinations of a few factors: correlated ones."""
    mixing = normal(gen, factors, width)
    return tuple(single(z @ mixing) for z in views(rows, factors))


def main(folder: str) -> None:
    module = official(folder)
    same = normal(gen, 12, 6)
    sizes, means = np.array([1e-2, 1, 8, 3]), np.array([3, -20, 0, 7])
    wide = normal(gen, 9, 5, scale=3)
    cases = [
        case(module, "8 images, 4 dimensions", *views(8, 4)),
        case(module, "6 images, 20 dimensions", *views(6, 20)),
        case(module, "32 images, 16 dimensions", *views(32, 16)),
        case(module, "16 images, 64 dimensions", *views(16, 64)),
        case(module, "12 images, 12 dimensions: the bound between both ways", *views(12, 12)),
        case(module, "other weights", *views(10, 7), OTHERS),
        case(module, "32 dimensions of 4 factors", *mixed(24, 32, 4)),
        case(module, "dimensions of other sizes and means", *[single(z * sizes + means) for z in views(10, 4)]),
        case(module, "no dimension lacks deviation", wide, single(wide + normal(gen, 9, 5))),
        case(module, "the views are the same", same, same.copy()),
        case(module, "nearly collapsed", *views(8, 5, scale=1e-3)),
        case(module, "unrelated views", normal(gen, 20, 8), normal(gen, 20, 8)),
    ]
    fixture = {"source": source(__file__, "torch", "lightly", "numpy") + "; facebookresearch/vicreg 4e12602"}
    write(PATH, {**fixture, "gamma": 1, "epsilon": 1e-4, "cases": cases})


if __name__ == "__main__":
    main(sys.argv[1])
