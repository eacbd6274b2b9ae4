"""Mixup and CutMix of torchvision's v2 for given shares and centres: `MixUp` and `CutMix`, whose partner is the picture before.

`images` are float32 `[B, H, W, C]`. A case of CutMix has the share that was drawn, the centre, the box `[x1, y1, x2, y2]` and the share
that the box left.
"""

from unittest.mock import patch

import torch
from common import normal, number, pack, rng, source, to_nchw, to_nhwc, write
from torchvision.transforms import v2

PATH = "packages/core/src/data/__fixtures__/mixing.json"
SHAPE = (3, 7, 9, 1)


def call(transform, images: torch.Tensor, params: dict) -> torch.Tensor:
    return to_nhwc(transform.transform(to_nchw(images), {**params, "labels": None, "batch_size": len(images)}))


def mixup(images: torch.Tensor, share: float) -> dict:
    return {"lambda": share, "output": pack(call(v2.MixUp(num_classes=2), images, {"lam": share}))}


class Fixed:
    def __init__(self, value: float) -> None:
        self.value = value

    def sample(self, _shape: tuple) -> torch.Tensor:
        return torch.tensor(self.value)


def cutmix(images: torch.Tensor, share: float, y: int, x: int) -> dict:
    transform = v2.CutMix(num_classes=2)
    transform._dist = Fixed(share)
    with patch("torch.randint", side_effect=[torch.tensor([x]), torch.tensor([y])]):
        params = transform.make_params([to_nchw(images)])
    named = {"lambda": share, "y": y, "x": x, "box": list(params["box"]), "left": number(params["lam_adjusted"])}
    return {**named, "output": pack(call(transform, images, params))}


def main() -> None:
    images = torch.tensor(normal(rng(1), *SHAPE), dtype=torch.float32)
    corners = [(0.5, 3, 4), (0.1, 0, 0), (0.75, 6, 8), (0.0, 2, 5), (1.0, 3, 3), (0.9, 5, 1)]
    cases = {"mixup": [mixup(images, s) for s in (0.0, 0.25, 0.5, 1.0)], "cutmix": [cutmix(images, *c) for c in corners]}
    write(PATH, {"source": source(__file__, "torchvision", "torch", "numpy"), "images": pack(images), **cases})


if __name__ == "__main__":
    main()
