"""DeepCluster v2 and k-means: the loss with its gradients, clusters from the same start, and how good clusters from random starts are.

    python scripts/parity/deepcluster.py [folder of facebookresearch/swav]

Clusters from given centroids are scikit-learn's (Euclidean, Lloyd) and FAISS's (spherical). With the folder, the official `cluster_memory` is
run too, from the same rows of the memory, and its centroids and assignments go into the fixture; without, they are those of the formula,
which has to agree with it.
"""

import ast
import sys
from pathlib import Path
from types import SimpleNamespace

import faiss
import numpy as np
import torch
import torch.nn.functional as F
from common import agree, normal, pack, rng, source, tensor, write
from scipy.sparse import csr_matrix
from sklearn.cluster import KMeans

PATH = "packages/deepcluster/src/__fixtures__/deepcluster.json"
gen = rng(1807)


def exact(rows: np.ndarray) -> np.ndarray:
    return rows.astype(np.float32).astype(np.float64)


def units(rows: np.ndarray) -> np.ndarray:
    return exact(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def groups(rows: int, width: int, count: int, spread: float) -> np.ndarray:
    middles = normal(gen, count, width)
    return exact(middles[gen.integers(0, count, rows)] + normal(gen, rows, width, scale=spread))


# -- loss


def loss_case(name: str, scores: list[np.ndarray], temperature: float) -> dict:
    targets = [gen.integers(0, each.shape[1], each.shape[0]) for each in scores]

    def run(dtype):
        leaves = [tensor(each, dtype) for each in scores]
        loss = sum(F.cross_entropy(x / temperature, torch.tensor(t)) for x, t in zip(leaves, targets, strict=True))
        loss = loss / len(leaves)
        loss.backward()
        return loss.detach(), *(leaf.grad for leaf in leaves)

    (loss, *gradients), single = run(torch.float64), run(torch.float32)
    for one, other in zip((loss, *gradients), single, strict=True):
        agree(name, one, other, 1e-5, floor=float(one.abs().max()))
    inputs = {"temperature": temperature, "scores": [pack(x) for x in scores], "assignments": [pack(t) for t in targets]}
    return {"name": name, **inputs, "loss": float(loss), "gradients": [pack(each) for each in gradients]}


# -- clusters from the same start


def euclidean(name: str, rows: np.ndarray, init: np.ndarray, iterations: int) -> dict:
    found = KMeans(len(init), init=init, n_init=1, max_iter=iterations, tol=0, algorithm="lloyd").fit(rows)
    results = {"centroids": pack(found.cluster_centers_), "assignments": pack(found.labels_), "inertia": found.inertia_}
    given = {"metric": "euclidean", "iterations": iterations, "features": pack(rows), "init": pack(init)}
    return {"name": name, "reference": "scikit-learn 1.9.1, KMeans", **given, **results}


def spherical(rows: np.ndarray, init: np.ndarray, iterations: int) -> tuple[np.ndarray, np.ndarray]:
    centroids = init.copy()
    for _ in range(iterations):
        labels = (rows @ centroids.T).argmax(1)
        for k in range(len(init)):
            assert (labels == k).any(), "no cluster may become empty: references differ in what they do then"
            mean = rows[labels == k].mean(0)
            centroids[k] = mean / np.linalg.norm(mean)
    return centroids, (rows @ centroids.T).argmax(1)


def official(folder: str, rows: np.ndarray, chosen: np.ndarray, iterations: int) -> tuple[np.ndarray, np.ndarray]:
    """`cluster_memory` on one process without a GPU, which starts from the rows `chosen`."""
    tree = ast.parse((Path(folder) / "main_deepclusterv2.py").read_text())
    wanted = ("cluster_memory", "get_indices_sparse")
    found = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name in wanted]
    done = SimpleNamespace(wait=lambda: None)
    dist = SimpleNamespace(broadcast=lambda *_: None, all_reduce=lambda _: None)
    dist.all_gather = lambda all_, own, async_op: all_.__setitem__(0, own) or done
    weight = torch.empty(len(chosen), rows.shape[1], dtype=torch.float64)
    prototypes = SimpleNamespace(prototypes0=SimpleNamespace(weight=weight))
    args = SimpleNamespace(nmb_prototypes=[len(chosen)], feat_dim=rows.shape[1], rank=0, world_size=1, crops_for_assign=[0, 1])
    torch.Tensor.cuda = lambda self, **_: self
    names = {"torch": torch, "nn": torch.nn, "np": np, "csr_matrix": csr_matrix, "dist": dist, "args": args}
    exec(compile(ast.Module(found, []), "main_deepclusterv2.py", "exec"), names)
    order = np.concatenate([chosen, np.setdiff1d(np.arange(len(rows)), chosen)])
    shuffle, torch.randperm = torch.randperm, lambda _: torch.tensor(order)
    torch.set_default_dtype(torch.float64)
    try:
        memory = torch.tensor(np.stack([rows, rows]))
        model = SimpleNamespace(module=SimpleNamespace(prototypes=prototypes))
        labels = names["cluster_memory"](model, torch.arange(len(rows)), memory, len(rows), iterations)
    finally:
        torch.randperm = shuffle
        torch.set_default_dtype(torch.float32)
    return weight.numpy(), labels[0].numpy()


