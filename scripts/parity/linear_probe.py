"""Linear probes: scikit-learn's logistic regression, and PyTorch's SGD with momentum and a cosine.

Features are `[N, D]` about their class's centre, of unequal scale. Both references run on features standardised as the probe does:
by the mean and the standard deviation over train, the variances raised by 1e-6 of their mean. SGD takes all rows in every batch, so that
no order has a part in it, and starts from zeros.
"""

import math

import numpy as np
import torch
from common import agree, normal, number, pack, rng, source, write
from sklearn.linear_model import LogisticRegression

PATH = "packages/core/src/eval/__fixtures__/linear-probe.json"
CLASSES = 4
DIM = 12
EPSILON = 1e-6
L2 = [1e-3, 1e-2, 0.1, 1]
SGD = [(0.03, 0.0), (0.3, 0.0), (0.3, 0.01), (3.0, 0.001)]
EPOCHS = 40
MOMENTUM = 0.9


def features(gen: np.random.Generator, centres: np.ndarray, labels: np.ndarray, scales: np.ndarray) -> np.ndarray:
    rows = (centres[labels] + normal(gen, len(labels), DIM, scale=1.5)) * scales + 2
    return rows.astype(np.float32).astype(np.float64)


class Standard:
    def __init__(self, x: np.ndarray) -> None:
        self.mean, variance = x.mean(axis=0), x.var(axis=0)
        self.deviation = np.sqrt(variance + EPSILON * variance.mean())

    def apply(self, x: np.ndarray) -> np.ndarray:
        return (x - self.mean) / self.deviation

    def classifier(self, weight, bias) -> dict:
        """`[D, K]` and `[K]` of standardised features, as a classifier of the features themselves."""
        raw = np.asarray(weight) / self.deviation[:, None]
        return {"weight": pack(raw), "bias": pack(np.asarray(bias) - self.mean @ raw)}


def regress(l2: float, standard: Standard, train: np.ndarray, labels: np.ndarray, test: np.ndarray, truth: np.ndarray) -> dict:
    """The minimum of mean cross-entropy + l2 / 2 |W|^2."""
    model = LogisticRegression(C=1 / (l2 * len(labels)), solver="newton-cg", tol=1e-10, max_iter=10000).fit(train, labels)
    lbfgs = LogisticRegression(C=1 / (l2 * len(labels)), solver="lbfgs", tol=1e-8, max_iter=10000).fit(train, labels)
    agree(f"l2 {l2}", model.coef_, lbfgs.coef_, 1e-4)
    logits = torch.tensor(model.decision_function(train))
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor(labels)) + l2 / 2 * (model.coef_**2).sum()
    scores = -np.sort(-model.decision_function(test), axis=1)
    assert (scores[:, 0] - scores[:, 1]).min() > 1e-3, f"l2 {l2}: two classes are equally likely"
    return {
        "l2": l2,
        **standard.classifier(model.coef_.T, model.intercept_),
        "loss": number(loss),
        "predictions": model.predict(test).tolist(),
        "accuracy": number(model.score(test, truth)),
    }


def descend(rate: float, decay: float, train: np.ndarray, labels: np.ndarray, dtype: torch.dtype) -> list[torch.Tensor]:
    x, y = torch.tensor(train, dtype=dtype), torch.tensor(labels)
    weight = torch.zeros(DIM, CLASSES, dtype=dtype, requires_grad=True)
    bias = torch.zeros(CLASSES, dtype=dtype, requires_grad=True)
    groups = [{"params": [weight], "weight_decay": decay}, {"params": [bias], "weight_decay": 0.0}]
    peak = rate * len(labels) / 256
    optimizer = torch.optim.SGD(groups, lr=peak, momentum=MOMENTUM)
    for step in range(EPOCHS):
        for group in optimizer.param_groups:
            group["lr"] = peak * (1 + math.cos(math.pi * step / EPOCHS)) / 2
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(x @ weight + bias, y).backward()
        optimizer.step()
    return [weight.detach(), bias.detach()]


def sgd(rate: float, decay: float, standard: Standard, train: np.ndarray, labels: np.ndarray) -> dict:
    weight, bias = descend(rate, decay, train, labels, torch.float64)
    for a, b in zip([weight, bias], descend(rate, decay, train, labels, torch.float32)):
        agree(f"sgd {rate} {decay}", a, b)
    return {"learningRate": rate, "weightDecay": decay, **standard.classifier(weight, bias)}


def main() -> None:
    gen = rng(1)  # the first seed without a near tie (regress)
    centres, scales = normal(gen, CLASSES, DIM), gen.uniform(0.2, 3, DIM)
    train_labels, test_labels = gen.integers(0, CLASSES, 160), gen.integers(0, CLASSES, 80)
    train, test = (features(gen, centres, labels, scales) for labels in (train_labels, test_labels))
    standard = Standard(train)
    ready = [standard.apply(x) for x in (train, test)]
    regressions = [regress(l2, standard, ready[0], train_labels, ready[1], test_labels) for l2 in L2]
    for each in regressions:
        print(f"l2 {each['l2']}: loss {each['loss']}, accuracy {each['accuracy']}")
    write(
        PATH,
        {
            "source": source(__file__, "scikit-learn", "torch", "numpy"),
            "train": {"features": pack(train), "labels": train_labels.tolist()},
            "test": {"features": pack(test), "labels": test_labels.tolist()},
            "lbfgs": regressions,
            "epochs": EPOCHS,
            "sgd": [sgd(rate, decay, standard, ready[0], train_labels) for rate, decay in SGD],
        },
    )


if __name__ == "__main__":
    main()
