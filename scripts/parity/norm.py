"""Layers: outputs and gradients of batch norm, linear, convolution, pooling, l2 norm and cross-entropy.

Layouts: images `[B, H, W, C]`, convolution weights `[kh, kw, in/groups, out]`, linear weights `[in, out]`.
The gradients are those of `sum(output * gradOutput)`.
"""

import torch
import torch.nn.functional as F
from common import agree, normal, pack, rng, source, tensor, to_nchw, to_nhwc, to_oihw, uniform, write

PATH = "packages/core/src/nn/__fixtures__/layers.json"
gen = rng(20020)


def differentiate(fn, inputs: dict, grad_output=None):
    """Output and gradients of `fn(**inputs)`, and the gradient that was fed in (drawn where none is given)."""
    runs = {}
    for dtype in (torch.float64, torch.float32):
        leaves = {k: tensor(v, dtype) for k, v in inputs.items()}
        output = fn(**leaves)
        if grad_output is None:
            grad_output = normal(gen, *output.shape)
        (output * torch.tensor(grad_output, dtype=dtype)).sum().backward()
        runs[dtype] = (output, {k: v.grad for k, v in leaves.items()})
    exact, single = runs[torch.float64], runs[torch.float32]
    agree("output", exact[0], single[0])
    for key in inputs:
        agree(f"gradient of {key}", exact[1][key], single[1][key])
    return exact[0], exact[1], grad_output


def layer(name: str, fn, inputs: dict, attributes: dict | None = None, more: dict | None = None) -> dict:
    output, gradients, grad_output = differentiate(fn, inputs)
    return {
        "name": name,
        "attributes": attributes or {},
        "inputs": {k: pack(v) for k, v in inputs.items()},
        "output": pack(output),
        "gradOutput": pack(grad_output),
        "gradients": {k: pack(v) for k, v in gradients.items()},
        **(more or {}),
    }


def batch_norm(name: str, shape: tuple, training: bool, shift: float = 0.0) -> dict:
    """Torch normalizes with the biased variance and keeps the unbiased one: new = .9 old + .1 batch."""
    channels = shape[-1]
    inputs = {
        "x": normal(gen, *shape, scale=1.5, shift=shift),
        "gamma": uniform(gen, 0.5, 1.5, channels),
        "beta": normal(gen, channels, scale=0.3),
    }
    mean, variance = normal(gen, channels, scale=0.2), uniform(gen, 0.5, 2.0, channels)
    spatial = len(shape) == 4
    after = {}

    def fn(x, gamma, beta):
        running = [torch.tensor(v, dtype=x.dtype) for v in (mean, variance)]
        y = F.batch_norm(to_nchw(x) if spatial else x, *running, gamma, beta, training, momentum=0.1, eps=1e-5)
        if x.dtype == torch.float64:
            after.update(runningMean=pack(running[0]), runningVariance=pack(running[1]))
        return to_nhwc(y) if spatial else y

    case = layer(name, fn, inputs, {"training": training, "momentum": 0.1, "epsilon": 1e-5})
    before = {"runningMean": pack(mean), "runningVariance": pack(variance)}
    return {**case, "before": before, "after": after}


def check_modules() -> None:
    """The functional form above is what nn.BatchNorm2d and nn.BatchNorm1d do in a training step."""
    for module, shape in ((torch.nn.BatchNorm2d(3), (4, 3, 5, 2)), (torch.nn.BatchNorm1d(3), (9, 3))):
        x = torch.tensor(normal(gen, *shape), dtype=torch.float32)
        mean, variance = torch.zeros(3), torch.ones(3)
        expected = F.batch_norm(x, mean, variance, module.weight, module.bias, True, 0.1, 1e-5)
        assert torch.equal(module(x), expected)
        assert torch.equal(module.running_mean, mean) and torch.equal(module.running_var, variance)


def convolution(name: str, size: tuple, channels: tuple, kernel: int, bias: bool = False, **attributes) -> dict:
    groups = attributes.get("groups", 1)
    inputs = {
        "x": normal(gen, 2, *size, channels[0]),
        "weight": normal(gen, kernel, kernel, channels[0] // groups, channels[1], scale=0.4),
    }
    if bias:
        inputs["bias"] = normal(gen, channels[1])
    full = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, **attributes}

    def fn(x, weight, bias=None):
        return to_nhwc(F.conv2d(to_nchw(x), to_oihw(weight), bias, **full))

    return layer(name, fn, inputs, full)


