"""Weighted k-nearest neighbours: scikit-learn and FAISS. Prints one line of JSON.

    python bench/torch/knn.py --train 50000 --test 10000 --dim 512 --k 20

All take features of length 1 and vote with exp(cosine / temperature). scikit-learn runs twice: `metric="cosine"`, and
`metric="euclidean"`, which ranks alike on such features and has a faster path. Seconds hold fitting and predicting.
"""

import argparse
import json
import resource
import time

import faiss
import numpy as np
from sklearn.neighbors import KNeighborsClassifier
from threadpoolctl import threadpool_limits


def features(options: argparse.Namespace) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Train features, train labels, test features: classes that overlap."""
    gen = np.random.default_rng(0)
    centres = gen.standard_normal((options.classes, options.dim), dtype=np.float32)
    sets = []
    for count in (options.train, options.test):
        labels = gen.integers(0, options.classes, count)
        rows = 0.2 * centres[labels] + gen.standard_normal((count, options.dim), dtype=np.float32)
        sets.append((rows / np.linalg.norm(rows, axis=1, keepdims=True), labels))
    return sets[0][0], sets[0][1], sets[1][0]


def with_sklearn(metric: str, options: argparse.Namespace, train, labels, test) -> np.ndarray:
    # of two rows of length 1: cosine distance = 1 - cosine, euclidean distance ** 2 = 2 - 2 cosine
    cosine = {"cosine": lambda d: 1 - d, "euclidean": lambda d: 1 - d**2 / 2}[metric]
    weights = lambda d: np.exp(cosine(d) / options.temperature)  # noqa: E731
    model = KNeighborsClassifier(options.k, metric=metric, algorithm="brute", weights=weights)
    return model.fit(train, labels).predict(test)


def with_faiss(options: argparse.Namespace, train, labels, test) -> np.ndarray:
    index = faiss.IndexFlatIP(options.dim)
    index.add(train)
    cosine, neighbours = index.search(test, options.k)
    votes = np.zeros((len(test), options.classes))
    rows = np.repeat(np.arange(len(test)), options.k)
    np.add.at(votes, (rows, labels[neighbours].ravel()), np.exp(cosine / options.temperature).ravel())
    return votes.argmax(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("train", 50_000), ("test", 10_000), ("dim", 512), ("k", 20), ("classes", 100), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--temperature", type=float, default=0.07)
    options = parser.parse_args()
    data = features(options)
    faiss.omp_set_num_threads(options.threads)
    ways = {
        "faiss": lambda: with_faiss(options, *data),
        "sklearn_cosine": lambda: with_sklearn("cosine", options, *data),
        "sklearn_euclidean": lambda: with_sklearn("euclidean", options, *data),
    }
    seconds, predictions = {}, {}
    with threadpool_limits(options.threads):
        for name, way in ways.items():
            start = time.perf_counter()
            predictions[name] = way()
            seconds[name] = round(time.perf_counter() - start, 3)
    agreement = {k: float((v == predictions["faiss"]).mean()) for k, v in predictions.items() if k != "faiss"}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "agreement_with_faiss": agreement, "peak_mb": round(peak, 1), **vars(options)}))


if __name__ == "__main__":
    main()
