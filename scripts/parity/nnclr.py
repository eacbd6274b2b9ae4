"""NNCLR: loss and gradient, nearest neighbours in a support set, and 20 steps.

The loss is algorithm 1 of arXiv:2104.14548, neighbours are those of lightly's memory bank. The support set is not divided by the batch here;
lightly's bank would leave out what is over, so places go round as they do in the reference for MoCo.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from common import agree, normal, pack, rng, source, tensor, write
from lightly.models.modules import NNMemoryBankModule

PATH = "packages/nnclr/src/__fixtures__/nnclr.json"
STEPS, BATCH, INPUTS, FEATURES, HIDDEN, WIDTH, QUEUE = 20, 8, 6, 5, 7, 4, 20
RATE, TEMPERATURE = 0.02, 0.5
gen = rng(2104)


def among_predictions(neighbours: torch.Tensor, p: torch.Tensor, temperature: float) -> torch.Tensor:
    similarities = F.normalize(neighbours, dim=1) @ F.normalize(p, dim=1).T
    return F.cross_entropy(similarities / temperature, torch.arange(len(p)))


def case(name: str, neighbours: np.ndarray, predictions: np.ndarray, temperature: float) -> dict:
    def run(dtype):
        p = tensor(predictions, dtype)
        value = among_predictions(torch.tensor(neighbours, dtype=dtype), p, temperature)
        value.backward()
        return value.detach(), p.grad

    (loss, gradient), (loss32, gradient32) = run(torch.float64), run(torch.float32)
    agree("loss", loss, loss32, 1e-5)
    agree("gradient", gradient, gradient32, 1e-5, floor=float(gradient.abs().max()))
    rows = {"neighbours": pack(neighbours), "predictions": pack(predictions)}
    return {"name": name, "temperature": temperature, **rows, "loss": float(loss), "gradient": pack(gradient)}


def units(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32).astype(np.float64)


def nearest(rows: np.ndarray, support: np.ndarray) -> np.ndarray:
    bank = NNMemoryBankModule(size=support.shape)
    bank.bank = torch.tensor(support)
    return bank(torch.tensor(rows), update=False).numpy()


def neighbours(name: str, rows: np.ndarray, support: np.ndarray) -> dict:
    return {"name": name, "rows": pack(rows), "support": pack(support), "found": pack(nearest(rows, support))}


def norm(x, weights, name):
    return F.batch_norm(x, None, None, weights[f"{name}.weight"], weights[f"{name}.bias"], training=True)


def project(weights, x):
    x = F.relu(x @ weights["backbone.lin.weight"])
    for layer in (0, 3):
        x = F.relu(norm(x @ weights[f"head.{layer}.weight"], weights, f"head.{layer + 1}"))
    return norm(x @ weights["head.6.weight"], weights, "head.7")


def predict(weights, z):
    h = F.relu(norm(z @ weights["predictor.0.weight"], weights, "predictor.1"))
    return h @ weights["predictor.3.weight"] + weights["predictor.3.bias"]


def initial() -> dict[str, np.ndarray]:
    weights = {"backbone.lin.weight": normal(gen, INPUTS, FEATURES)}
    sizes = {"head.0": (FEATURES, HIDDEN), "head.3": (HIDDEN, HIDDEN), "head.6": (HIDDEN, WIDTH), "predictor.0": (WIDTH, HIDDEN)}
    for name, (inputs, outputs) in sizes.items():
        part, layer = name.split(".")
        after = f"{part}.{int(layer) + 1}"
        weights |= {f"{name}.weight": normal(gen, inputs, outputs)}
        weights |= {f"{after}.weight": normal(gen, outputs, scale=0.1, shift=1), f"{after}.bias": normal(gen, outputs)}
    return weights | {"predictor.3.weight": normal(gen, HIDDEN, WIDTH), "predictor.3.bias": normal(gen, WIDTH)}


def trajectory(initial_weights: dict, images: np.ndarray, rows: np.ndarray, dtype: torch.dtype) -> dict:
    weights = {name: tensor(value, dtype) for name, value in initial_weights.items()}
    support, pointer, losses, places = torch.tensor(rows, dtype=dtype), 0, [], []
    for step in range(STEPS):
        z1, z2 = (project(weights, torch.tensor(view, dtype=dtype)) for view in images[step])
        p1, p2 = predict(weights, z1), predict(weights, z2)
        z1, z2 = F.normalize(z1.detach(), dim=1), F.normalize(z2.detach(), dim=1)
        near1, near2 = ((z @ support.T).argmax(1) for z in (z1, z2))
        places += [near1.numpy(), near2.numpy()]
        one, two = among_predictions(support[near1], p2, TEMPERATURE), among_predictions(support[near2], p1, TEMPERATURE)
        loss = one / 2 + two / 2
        loss.backward()
        losses.append(loss.item())
        support[[(pointer + i) % QUEUE for i in range(BATCH)]] = z1
        pointer = (pointer + BATCH) % QUEUE
        with torch.no_grad():
            for value in weights.values():
                value.sub_(RATE * value.grad)
                value.grad = None
    trained = np.concatenate([v.detach().numpy().ravel() for v in weights.values()])
    return {"losses": np.array(losses), "weights": trained, "support": support.numpy(), "pointer": pointer, "places": places}


def steps() -> dict:
    weights = initial()
    images = normal(gen, STEPS, 1, BATCH, INPUTS) + normal(gen, STEPS, 2, BATCH, INPUTS, scale=0.3)
    images = images.astype(np.float32).astype(np.float64)
    rows = units(normal(gen, QUEUE, WIDTH))
    exact, single = (trajectory(weights, images, rows, t) for t in (torch.float64, torch.float32))
    for name in ("losses", "weights", "support"):
        agree(name, exact[name], single[name], 1e-4)
    assert np.array_equal(exact["places"], single["places"]), "neighbours differ in float32: take other numbers"
    return {
        "temperature": TEMPERATURE,
        "rate": RATE,
        "hidden": HIDDEN,
        "initial": {name: pack(value) for name, value in weights.items()},
        "images": pack(images),
        "rows": pack(rows),
        "pointer": exact["pointer"],
        **{name: pack(exact[name]) for name in ("losses", "weights", "support")},
    }


def main() -> None:
    near = normal(gen, 8, 16)
    one = normal(gen, 1, 8)
    alike = among_predictions(torch.tensor(normal(gen, 5, 8)), torch.tensor(np.repeat(one, 5, 0)), 0.1)
    assert math.isclose(alike.item(), math.log(5), rel_tol=1e-9)  # closed form: equal predictions are equal choices
    cases = [
        case("2 images", normal(gen, 2, 3), normal(gen, 2, 3), 0.5),
        case("8 images near their neighbours", near, near + normal(gen, 8, 16, scale=0.5), 0.1),
        case("16 images, long rows", normal(gen, 16, 32), normal(gen, 16, 32, scale=1e3), 0.1),
    ]
    found = [
        neighbours("6 rows among 50", normal(gen, 6, 8, scale=5), units(normal(gen, 50, 8))),
        neighbours("rows that are in the support set", near, units(np.concatenate([normal(gen, 9, 16), near]))),
    ]
    write(PATH, {"source": source(__file__, "torch", "lightly", "numpy"), "cases": cases, "found": found, "steps": [steps()]})


if __name__ == "__main__":
    main()
