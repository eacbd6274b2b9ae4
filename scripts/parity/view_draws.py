"""How often torchvision draws what: counts over many draws, to compare distributions with.

Of a crop: `top`, `left`, `height`, `width`: counts of the values 0, 1, 2, ... `area` (share of the picture) and `ratio` (width over
height, as its natural logarithm): counts of the bins between `edges`, which no whole numbers of pixels meet exactly. Of other
transforms: `edges` and counts of each parameter; of whole numbers counts from `lowest` on; and `rates`, how often one was applied.
"""

from itertools import permutations

import numpy as np
import torch
from common import number, source, write
from torchvision import transforms as T
from torchvision.transforms import RandomResizedCrop

PATH = "packages/core/src/data/__fixtures__/view-draws.json"
DRAWS = 100_000
BINS = 40
# Just off round numbers.
AREA_EDGES = np.linspace(0, 1, BINS + 1) + 0.00137
RATIO_EDGES = np.linspace(-2.5, 2.5, BINS + 1) + 0.00137


def case(height: int, width: int, scale: tuple, ratio: tuple, seed: int) -> dict:
    torch.manual_seed(seed)
    picture = torch.empty(1, height, width)
    draws = np.array([RandomResizedCrop.get_params(picture, list(scale), list(ratio)) for _ in range(DRAWS)])
    top, left, h, w = draws.T
    assert (top + h <= height).all() and (left + w <= width).all()
    counts = {k: np.bincount(v).tolist() for k, v in {"top": top, "left": left, "height": h, "width": w}.items()}
    counts["area"] = np.histogram(h * w / (height * width), AREA_EDGES)[0].tolist()
    counts["ratio"] = np.histogram(np.log(w / h), RATIO_EDGES)[0].tolist()
    assert sum(counts["ratio"]) == DRAWS
    return {"height": height, "width": width, "scale": list(scale), "ratio": list(ratio), "draws": DRAWS, "counts": counts}


def continuous(values: np.ndarray, low: float, high: float) -> dict:
    edges = np.linspace(low, high, BINS + 1)
    counts = np.histogram(values, edges)[0]
    assert counts.sum() == len(values)
    return {"edges": [number(e) for e in edges], "counts": counts.tolist()}


def whole(values: np.ndarray) -> dict:
    lowest = int(values.min())
    return {"lowest": lowest, "counts": np.bincount(values.astype(int) - lowest).tolist()}


def color_jitter() -> dict:
    given = {"brightness": 0.8, "contrast": 0.4, "saturation": 0.8, "hue": 0.2}
    torch.manual_seed(11)
    jitter = T.ColorJitter(**given)
    ranges = [getattr(jitter, name) for name in given]
    drawn = [T.ColorJitter.get_params(*ranges) for _ in range(DRAWS)]
    factors = {
        name: continuous(np.array([d[1 + i] for d in drawn]), *ranges[i]) for i, name in enumerate(given)
    }
    orders = {p: 0 for p in permutations(range(4))}
    for d in drawn:
        orders[tuple(d[0].tolist())] += 1
    return {"settings": given, "orders": {"".join(map(str, p)): n for p, n in orders.items()}, **factors}


def blur() -> dict:
    torch.manual_seed(12)
    return {"sigma": continuous(np.array([T.GaussianBlur.get_params(0.1, 2.0) for _ in range(DRAWS)]), 0.1, 2.0)}


def affine(size: int) -> dict:
    torch.manual_seed(13)
    ranges = {"degrees": [-15, 30], "translate": [0.1, 0.2], "scale": [0.8, 1.2], "shearX": [-10, 10], "shearY": [-5, 8]}
    shears = [*ranges["shearX"], *ranges["shearY"]]
    drawn = [
        T.RandomAffine.get_params(ranges["degrees"], ranges["translate"], ranges["scale"], shears, [size, size])
        for _ in range(DRAWS)
    ]
    shift = np.array([d[1] for d in drawn])
    shear = np.array([d[3] for d in drawn])
    return {
        "size": size,
        "settings": ranges,
        "angle": continuous(np.array([d[0] for d in drawn]), *ranges["degrees"]),
        "translateX": whole(shift[:, 0]),
        "translateY": whole(shift[:, 1]),
        "scale": continuous(np.array([d[2] for d in drawn]), *ranges["scale"]),
        "shearX": continuous(shear[:, 0], *ranges["shearX"]),
        "shearY": continuous(shear[:, 1], *ranges["shearY"]),
    }


def erasing(size: int) -> dict:
    torch.manual_seed(14)
    picture = torch.empty(1, size, size)
    drawn = [T.RandomErasing.get_params(picture, (0.02, 0.33), (0.3, 3.3), [0])[:4] for _ in range(DRAWS)]
    places = np.array(drawn)
    return {"size": size, **{name: whole(places[:, i]) for i, name in enumerate(("top", "left", "height", "width"))}}


def rates() -> dict:
    """How often each was applied: seen by what it does to a tiny picture of one bright red pixel at the left."""
    torch.manual_seed(15)
    picture = torch.zeros(3, 2, 2)
    picture[0, 0, 0] = 1.0
    applied = {
        "horizontalFlip": T.RandomHorizontalFlip(0.5),
        "verticalFlip": T.RandomVerticalFlip(0.3),
        "grayscale": T.RandomGrayscale(0.2),
        "solarize": T.RandomSolarize(0.5, 0.1),
    }
    return {
        name: {"p": transform.p, "applied": sum(not torch.equal(transform(picture), picture) for _ in range(DRAWS))}
        for name, transform in applied.items()
    }


def main() -> None:
    usual = (3 / 4, 4 / 3)
    cases = [
        case(32, 32, (0.08, 1.0), usual, 1),
        case(48, 64, (0.08, 1.0), usual, 2),
        case(224, 160, (0.2, 1.0), usual, 3),
        # so narrow that few tries fit, and that none does: the centre is taken sometimes, and always
        case(60, 36, (0.6, 1.0), usual, 4),
        case(30, 120, (0.5, 1.0), (0.5, 2.0), 5),
        # the usual size of ImageNet, and the large and small crops of multi-crop
        case(375, 500, (0.08, 1.0), usual, 6),
        case(375, 500, (0.05, 0.14), usual, 7),
        case(375, 500, (0.14, 1.0), usual, 8),
        case(500, 333, (0.4, 1.0), usual, 9),
        case(96, 96, (0.05, 0.4), usual, 10),
    ]
    edges = {"area": [number(e) for e in AREA_EDGES], "ratio": [number(e) for e in RATIO_EDGES]}
    others = {
        "draws": DRAWS,
        "colorJitter": color_jitter(),
        "gaussianBlur": blur(),
        "randomAffine": affine(64),
        "erase": erasing(64),
        "rates": rates(),
    }
    head = {"source": source(__file__, "torchvision", "torch", "numpy"), "edges": edges}
    write(PATH, {**head, "randomResizedCrop": cases, **others})


if __name__ == "__main__":
    main()
