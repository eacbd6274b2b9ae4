"""SwAV: assignments, the loss with its gradients, and 20 steps with a queue that starts late.

    python scripts/parity/swav.py [folder of facebookresearch/swav]

Assignments and loss are lightly's. With the folder, the official `distributed_sinkhorn` is run too, alone and on two processes, and has to
agree. The steps follow the order of main_swav.py: prototypes are made unit vectors, all views are encoded (one pass for each size), images are
assigned together with the queue once it is full, the queue takes the new embeddings, and weights learn; prototypes not in the first epoch.
"""

import ast
import os
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F
from common import agree, normal, pack, rng, source, tensor, write
from lightly.loss import SwaVLoss
from lightly.loss.swav_loss import sinkhorn

PATH = "packages/swav/src/__fixtures__/swav.json"
STEPS, EPOCH, BATCH, INPUTS, FEATURES, HIDDEN, WIDTH, PROTOTYPES, QUEUE = 20, 5, 8, 6, 5, 7, 4, 6, 24
RATE, TEMPERATURE, EPSILON = 0.02, 0.5, 0.2
gen = rng(2006)


def units(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32).astype(np.float64)


def scores(images: int, prototypes: int, width: int) -> np.ndarray:
    return (units(normal(gen, images, width)) @ units(normal(gen, prototypes, width)).T).astype(np.float32).astype(np.float64)


# -- the official function, taken out of a file that cannot be imported


def official(folder: str, epsilon: float, iterations: int, ranks: int):
    tree = ast.parse((Path(folder) / "main_swav.py").read_text())
    found = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "distributed_sinkhorn")
    names = {"torch": torch, "dist": dist if ranks > 1 else SimpleNamespace(all_reduce=lambda x: x)}
    names["args"] = SimpleNamespace(epsilon=epsilon, sinkhorn_iterations=iterations, world_size=ranks)
    exec(compile(ast.Module([found], []), "main_swav.py", "exec"), names)
    return names["distributed_sinkhorn"]


def as_rank(rank: int, folder: str, rows: torch.Tensor, epsilon: float, iterations: int, out: str) -> None:
    torch.distributed.init_process_group("gloo", init_method=f"file://{out}/meet", rank=rank, world_size=2)
    torch.save(official(folder, epsilon, iterations, 2)(rows.chunk(2)[rank].clone()), f"{out}/{rank}")
    torch.distributed.destroy_process_group()


def on_two_ranks(folder: str, rows: torch.Tensor, epsilon: float, iterations: int) -> torch.Tensor:
    with tempfile.TemporaryDirectory() as out:
        torch.multiprocessing.spawn(as_rank, (folder, rows, epsilon, iterations, out), nprocs=2)
        return torch.cat([torch.load(f"{out}/{rank}") for rank in range(2)])


def assignment(name: str, rows: np.ndarray, epsilon: float, iterations: int, folder: str | None) -> dict:
    exact = sinkhorn(torch.tensor(rows), iterations, epsilon)
    agree(name, exact, sinkhorn(torch.tensor(rows, dtype=torch.float32), iterations, epsilon), 1e-4)
    if folder:
        agree(f"{name}, official", exact, official(folder, epsilon, iterations, 1)(torch.tensor(rows)), 1e-12)
        agree(f"{name}, two ranks", exact, on_two_ranks(folder, torch.tensor(rows), epsilon, iterations), 1e-12)
    return {"name": name, "epsilon": epsilon, "iterations": iterations, "scores": pack(rows), "assignments": pack(exact)}


def loss_case(name: str, views: list[np.ndarray], queues: list[np.ndarray] | None, temperature: float, epsilon: float) -> dict:
    def run(dtype):
        leaves = [tensor(view, dtype) for view in views]
        criterion = SwaVLoss(temperature=temperature, sinkhorn_epsilon=epsilon)
        more = queues and [torch.tensor(queue, dtype=dtype) for queue in queues]
        value = criterion(leaves[:2], leaves[2:], more).squeeze()
        value.backward()
        return value.detach(), *(leaf.grad for leaf in leaves)

    exact, single = run(torch.float64), run(torch.float32)
    for one, other in zip(exact, single, strict=True):
        agree(name, one, other, 1e-4, floor=float(one.abs().max()))
    loss, *gradients = exact
    inputs = {"temperature": temperature, "epsilon": epsilon, "views": [pack(view) for view in views]}
    inputs["queues"] = [pack(queue) for queue in queues or []]
    return {"name": name, **inputs, "loss": float(loss), "gradients": [pack(each) for each in gradients]}


# -- 20 steps


def norm(x, weights, name):
    return F.batch_norm(x, None, None, weights[f"{name}.weight"], weights[f"{name}.bias"], training=True)


def embed(weights, views):
    """Views of one size go through the backbone together, all through the head."""
    sizes = {view.shape[1]: None for view in views}
    passes = [torch.cat([view for view in views if view.shape[1] == size]) for size in sizes]
    x = torch.cat([F.relu(norm(x.mean(1) @ weights["backbone.lin.weight"], weights, "backbone.bn")) for x in passes])
    h = F.relu(norm(x @ weights["head.0.weight"], weights, "head.1"))
    return F.normalize(h @ weights["head.3.weight"] + weights["head.3.bias"], dim=1)


