"""MoCo: both losses with their gradients, batch norm in groups, and 20 steps of versions 2 and 3.

InfoNCE with a queue and batch norm in groups are lightly's. The steps follow the order of the official code: the key encoder moves first,
then queries and keys are made, the loss is taken, keys go into the queue, and at last the query encoder learns. The official code asks that
the batch divides the queue; here it does not, and what it would do is continued: places go round. A queue that the batch divides is compared
with lightly's memory bank as the fixture is made.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from common import agree, normal, pack, rng, source, tensor, write
from lightly.loss import NTXentLoss
from lightly.models.batchnorm import SplitBatchNorm
from lightly.models.modules.memory_bank import MemoryBankModule

PATH = "packages/moco/src/__fixtures__/moco.json"
STEPS, BATCH, INPUTS, FEATURES, HIDDEN, WIDTH, QUEUE = 20, 8, 6, 5, 7, 4, 20
RATE, MOMENTUM = 0.02, 0.9
gen = rng(1911)


def both(run) -> dict:
    """Loss and gradient in float64, checked against float32."""
    (loss, gradient), (loss32, gradient32) = run(torch.float64), run(torch.float32)
    agree("loss", loss, loss32, 1e-5)
    agree("gradient", gradient, gradient32, 1e-5, floor=float(gradient.abs().max()))
    return {"loss": float(loss), "gradient": pack(gradient)}


def with_queue(name: str, query, keys, queue, temperature: float) -> dict:
    def run(dtype):
        q = tensor(query, dtype)
        loss = NTXentLoss(temperature=temperature, memory_bank_size=queue.shape)
        loss.memory_bank.bank = torch.tensor(queue, dtype=dtype)
        value = loss(q, torch.tensor(keys, dtype=dtype))
        value.backward()
        return value.detach(), q.grad

    rows = {"query": pack(query), "keys": pack(keys), "queue": pack(queue)}
    return {"name": name, "temperature": temperature, **rows, **both(run)}


def among_keys(q: torch.Tensor, k: torch.Tensor, temperature: float) -> torch.Tensor:
    """moco-v3, moco/builder.py, contrastive_loss, on one process."""
    similarities = F.normalize(q, dim=1) @ F.normalize(k, dim=1).T
    return F.cross_entropy(similarities / temperature, torch.arange(len(q))) * 2 * temperature


def in_batch(name: str, query, keys, temperature: float) -> dict:
    def run(dtype):
        q = tensor(query, dtype)
        value = among_keys(q, torch.tensor(keys, dtype=dtype), temperature)
        value.backward()
        return value.detach(), q.grad

    return {"name": name, "temperature": temperature, "query": pack(query), "keys": pack(keys), **both(run)}


def grouped_norm() -> dict:
    """lightly deals images out to groups in turn; in order they are put so that each group lies together."""
    x, groups = normal(gen, 8, 3, 2, 5, scale=2, shift=0.5), 2
    norm = SplitBatchNorm(5, groups).double()
    y = norm(torch.tensor(x).permute(0, 3, 1, 2).contiguous()).permute(0, 2, 3, 1)
    together = np.concatenate([np.arange(g, len(x), groups) for g in range(groups)])
    return {"groups": groups, "x": pack(x[together]), "y": pack(y.detach()[together])}


class Network:
    """Backbone, head and for version 3 a predictor, as small as can be, from one dictionary of weights."""

    def __init__(self, version: int, weights: dict):
        self.version, self.weights = version, weights

    def norm(self, x, name):
        affine = (self.weights.get(f"{name}.weight"), self.weights.get(f"{name}.bias"))
        return F.batch_norm(x, None, None, *affine, training=True)

    def linear(self, x, name):
        y = x @ self.weights[f"{name}.weight"]
        return y + self.weights[f"{name}.bias"] if f"{name}.bias" in self.weights else y

    def mlp(self, x, name, last_norm):
        if self.version == 2:
            return self.linear(F.relu(self.linear(x, f"{name}.0")), f"{name}.2")
        y = self.linear(F.relu(self.norm(self.linear(x, f"{name}.0"), f"{name}.1")), f"{name}.3")
        return F.batch_norm(y, None, None, training=True) if last_norm else y

    def project(self, x):
        return self.mlp(F.relu(self.linear(x, "backbone.lin")), "head", last_norm=True)

    def predict(self, z):
        return self.mlp(z, "predictor", last_norm=False)


def initial(version: int) -> dict[str, np.ndarray]:
    weights = {"backbone.lin.weight": normal(gen, INPUTS, FEATURES)}
    if version == 2:
        weights |= {"head.0.weight": normal(gen, FEATURES, HIDDEN), "head.0.bias": normal(gen, HIDDEN)}
        return weights | {"head.2.weight": normal(gen, HIDDEN, WIDTH), "head.2.bias": normal(gen, WIDTH)}
    for name, inputs in (("head", FEATURES), ("predictor", WIDTH)):
        weights |= {f"{name}.0.weight": normal(gen, inputs, HIDDEN)}
        weights |= {f"{name}.1.weight": normal(gen, HIDDEN, scale=0.1, shift=1), f"{name}.1.bias": normal(gen, HIDDEN)}
        weights |= {f"{name}.3.weight": normal(gen, HIDDEN, WIDTH)}
    return weights


def momentum_at(version: int, step: int) -> float:
    """moco-v3, main_moco.py, adjust_moco_momentum: the epoch over the epochs is the step over the steps."""
    if version == 2:
        return MOMENTUM
    return 1.0 - 0.5 * (1.0 + math.cos(math.pi * step / STEPS)) * (1.0 - MOMENTUM)


def trajectory(version: int, temperature: float, weights: dict, images, rows, dtype) -> dict:
    query = Network(version, {name: tensor(value, dtype) for name, value in weights.items()})
    key = Network(version, {k: v.detach().clone() for k, v in query.weights.items() if not k.startswith("predictor")})
    queue, pointer, losses = torch.tensor(rows, dtype=dtype), 0, []
    for step in range(STEPS):
        first, second = torch.tensor(images[step], dtype=dtype)
        with torch.no_grad():
            m = momentum_at(version, step)
            for name, value in key.weights.items():
                value.mul_(m).add_(query.weights[name], alpha=1 - m)
        if version == 2:
            q = F.normalize(query.project(first), dim=1)
            with torch.no_grad():
                k = F.normalize(key.project(second), dim=1)
            logits = torch.cat([(q * k).sum(1, keepdim=True), q @ queue.clone().T], dim=1) / temperature
            loss = F.cross_entropy(logits, torch.zeros(BATCH, dtype=torch.long))
            queue[[(pointer + i) % QUEUE for i in range(BATCH)]] = k
            pointer = (pointer + BATCH) % QUEUE
        else:
            q1, q2 = (query.predict(query.project(x)) for x in (first, second))
            with torch.no_grad():
                k1, k2 = key.project(first), key.project(second)
            loss = among_keys(q1, k2, temperature) + among_keys(q2, k1, temperature)
        loss.backward()
        losses.append(loss.item())
        with torch.no_grad():
            for value in query.weights.values():
                value.sub_(RATE * value.grad)
                value.grad = None
    return {
        "losses": np.array(losses),
        "query": np.concatenate([v.detach().numpy().ravel() for v in query.weights.values()]),
        "key": np.concatenate([v.numpy().ravel() for v in key.weights.values()]),
        "queue": queue.numpy(),
        "pointer": pointer,
    }


def steps(version: int, temperature: float) -> dict:
    weights = initial(version)
    images = normal(gen, STEPS, 1, BATCH, INPUTS) + normal(gen, STEPS, 2, BATCH, INPUTS, scale=0.3)
    images = images.astype(np.float32).astype(np.float64)
    rows = normal(gen, QUEUE, WIDTH)
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32).astype(np.float64)
    exact, single = (trajectory(version, temperature, weights, images, rows, t) for t in (torch.float64, torch.float32))
    for name in ("losses", "query", "key", "queue"):
        agree(f"version {version} {name}", exact[name], single[name], 1e-4)
    return {
        "version": version,
        "temperature": temperature,
        "momentum": MOMENTUM,
        "rate": RATE,
        "hidden": HIDDEN,
        "weights": {name: pack(value) for name, value in weights.items()},
        "images": pack(images),
        "rows": pack(rows),
        "momenta": [momentum_at(version, step) for step in range(STEPS)],
        "pointer": exact["pointer"],
        **{name: pack(exact[name]) for name in ("losses", "query", "key", "queue")},
    }


def check_ring() -> None:
    """Where the batch divides the queue, places that go round are lightly's memory bank."""
    size = 3 * BATCH
    bank = MemoryBankModule(size=(size, WIDTH))
    ring, pointer = bank.bank.clone(), 0
    for _ in range(STEPS):
        rows = torch.tensor(normal(gen, BATCH, WIDTH), dtype=torch.float32)
        bank(rows, update=True)
        ring[[(pointer + i) % size for i in range(BATCH)]] = rows
        pointer = (pointer + BATCH) % size
    assert torch.equal(ring, bank.bank) and pointer == int(bank.bank_ptr)


