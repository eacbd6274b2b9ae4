"""Nearest-neighbour classifiers (scikit-learn) and collapse signals (RankMe, lightly's feature std).

Features are `[N, D]`, not normalized. Weighted votes: exp(cosine / temperature), as lightly's knn_predict, which must agree.
No two candidates are nearly as near, and no two classes nearly as heavy, so float32 must give the same answers.
"""

import numpy as np
import torch
from common import agree, normal, number, pack, rng, source, write
from lightly.utils.benchmarking.knn import knn_predict
from lightly.utils.debug import std_of_l2_normalized
from sklearn.neighbors import KNeighborsClassifier

PATH = "packages/core/src/eval/__fixtures__/knn.json"
CLASSES = 5
CASES = [(1, None), (5, 0.07), (20, 0.07), (20, 0.5), (200, 0.1)]
MARGIN = 1e-6


def features(gen: np.random.Generator, centres: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Rows about their class's centre, far enough apart to err on some; lengths from .3 to 3."""
    rows = centres[labels] + normal(gen, len(labels), centres.shape[1], scale=1.6)
    rows *= gen.uniform(0.3, 3, (len(rows), 1)) / np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32).astype(np.float64)


def normalize(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def classify(train: np.ndarray, labels: np.ndarray, test: np.ndarray, k: int, temperature: float | None) -> dict:
    # scikit-learn's cosine distance is 1 - cosine
    weights = "uniform" if temperature is None else (lambda distance: np.exp((1 - distance) / temperature))
    model = KNeighborsClassifier(k, metric="cosine", algorithm="brute", weights=weights).fit(train, labels)
    distance, neighbours = model.kneighbors(test)
    predictions, scores = model.predict(test), model.predict_proba(test)
    check(train, labels, test, k, temperature, neighbours, predictions, scores)
    return {
        "k": k,
        "temperature": temperature,
        "predictions": predictions.tolist(),
        # the first 20 neighbours, nearest first, and the shares of the vote
        "neighbours": pack(neighbours[:, :20]),
        "similarities": pack(np.round(1 - distance[:, :5], 8)),
        "scores": pack(np.round(scores, 7)),
    }


def check(train, labels, test, k, temperature, neighbours, predictions, scores) -> None:
    cosine = normalize(test) @ normalize(train).T
    steps = -np.diff(-np.sort(-cosine, axis=1), axis=1)
    # the order of the stored neighbours, and who is in
    assert steps[:, :20].min() > MARGIN, "two neighbours are equally near"
    assert k == len(train) or steps[:, k - 1].min() > MARGIN, f"k {k}: the last neighbour is in doubt"
    top = -np.sort(-scores, axis=1)
    assert (top[:, 0] - top[:, 1]).min() > 1e-4, f"k {k}, temperature {temperature}: two classes are equally heavy"
    assert (neighbours[:, :20] == np.argsort(-cosine, axis=1)[:, : min(k, 20)]).all()
    if temperature is not None:
        a, b = (torch.tensor(normalize(x), dtype=torch.float32) for x in (test, train))
        theirs = knn_predict(a, b.T, torch.tensor(labels), CLASSES, k, temperature)[:, 0]
        assert (theirs.numpy() == predictions).all(), f"lightly disagrees at k {k}, temperature {temperature}"


def rank_me(z: np.ndarray, epsilon: float = 1e-7) -> float:
    """arXiv:2210.02885, equations 1 and 2: exp(entropy of p), p_k = sigma_k / sum(sigma) + epsilon."""
    sigma = np.linalg.svd(z, compute_uv=False)
    p = sigma / sigma.sum() + epsilon
    return float(np.exp(-(p * np.log(p)).sum()))


def collapse(name: str, z: np.ndarray) -> dict:
    std = std_of_l2_normalized(torch.tensor(z))
    agree(name, std, std_of_l2_normalized(torch.tensor(z, dtype=torch.float32)), 1e-6)
    single = np.linalg.svd(z.astype(np.float32), compute_uv=False)
    sigma = np.linalg.svd(z, compute_uv=False)
    agree(name, sigma, single, 1e-5)
    values = {"rankMe": number(rank_me(z)), "stdOfL2Normalized": number(std)}
    print(f"{name}: {values}")
    return {"name": name, **values, "singularValues": pack(sigma)["data"], "features": pack(z)}


def signals(gen: np.random.Generator) -> list:
    three = normal(gen, 40, 3) @ normal(gen, 3, 12)
    direction = normal(gen, 1, 12)
    wide = normal(gen, 10, 24)
    decaying = normal(gen, 60, 16) * 0.7 ** np.arange(16)
    collapsed = np.repeat(direction, 40, axis=0) + normal(gen, 40, 12, scale=1e-3)
    cases = {
        "isotropic": normal(gen, 60, 16),
        "decaying directions": decaying,
        "rank 3 of 12": three,
        "collapsed to a point, noise .001": collapsed,
        "offset": normal(gen, 60, 16) + 3,
        "fewer rows than columns": wide,
    }
    return [collapse(k, v.astype(np.float32).astype(np.float64)) for k, v in cases.items()]


def main() -> None:
    gen = rng(1)  # the first seed without a near tie (check)
    centres = normal(gen, CLASSES, 16)
    train_labels, test_labels = gen.integers(0, CLASSES, 200), gen.integers(0, CLASSES, 50)
    train, test = features(gen, centres, train_labels), features(gen, centres, test_labels)
    cases = [classify(train, train_labels, test, k, t) for k, t in CASES]
    for case in cases:
        case["accuracy"] = number((np.array(case["predictions"]) == test_labels).mean())
        print(f"k {case['k']}, temperature {case['temperature']}: accuracy {case['accuracy']}")
    write(
        PATH,
        {
            "source": source(__file__, "scikit-learn", "lightly", "torch", "numpy"),
            "classes": CLASSES,
            "train": {"features": pack(train), "labels": train_labels.tolist()},
            "test": {"features": pack(test), "labels": test_labels.tolist()},
            "knn": cases,
            "collapse": signals(gen),
        },
    )


if __name__ == "__main__":
    main()
