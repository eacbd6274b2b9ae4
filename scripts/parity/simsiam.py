"""SimSiam: loss and gradient by lightly and PyTorch; the heads by the official code; 20 steps of SGD with its fixed rate for the predictor.

    python scripts/parity/simsiam.py SIMSIAM

with a folder of facebookresearch/simsiam (commit a7bc177), whose code is not copied, but run. `prediction`, `target` and `features` are `[B, …]`.
"""

import sys
import types
from pathlib import Path

import numpy as np
import torch
from common import agree, normal, number, pack, rng, source, tensor, write
from lightly.loss import NegativeCosineSimilarity
from torch import nn

PATH = "packages/simsiam/src/__fixtures__/simsiam.json"
STEPS = 20
PEAK = 0.1
DECAY = 0.01
D, P, BOTTLENECK = 5, 7, 3
DTYPES = (torch.float64, torch.float32)
gen = rng(2011)


def case(name: str, prediction: np.ndarray, target: np.ndarray) -> dict:
    runs = []
    for dtype in DTYPES:
        leaf, other = tensor(prediction, dtype), tensor(target, dtype).detach()
        loss = NegativeCosineSimilarity()(leaf, other)
        loss.backward()
        official = -nn.CosineSimilarity(dim=1)(leaf, other).mean()  # main_simsiam.py: criterion
        agree(f"{name}: lightly and the official code", loss, official, 1e-9)
        runs.append((loss.detach(), leaf.grad))
    # a gradient goes as 1 / the length of the predictions
    floor = 1 / np.linalg.norm(prediction, axis=1).mean()
    agree(f"{name}: loss", runs[0][0], runs[1][0], 1e-5)
    agree(f"{name}: gradient", runs[0][1], runs[1][1], 1e-5, floor)
    expected = {"loss": number(runs[0][0]), "gradients": [pack(runs[0][1])]}
    return {"name": name, "prediction": pack(prediction), "target": pack(target), "expected": expected}


def near(rows: int, width: int, noise: float, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    target = normal(gen, rows, width)
    prediction = (target + normal(gen, rows, width, scale=noise)) * scale
    return prediction.astype(np.float32).astype(np.float64), target


class Features(nn.Module):
    """A backbone whose features are its input, so that only the heads are left."""

    def __init__(self, num_classes: int, zero_init_residual: bool):
        super().__init__()
        self.fc = nn.Linear(D, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(x)


def heads(builder) -> dict:
    """Symmetric loss through projector and predictor, its gradients, and the weights."""
    first, second = normal(gen, 9, D), normal(gen, 9, D)
    model = builder.SimSiam(Features, P, BOTTLENECK).double()
    shapes = {name: p.shape for name, p in model.named_parameters()}
    weights = {name: normal(gen, *shape, scale=0.5, shift=1.0 if len(shape) == 1 and name.endswith("weight") else 0.0) for name, shape in shapes.items()}
    runs = []
    for dtype in DTYPES:
        model = builder.SimSiam(Features, P, BOTTLENECK).to(dtype)
        model.load_state_dict({name: tensor(w, dtype).detach() for name, w in weights.items()}, strict=False)
        x1, x2 = tensor(first, dtype), tensor(second, dtype)
        p1, p2, z1, z2 = model(x1, x2)
        criterion = nn.CosineSimilarity(dim=1)
        loss = -(criterion(p1, z2).mean() + criterion(p2, z1).mean()) * 0.5  # main_simsiam.py, train
        loss.backward()
        runs.append((loss.detach(), x1.grad, x2.grad))
    for exact, single in zip(*runs):
        agree("heads", exact, single, 1e-4)
    # linear weights [in, out], and the frozen bias before a norm left out: it has no effect
    layout = lambda w: w.T if w.ndim == 2 else w
    of = lambda prefix: {n.removeprefix(prefix): pack(layout(w)) for n, w in weights.items() if n.startswith(prefix) and n != "encoder.fc.6.bias"}
    return {
        "features": [pack(first), pack(second)],
        "head": of("encoder.fc."),
        "predictor": of("predictor."),
        "expected": {"loss": number(runs[0][0]), "gradients": [pack(g) for g in runs[0][1:]]},
    }


def trajectory(main_simsiam) -> dict:
    """A weight of the encoder and the predictor's weight and bias; gradients are given. A step stands for an epoch of the official schedule."""
    start = [normal(gen, 4, 3), normal(gen, 3, 2), normal(gen, 2)]
    gradients = [[normal(gen, *p.shape) for p in start] for _ in range(STEPS)]
    args = types.SimpleNamespace(epochs=STEPS)
    runs, rates = [], []
    for dtype in DTYPES:
        parameters = [nn.Parameter(tensor(p, dtype).detach()) for p in start]
        groups = [
            {"params": parameters[:1], "fix_lr": False},
            {"params": parameters[1:2], "fix_lr": True},
            {"params": parameters[2:], "fix_lr": True, "weight_decay": 0.0},  # this project decays no bias
        ]
        optimizer = torch.optim.SGD(groups, PEAK, momentum=0.9, weight_decay=DECAY)
        rates = []
        for step in range(STEPS):
            main_simsiam.adjust_learning_rate(optimizer, PEAK, step, args)
            rates.append([group["lr"] for group in optimizer.param_groups])
            for parameter, gradient in zip(parameters, gradients[step]):
                parameter.grad = tensor(gradient, dtype).detach()
            optimizer.step()
        runs.append([p.detach() for p in parameters])
    for exact, single in zip(*runs):
        agree("trajectory", exact, single, 1e-5)
    assert rates[-1][0] < 0.01 * PEAK and rates[-1][1] == PEAK
    return {
        "peak": PEAK,
        "weightDecay": DECAY,
        "rates": [number(rate[0]) for rate in rates],
        "start": [pack(p) for p in start],
        "gradients": [[pack(g) for g in step] for step in gradients],
        "last": [pack(p) for p in runs[0]],
    }


def main(folder: str) -> None:
    sys.path.insert(0, str(Path(folder)))
    import main_simsiam
    import simsiam.builder as builder

    cases = [
        case("2 images", *near(2, 3, 0.5)),
        case("16 images", *near(16, 32, 0.5)),
        case("unrelated rows", normal(gen, 12, 6), normal(gen, 12, 6)),
        case("predictions of length about 10,000", *near(8, 8, 0.5, scale=3e3)),
        case("predictions of length about .001", *near(8, 8, 0.5, scale=3e-4)),
        case("predictions nearly opposite to their targets", *near(6, 8, 0.1, scale=-2)),
    ]
    versions = source(__file__, "torch", "lightly", "numpy") + "; facebookresearch/simsiam a7bc177"
    write(PATH, {"source": versions, "cases": cases, "heads": heads(builder), "trajectory": trajectory(main_simsiam)})


if __name__ == "__main__":
    main(sys.argv[1])