def cosine(name: str, rows: np.ndarray, clusters: int, iterations: int, folder: str | None) -> list[dict]:
    chosen = gen.permutation(len(rows))[:clusters]
    init = rows[chosen]
    centroids, labels = spherical(rows, init, iterations)
    if folder:
        theirs, found = official(folder, rows, chosen, iterations)
        agree(f"{name}, official", centroids, theirs, 1e-12)
        assert np.array_equal(labels, found), "the official code finds other clusters"
    inertia = float(((rows - centroids[labels]) ** 2).sum())
    given = {"metric": "cosine", "iterations": iterations, "features": pack(rows), "init": pack(init)}
    results = {"centroids": pack(centroids), "assignments": pack(labels), "inertia": inertia}
    cases = [{"name": name, "reference": "facebookresearch/swav main_deepclusterv2.py, cluster_memory", **given, **results}]
    library = faiss.Kmeans(rows.shape[1], clusters, niter=iterations, spherical=True, max_points_per_centroid=10**6)
    library.train(rows.astype(np.float32), init_centroids=init.astype(np.float32))
    agree(f"{name}, faiss", centroids, library.centroids, 1e-5)
    return cases


# -- clusters from random starts


def inertia_of(name: str, rows: np.ndarray, clusters: int, init: str, metric: str) -> dict:
    if metric == "cosine":
        values = []
        for seed in range(20):
            library = faiss.Kmeans(rows.shape[1], clusters, niter=50, spherical=True, seed=seed, max_points_per_centroid=10**6)
            library.train(rows.astype(np.float32))
            centroids = library.centroids
            values.append(float((2 - 2 * (rows @ centroids.T).max(1)).sum()))
        reference = "faiss-cpu, Kmeans"
    else:
        values = [KMeans(clusters, init=init, n_init=1, random_state=seed, max_iter=50, tol=0).fit(rows).inertia_ for seed in range(20)]
        reference = "scikit-learn 1.9.1, KMeans"
    given = {"metric": metric, "clusters": clusters, "init": init, "features": pack(rows)}
    return {"name": name, "reference": reference, **given, "inertia": float(np.mean(values))}


def main(folder: str | None) -> None:
    losses = [
        loss_case("one head", [normal(gen, 6, 4)], 0.1),
        loss_case("three heads of different sizes", [normal(gen, 12, k, scale=0.3) for k in (4, 7, 11)], 0.1),
        loss_case("a high temperature", [normal(gen, 8, 5) for _ in range(2)], 1),
    ]
    apart, mixed = groups(120, 4, 5, 0.2), groups(200, 6, 8, 0.8)
    clustered = [
        euclidean("120 rows in 5 groups", apart, apart[gen.permutation(120)[:5]], 20),
        euclidean("200 rows in 8 mixed groups, stopped early", mixed, mixed[gen.permutation(200)[:8]], 3),
        euclidean("rows far from the origin", exact(apart + 100), exact(apart + 100)[gen.permutation(120)[:5]], 20),
        *cosine("150 unit rows", units(groups(150, 8, 6, 0.5)), 6, 10, folder),
    ]
    blobs = groups(400, 5, 12, 0.4)
    inertias = [
        inertia_of("400 rows, k-means++", blobs, 12, "k-means++", "euclidean"),
        inertia_of("400 rows, random", blobs, 12, "random", "euclidean"),
        inertia_of("300 unit rows, random", units(groups(300, 6, 10, 0.5)), 10, "random", "cosine"),
    ]
    packages = source(__file__, "torch", "scikit-learn", "faiss-cpu", "numpy")
    write(PATH, {"source": packages, "losses": losses, "clustered": clustered, "inertias": inertias})


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
