"""SupCon and the cross-entropy of its baseline: loss and gradient with respect to projections and logits.

`z` is `[V * B, P]`, view-major, not normalized: the loss does that. Labels are those of the B images, -1 for none: for the reference each of
these is a class of its own. The reference averages over rows with a loss above 0; here all have positives, so that it is the mean over rows
that HobbitLong/SupContrast has.
"""

import numpy as np
import torch
import torch.nn.functional as F
from common import agree, normal, pack, rng, source, tensor, write
from pytorch_metric_learning.losses import SupConLoss

PATH = "packages/supcon/src/__fixtures__/supcon.json"
gen = rng(2004)


def views(labels: list[int], width: int, count: int, scale: float = 1.0) -> np.ndarray:
    """Noisy views of images that lie around the middle of their class."""
    middles = {label: normal(gen, width) for label in sorted(set(labels))}
    base = np.stack([middles[label] + normal(gen, width, scale=0.7) for label in labels])
    rows = np.concatenate([base + normal(gen, *base.shape, scale=0.5) for _ in range(count)])
    return (rows * scale).astype(np.float32).astype(np.float64)


def both(name: str, run, floor: float | None = None) -> dict:
    (loss, gradient), (loss32, gradient32) = run(torch.float64), run(torch.float32)
    agree(f"{name}: loss", loss, loss32, 1e-5)
    agree(f"{name}: gradient", gradient, gradient32, 1e-5, floor=floor or float(gradient.abs().max()))
    return {"loss": pack(loss)["data"][0], "gradient": pack(gradient)}


def contrastive(name: str, labels: list[int], width: int, count: int, temperature: float, base=None, z=None, scale=1.0) -> dict:
    z = views(labels, width, count, scale) if z is None else z
    apart = [label if label >= 0 else -1 - i for i, label in enumerate(labels)]
    factor = temperature / (base or temperature)

    def run(dtype):
        leaf = tensor(z, dtype)
        loss = SupConLoss(temperature=temperature)(leaf, torch.tensor(apart * count)) * factor
        loss.backward()
        return loss.detach(), leaf.grad

    # a gradient goes as 1 / the length of the rows
    expected = both(name, run, floor=factor / np.linalg.norm(z, axis=1).mean())
    settings = {"temperature": temperature, **({"baseTemperature": base} if base else {})}
    return {"name": name, "labels": labels, **settings, "z": pack(z), **expected}


def cross_entropy(name: str, labels: list[int], classes: int, count: int, smoothing: float) -> dict:
    logits = normal(gen, len(labels) * count, classes, scale=2)

    def run(dtype):
        leaf = tensor(logits, dtype)
        targets = torch.tensor(labels * count)
        loss = F.cross_entropy(leaf, targets, ignore_index=-1, label_smoothing=smoothing)
        loss.backward()
        return loss.detach(), leaf.grad

    return {"name": name, "labels": labels, "labelSmoothing": smoothing, "logits": pack(logits), **both(name, run)}


def main() -> None:
    alike = views([0, 1, 0, 2, 1, 1], 8, 1)
    cases = [
        contrastive("2 views, 3 classes", [0, 1, 2, 0, 1, 2, 0, 0], 16, 2, 0.1),
        contrastive("2 views, 2 classes, one image of one", [0, 0, 0, 1, 0], 6, 2, 0.5),
        contrastive("2 views, all labels differ", [4, 2, 0, 1, 3, 5], 8, 2, 0.2),
        contrastive("2 views, no labels", [-1] * 6, 8, 2, 0.2),
        contrastive("2 views, half without labels", [0, -1, 1, -1, 0, -1, 1, 1], 8, 2, 0.1),
        contrastive("3 views", [0, 1, 1, 2, 0, 3], 8, 3, 0.07),
        contrastive("4 views, labels that are large and far apart", [2_000_000_000, 7, 2_000_000_000, 2_000_000_001, 7], 10, 4, 0.1),
        contrastive("4 views, one label missing", [5, 5, -1, 9, 9, 5, 1], 6, 4, 0.3),
        contrastive("1 view, every image has another of its class", [0, 1, 0, 1, 2, 2, 0], 8, 1, 0.2),
        contrastive("32 images of 10 classes, the official default temperature", [i * 7 % 10 for i in range(32)], 32, 2, 0.07, 0.07),
        contrastive("temperature 0.1 on a base of 0.07", [0, 1, 2, 0, 1, 2], 8, 2, 0.1, 0.07),
        contrastive("temperature 0.5 on a base of 1", [0, 1, 2, 0, 1, 2], 8, 2, 0.5, 1.0),
        contrastive("second view equals the first", [0, 1, 0, 2, 1, 1], 8, 2, 0.3, z=np.concatenate([alike, alike])),
        contrastive("rows of length about 10,000", [0, 1, 1, 0], 8, 2, 0.2, scale=3e3),
        contrastive("rows of length about .001", [0, 1, 1, 0], 8, 2, 0.2, scale=3e-4),
    ]
    baseline = [
        cross_entropy("1 view", [0, 2, 1, 1, 0, 2], 3, 1, 0.0),
        cross_entropy("3 views", [0, 4, 1, 3], 5, 3, 0.0),
        cross_entropy("labels smoothed by 0.1", [0, 2, 1, 1, 0], 4, 2, 0.1),
        cross_entropy("some without labels", [0, -1, 1, -1, -1], 4, 2, 0.0),
        cross_entropy("some without labels, smoothed", [0, -1, 1, 3, -1], 4, 2, 0.05),
    ]
    packages = ("torch", "pytorch-metric-learning", "numpy")
    write(PATH, {"source": source(__file__, *packages), "cases": cases, "baseline": baseline})


if __name__ == "__main__":
    main()