def units(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32).astype(np.float64)


def main() -> None:
    check_ring()
    near = normal(gen, 8, 16)
    one = units(normal(gen, 1, 8))
    queued = [
        with_queue("4 queries, 6 keys in the queue", normal(gen, 4, 3), normal(gen, 4, 3), units(normal(gen, 6, 3)), 0.2),
        with_queue("8 queries near their keys, 64", near, near + normal(gen, 8, 16, scale=0.5), units(normal(gen, 64, 16)), 0.07),
        with_queue("rows of length about 1,000", normal(gen, 5, 8, scale=1e3), normal(gen, 5, 8), units(normal(gen, 33, 8)), 0.2),
    ]
    # closed form: rows that are all alike leave K + 1 equal choices
    alike = NTXentLoss(temperature=0.5, memory_bank_size=(9, 8))
    alike.memory_bank.bank = torch.tensor(np.repeat(one, 9, 0))
    assert math.isclose(alike(*torch.tensor(np.repeat(one, 6, 0)).chunk(2)).item(), math.log(10), rel_tol=1e-7)
    batched = [
        in_batch("2 images", normal(gen, 2, 3), normal(gen, 2, 3), 1.0),
        in_batch("8 images near their keys", near, near + normal(gen, 8, 16, scale=0.5), 0.2),
        in_batch("16 images", normal(gen, 16, 32, scale=30), normal(gen, 16, 32), 0.07),
    ]
    write(
        PATH,
        {
            "source": source(__file__, "torch", "lightly", "numpy"),
            "queued": queued,
            "batched": batched,
            "norm": grouped_norm(),
            "steps": [steps(2, 0.2), steps(3, 1.0)],
        },
    )


if __name__ == "__main__":
    main()
