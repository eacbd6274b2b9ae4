"""NT-Xent, DCL and DCLW: loss and gradient with respect to the projections.

`z` is `[2B, P]`, view-major: rows 0..B-1 are the first view, rows B..2B-1 the second; it is not normalized, the loss does that.
"""

import math
import warnings

import numpy as np
import torch
from common import agree, normal, pack, rng, source, tensor, write
from lightly.loss import DCLLoss, DCLWLoss, NTXentLoss

PATH = "packages/simclr/src/__fixtures__/nt-xent.json"
LOSSES = {"ntXent": NTXentLoss, "dcl": DCLLoss, "dclw": DCLWLoss}
gen = rng(2002)


def views(pairs: int, width: int, scale: float = 1.0) -> np.ndarray:
    """Two noisy views of the same rows, so that positives are closer than negatives."""
    base = normal(gen, pairs, width)
    both = np.concatenate([base + normal(gen, pairs, width, scale=0.5) for _ in range(2)])
    return (both * scale).astype(np.float32).astype(np.float64)


def evaluate(kind, z: np.ndarray, temperature: float, **settings: float) -> dict:
    runs = {}
    for dtype in (torch.float64, torch.float32):
        leaf = tensor(z, dtype)
        pairs = len(z) // 2
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # DCLW copies a tensor in a way that torch warns of
            loss = kind(temperature=temperature, **settings)(leaf[:pairs], leaf[pairs:])
        loss.backward()
        runs[dtype] = (loss, leaf.grad)
    exact, single = runs[torch.float64], runs[torch.float32]
    agree(f"{kind.__name__} loss", exact[0], single[0], 1e-5)
    # a gradient goes as 1 / the length of the rows
    agree(f"{kind.__name__} gradient", exact[1], single[1], 1e-5, floor=1 / np.linalg.norm(z, axis=1).mean())
    return {"loss": pack(exact[0])["data"][0], "gradient": pack(exact[1])}


def case(name: str, z: np.ndarray, temperature: float, sigma: float = 0.5) -> dict:
    losses = {
        key: evaluate(kind, z, temperature, **({"sigma": sigma} if key == "dclw" else {})) for key, kind in LOSSES.items()
    }
    return {"name": name, "pairs": len(z) // 2, "temperature": temperature, "sigma": sigma, "z": pack(z), **losses}


def main() -> None:
    one = normal(gen, 1, 8)
    twins = views(6, 8)
    twins[6:] = twins[:6]
    cases = [
        case("2 pairs", views(2, 3), 0.5),
        case("8 pairs", views(8, 16), 0.1),
        case("16 pairs", views(16, 32), 0.07),
        case("random rows, no pairs", normal(gen, 10, 6), 0.5),
        case("rows of length about 10,000", views(4, 8, scale=3e3), 0.2),
        case("rows of length about .001", views(4, 8, scale=3e-4), 0.2),
        case("second view equals the first", twins, 0.1),
        case("all rows identical", np.repeat(one, 8, axis=0), 0.5),
        case("sigma 0.1", views(8, 6), 0.3, sigma=0.1),
    ]
    # closed form: identical rows leave 2B - 1 equal choices
    assert math.isclose(cases[-2]["ntXent"]["loss"], math.log(7), rel_tol=1e-8)
    write(PATH, {"source": source(__file__, "torch", "lightly", "numpy"), "cases": cases})


if __name__ == "__main__":
    main()
