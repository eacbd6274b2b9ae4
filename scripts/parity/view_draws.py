"""How often torchvision's RandomResizedCrop draws what: counts over many draws, to compare distributions with.

`top`, `left`, `height`, `width`: counts of the values 0, 1, 2, ... `area` (share of the picture) and `ratio` (width over height, as
its natural logarithm): counts of the bins between `edges`, which no whole numbers of pixels meet exactly.
"""

import numpy as np
import torch
from common import number, source, write
from torchvision.transforms import RandomResizedCrop

PATH = "packages/core/src/data/__fixtures__/view-draws.json"
DRAWS = 20_000
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


def main() -> None:
    usual = (3 / 4, 4 / 3)
    cases = [
        case(32, 32, (0.08, 1.0), usual, 1),
        case(48, 64, (0.08, 1.0), usual, 2),
        case(224, 160, (0.2, 1.0), usual, 3),
        # so narrow that few tries fit, and that none does: the centre is taken sometimes, and always
        case(60, 36, (0.6, 1.0), usual, 4),
        case(30, 120, (0.5, 1.0), (0.5, 2.0), 5),
    ]
    edges = {"area": [number(e) for e in AREA_EDGES], "ratio": [number(e) for e in RATIO_EDGES]}
    write(PATH, {"source": source(__file__, "torchvision", "torch", "numpy"), "edges": edges, "randomResizedCrop": cases})


if __name__ == "__main__":
    main()