def initial() -> dict[str, np.ndarray]:
    weights = {"backbone.lin.weight": normal(gen, INPUTS, FEATURES)}
    for name, width in (("backbone.bn", FEATURES), ("head.1", HIDDEN)):
        weights |= {f"{name}.weight": normal(gen, width, scale=0.1, shift=1), f"{name}.bias": normal(gen, width)}
    weights |= {"head.0.weight": normal(gen, FEATURES, HIDDEN), "head.3.weight": normal(gen, HIDDEN, WIDTH)}
    return weights | {"head.3.bias": normal(gen, WIDTH), "prototypes.weight": normal(gen, WIDTH, PROTOTYPES)}


def trajectory(first: dict, large: np.ndarray, small: np.ndarray, dtype: torch.dtype) -> dict:
    weights = {name: tensor(value, dtype) for name, value in first.items()}
    queue, use, losses, used = None, False, [], []
    ring = torch.zeros(QUEUE, 2 * WIDTH, dtype=dtype)
    for step in range(STEPS):
        if step // EPOCH >= 1 and queue is None:
            queue = torch.zeros(2, QUEUE, WIDTH, dtype=dtype)
        with torch.no_grad():
            weights["prototypes.weight"].copy_(F.normalize(weights["prototypes.weight"], dim=0))
        views = [torch.tensor(view, dtype=dtype) for view in (*large[step], *small[step])]
        embeddings = embed(weights, views)
        output = embeddings @ weights["prototypes.weight"]
        each = output.chunk(len(views))
        loss = 0
        for crop in range(2):
            with torch.no_grad():
                out, own = each[crop].detach(), embeddings.detach().chunk(len(views))[crop]
                if queue is not None:
                    if use or not torch.all(queue[crop, -1] == 0):
                        use = True
                        out = torch.cat((queue[crop] @ weights["prototypes.weight"], out))
                    queue[crop, BATCH:] = queue[crop, :-BATCH].clone()
                    queue[crop, :BATCH] = own
                q = sinkhorn(out, 3, EPSILON)[-BATCH:]
            others = [v for v in range(len(views)) if v != crop]
            loss = loss - sum((q * F.log_softmax(each[v] / TEMPERATURE, 1)).sum(1).mean() for v in others) / len(others) / 2
        loss.backward()
        losses.append(loss.item())
        used.append(int(use))
        places = [(step * BATCH + i) % QUEUE for i in range(BATCH)]
        ring[places] = torch.cat(embeddings.detach().chunk(len(views))[:2], 1)
        with torch.no_grad():
            for name, value in weights.items():
                if name != "prototypes.weight" or step >= EPOCH:
                    value.sub_(RATE * value.grad)
                value.grad = None
    trained = np.concatenate([v.detach().numpy().ravel() for v in weights.values()])
    return {"losses": np.array(losses), "weights": trained, "queue": ring.numpy(), "used": used}


def steps() -> dict:
    first = initial()
    base = normal(gen, STEPS, 1, BATCH, 1, INPUTS)
    large = (base + normal(gen, STEPS, 2, BATCH, 4, INPUTS, scale=0.3)).astype(np.float32).astype(np.float64)
    small = (base + normal(gen, STEPS, 3, BATCH, 1, INPUTS, scale=0.3)).astype(np.float32).astype(np.float64)
    exact, single = (trajectory(first, large, small, t) for t in (torch.float64, torch.float32))
    for name in ("losses", "weights", "queue"):
        agree(name, exact[name], single[name], 1e-4)
    assert 0 in exact["used"] and 1 in exact["used"], "the queue must come in on the way"
    sizes = {"temperature": TEMPERATURE, "epsilon": EPSILON, "rate": RATE, "stepsPerEpoch": EPOCH, "queueSize": QUEUE}
    return {
        **sizes,
        "initial": {name: pack(value) for name, value in first.items()},
        "large": pack(large),
        "small": pack(small),
        "used": exact["used"],
        **{name: pack(exact[name]) for name in ("losses", "weights", "queue")},
    }


def main(folder: str | None) -> None:
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    assignments = [
        assignment("8 images, 3 prototypes", scores(8, 3, 4), 0.05, 3, folder),
        assignment("6 images, 10 prototypes", scores(6, 10, 16), 0.05, 3, folder),
        assignment("32 images, 12 prototypes, 10 iterations", scores(32, 12, 8), 0.03, 10, folder),
    ]
    views = lambda count, images, prototypes: [scores(images, prototypes, 8) for _ in range(count)]
    losses = [
        loss_case("2 views", views(2, 6, 4), None, 0.1, 0.05),
        loss_case("2 large and 4 small views", views(6, 8, 12), None, 0.1, 0.05),
        loss_case("2 large and 2 small views with a queue", views(4, 8, 12), views(2, 20, 12), 0.1, 0.05),
    ]
    packages = source(__file__, "torch", "lightly", "numpy")
    write(PATH, {"source": packages, "assignments": assignments, "losses": losses, "steps": [steps()]})


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