def convolutions() -> list:
    return [
        convolution("conv 3x3", (6, 5), (3, 4), 3, padding=1),
        convolution("conv 3x3, bias, no padding", (6, 5), (3, 4), 3, bias=True),
        convolution("conv 3x3, stride 2, even height, odd width", (6, 7), (3, 4), 3, stride=2, padding=1),
        convolution("conv 1x1", (4, 3), (5, 6), 1),
        convolution("conv 1x1, stride 2", (5, 6), (4, 6), 1, stride=2),
        convolution("conv 7x7, stride 2, stem", (9, 10), (3, 4), 7, stride=2, padding=3),
        convolution("conv 3x3, 2 groups", (5, 4), (4, 6), 3, padding=1, groups=2),
        convolution("conv 3x3, 2 groups, stride 2", (6, 7), (6, 4), 3, stride=2, padding=1, groups=2),
        convolution("conv 3x3, depthwise", (5, 4), (4, 4), 3, padding=1, groups=4),
        convolution("conv 3x3, dilation 2", (7, 6), (3, 4), 3, padding=2, dilation=2),
    ]


def pooling(name: str, size: tuple, kind: str, shift: float = 0.0, **attributes) -> dict:
    """`attributes`: kernel, stride, padding and, for the average, countsPadding."""
    pool = {"max": F.max_pool2d, "average": F.avg_pool2d}[kind]
    window = [attributes[k] for k in ("kernel", "stride", "padding")]
    more = {"count_include_pad": attributes["countsPadding"]} if "countsPadding" in attributes else {}

    def fn(x):
        return to_nhwc(pool(to_nchw(x), *window, **more))

    return layer(name, fn, {"x": normal(gen, 2, *size, 3, shift=shift)}, {"kind": kind, **attributes})


def poolings() -> list:
    window = {"kernel": 3, "stride": 2, "padding": 1}
    return [
        pooling("max pool 3x3, stride 2, padding 1", (8, 7), "max", **window),
        # padded with minus infinity, not with zeros
        pooling("max pool 3x3, stride 2, padding 1, all negative", (7, 8), "max", shift=-9.0, **window),
        pooling("max pool 2x2", (6, 4), "max", kernel=2, stride=2, padding=0),
        pooling("average pool 2x2", (6, 4), "average", kernel=2, stride=2, padding=0),
        pooling("average pool 3x3, padding counted", (7, 6), "average", **window, countsPadding=True),
        pooling("average pool 3x3, padding not counted", (7, 6), "average", **window, countsPadding=False),
        layer("global average pool", lambda x: to_nchw(x).mean((2, 3)), {"x": normal(gen, 2, 3, 5, 4)}),
    ]


def linear(name: str, bias: bool) -> dict:
    inputs = {"x": normal(gen, 5, 7), "weight": normal(gen, 7, 4, scale=0.5)}
    if bias:
        inputs["bias"] = normal(gen, 4)
    return layer(name, lambda x, weight, bias=None: F.linear(x, weight.T, bias), inputs)


def cross_entropy(name: str, smoothing: float, scale: float) -> dict:
    """Mean over the batch; smoothing as torch's: (1 - s) one-hot + s / classes."""
    labels = torch.tensor([0, 4, 2, 2, 1, 3])
    attributes = {"labels": labels.tolist(), "labelSmoothing": smoothing}
    inputs = {"logits": normal(gen, 6, 5, scale=scale)}
    return layer(name, lambda logits: F.cross_entropy(logits, labels, label_smoothing=smoothing), inputs, attributes)


def main() -> None:
    check_modules()
    norms = [
        batch_norm("batch norm 2-D, train", (3, 4, 5, 6), True),
        batch_norm("batch norm 2-D, train, mean 30", (3, 4, 5, 6), True, shift=30.0),
        batch_norm("batch norm 2-D, eval", (3, 4, 5, 6), False),
        batch_norm("batch norm 1-D, train", (8, 5), True),
        batch_norm("batch norm 1-D, eval", (8, 5), False),
    ]
    unit = {"x": normal(gen, 4, 6), "tiny": normal(gen, 4, 6, scale=1e-3)}
    others = [
        linear("linear, bias", True),
        linear("linear, no bias", False),
        layer("l2 normalize", lambda x: F.normalize(x, dim=1), {"x": unit["x"]}, {"epsilon": 1e-12}),
        layer("l2 normalize, small rows", lambda x: F.normalize(x, dim=1), {"x": unit["tiny"]}, {"epsilon": 1e-12}),
        cross_entropy("cross-entropy", 0.0, 2.0),
        cross_entropy("cross-entropy, label smoothing", 0.1, 2.0),
        cross_entropy("cross-entropy, large logits", 0.1, 200.0),
    ]
    write(
        PATH,
        {
            "source": source(__file__, "torch", "numpy"),
            "batchNorm": norms,
            "convolution": convolutions(),
            "pooling": poolings(),
            "other": others,
        },
    )


if __name__ == "__main__":
    main()
