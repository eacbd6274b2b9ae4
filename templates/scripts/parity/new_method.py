"""The loss and its gradient by the formulas that the authors publish: ssnl/align_uniform, README."""

import numpy as np
import torch
from common import agree, normal, pack, rng, source, tensor, write

PATH = "packages/new-method/src/__fixtures__/loss.json"
gen = rng(2005)


def reference(a: torch.Tensor, b: torch.Tensor, sharpness: float, uniformity: float) -> torch.Tensor:
    x, y = (torch.nn.functional.normalize(z, dim=1) for z in (a, b))
    even = [torch.pdist(z, p=2).pow(2).mul(-sharpness).exp().mean().log() for z in (x, y)]
    return (x - y).norm(p=2, dim=1).pow(2).mean() + uniformity * sum(even) / 2


def case(name: str, a: np.ndarray, b: np.ndarray, sharpness: float, uniformity: float) -> dict:
    runs = {}
    for dtype in (torch.float64, torch.float32):
        leaves = [tensor(x, dtype) for x in (a, b)]
        loss = reference(*leaves, sharpness, uniformity)
        loss.backward()
        runs[dtype] = (loss, *(leaf.grad for leaf in leaves))
    exact, single = runs[torch.float64], runs[torch.float32]
    for what, one, other in zip(("loss", "gradient of a", "gradient of b"), exact, single, strict=True):
        agree(f"{name}: {what}", one, other, 1e-5)
    loss, *gradients = exact
    inputs = {"a": pack(a), "b": pack(b), "sharpness": sharpness, "uniformity": uniformity}
    return {"name": name, **inputs, "loss": pack(loss)["data"][0], "gradients": [pack(each) for each in gradients]}


def views(images: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    base = normal(gen, images, width)
    return tuple((base + normal(gen, images, width, scale=0.5)).astype(np.float32).astype(np.float64) for _ in range(2))


cases = [
    case("4 images", *views(4, 3), 2, 1),
    case("16 images", *views(16, 8), 2, 1),
    case("16 images, sharp", *views(16, 8), 5, 0.3),
]
write(PATH, {"source": source(__file__, "torch", "numpy"), "cases": cases})
