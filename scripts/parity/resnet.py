"""ResNets: narrow ones with their weights in a file, full-size ones with weights by formula (see formula.py).

Networks are timm's, in float64; torchvision's must have the same names, shapes and features, or the script fails.
Weights in a .safetensors file lie in torch's layouts, as timm saves them; tensors in JSON are `[B, H, W, C]` and `[kh, kw, in, out]`.
Stages: `stem` is what follows the first norm and ReLU (before the max pool), then layer1 to layer4; `pooled` is `[B, C]`.
"""

import copy

import numpy as np
import timm
import torch
import torchvision
from common import ROOT, agree, normal, number, pack, rng, source, to_hwio, to_nchw, to_nhwc, write
from formula import fill, is_last_norm, picture, values
from safetensors.torch import save_file
from timm.models.resnet import BasicBlock, Bottleneck, ResNet, make_blocks
from torch import nn

FOLDER = "packages/core/src/backbones/__fixtures__"
SOURCE = source(__file__, "torch", "timm", "torchvision", "safetensors", "numpy")
TINY = {
    "tiny-basic": {"block": BasicBlock, "layers": (2, 2, 2, 2), "width": 4},
    "tiny-bottleneck": {"block": Bottleneck, "layers": (2, 2, 2, 2), "width": 4},
    "tiny-grouped": {"block": Bottleneck, "layers": (1, 1, 1, 1), "width": 4, "cardinality": 4, "base_width": 32},
}
FULL = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnext50_32x4d", "wide_resnet50_2")
DEEP = ("resnet101", "resnet152")


def tiny(block, layers, width, cardinality=1, base_width=64) -> ResNet:
    """timm's ResNet with every width divided alike; its constructor narrows all but the stem."""
    channels = tuple(width * 2**i for i in range(4))
    grouping = {"cardinality": cardinality, "base_width": base_width}
    model = ResNet(block, layers, num_classes=5, channels=channels, zero_init_last=False, **grouping)
    model.conv1, model.bn1 = nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width)
    for name, stage in make_blocks((block,) * 4, channels, layers, width, **grouping)[0]:
        setattr(model, name, stage)
    return model


def randomize(model: nn.Module, seed: int) -> nn.Module:
    """Random weights, norms and running statistics, of sizes that keep activations near 1."""
    gen, state = rng(seed), model.state_dict()
    for name, value in state.items():
        if value.ndim > 1:
            drawn = normal(gen, *value.shape, scale=(2 / value[0].numel()) ** 0.5)
        elif name.endswith(("running_var", "weight")):
            drawn = gen.uniform(0.5, 1.5, value.shape) * (0.3 if is_last_norm(name, set(state)) else 1)
        elif value.ndim == 1:
            drawn = normal(gen, *value.shape, scale=0.2)
        else:
            continue
        value.copy_(torch.from_numpy(drawn))
    return model


def cifar_stem(model: nn.Module) -> nn.Module:
    """SimCLR, appendix B.9: 3x3 convolution of stride 1, no max pool."""
    model.conv1, model.maxpool = nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.Identity()
    return model


def forward(model: ResNet, x: np.ndarray, dtype: torch.dtype = torch.float64) -> dict:
    """Every stage `[B, H, W, C]` and the pooled features, with the graph for gradients."""
    last, stages = model.to(dtype).forward_intermediates(to_nchw(torch.tensor(x, dtype=dtype)))
    names = ("stem", "layer1", "layer2", "layer3", "layer4")
    return {**{k: to_nhwc(v) for k, v in zip(names, stages)}, "pooled": model.forward_head(last, pre_logits=True)}


def check(name: str, model: ResNet, x: np.ndarray, exact: dict) -> float:
    """Largest error of torch's own float32 run in the pooled features; fails where any stage is far off."""
    state = {k: v.clone() for k, v in model.state_dict().items()}
    single = forward(model, x, torch.float32)
    for key, value in exact.items():
        agree(f"{name} {key}", value, single[key], 1e-4)
    model.double().load_state_dict(state)
    return number((single["pooled"].double() - exact["pooled"]).abs().max().detach())


GRADIENTS = ("conv1.weight", "bn1.weight", "bn1.bias", "layer1.0.conv2.weight", "layer2.0.downsample.0.weight",
             "layer2.0.downsample.1.weight", "layer3.0.conv1.weight", "layer4.0.bn2.bias")


def train_pass(model: ResNet, x: np.ndarray, grad_pooled: np.ndarray, dtype: torch.dtype) -> dict:
    """Leaves `model` as it was."""
    model = copy.deepcopy(model).train()
    pooled = forward(model, x, dtype)["pooled"]
    (pooled * torch.tensor(grad_pooled, dtype=dtype)).sum().backward()
    gradients = {k: v.grad for k, v in model.named_parameters() if k in GRADIENTS}
    buffers = {k: v for k, v in model.named_buffers() if k.startswith(("bn1.running", "layer4.0.bn2.running"))}
    return {"pooled": {"pooled": pooled}, "gradients": gradients, "buffersAfter": buffers}


def train_step(model: ResNet, x: np.ndarray, width: int) -> dict:
    """Training mode: features, gradients of sum(pooled * gradPooled), running statistics after one pass."""
    grad_pooled = normal(rng(5), len(x), width)
    exact, single = (train_pass(model, x, grad_pooled, d) for d in (torch.float64, torch.float32))
    for group, tensors in exact.items():
        for key, value in tensors.items():
            agree(f"training, {key}", value, single[group][key], 1e-4)
    packed = {g: {k: pack(to_hwio(v) if v.ndim == 4 else v) for k, v in ts.items()} for g, ts in exact.items()}
    return {"pooled": packed["pooled"]["pooled"], "gradPooled": pack(grad_pooled), **{k: packed[k] for k in ("gradients", "buffersAfter")}}


def write_tiny(name: str, seed: int) -> None:
    options = TINY[name]
    model = randomize(tiny(**options), seed).eval()
    path = ROOT / FOLDER / f"{name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    # one entry only: the writer does not keep the order of several
    save_file(model.state_dict(), path, metadata={"source": SOURCE})
    path.chmod(0o644)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes")
    assert path.stat().st_size <= 300_000
    # odd height, other width: padding and transposed axes show; 1/64 steps keep the file short
    x = np.round(normal(rng(seed + 1), 2, 33, 40, 3) * 64) / 64
    features = forward(model.double(), x)
    check(name, model, x, features)
    fixture = {
        "source": SOURCE,
        "config": {**options, "block": options["block"].__name__, "classes": 5},
        "input": pack(x),
        "features": {k: pack(v) for k, v in features.items()},
        "logits": pack(model(to_nchw(torch.tensor(x)))),
        "train": train_step(model, x, features["pooled"].shape[1]),
    }
    write(f"{FOLDER}/{name}.json", fixture)


def summary(stage: torch.Tensor) -> dict:
    """Mean, standard deviation (population) and 8 values at flat index k * floor(size / 8)."""
    flat = stage.detach().reshape(-1)
    picks = flat[:: flat.numel() // 8][:8]
    return {
        "shape": list(stage.shape),
        "mean": number(flat.mean()),
        "std": number(flat.std(correction=0)),
        "values": pack(picks)["data"],
    }


def same_as_torchvision(name: str, model: ResNet, x: np.ndarray, pooled: torch.Tensor) -> None:
    other = fill(getattr(torchvision.models, name)()).double().eval()
    shapes = [{k: tuple(v.shape) for k, v in m.state_dict().items()} for m in (model, other)]
    assert shapes[0] == shapes[1], f"{name}: timm and torchvision differ in names or shapes"
    other.fc = nn.Identity()
    agree(f"{name} in torchvision", pooled, other(to_nchw(torch.tensor(x, dtype=torch.float64))), 1e-9)


def full(name: str, stem: str, batch: int, size: int, training: bool = False) -> dict:
    model = timm.create_model(name)
    model = fill(cifar_stem(model) if stem == "cifar" else model).double().train(training)
    x = picture(batch, size, size)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    with torch.no_grad():
        features = forward(model, x)
        after = {k: v.clone() for k, v in model.state_dict().items()}
        model.load_state_dict(before)
        error = check(name, model, x, features)
        if stem == "imagenet" and not training:
            same_as_torchvision(name, model, x, features["pooled"])
    wanted = ("bn1.running_mean", "bn1.running_var", "layer4.1.bn2.running_mean", "layer4.1.bn2.running_var")
    running = {k: pack(after[k][:16])["data"] for k in wanted} if training else None
    print(f"{name} {stem} {size} {'train' if training else 'eval'}: float32 error {error:.1e}, "
          + ", ".join(f"{k} {v.mean():.2f}±{v.std():.2f}" for k, v in features.items()))
    return {
        "model": name,
        "stem": stem,
        "mode": "train" if training else "eval",
        "batch": batch,
        "size": size,
        "float32Error": error,
        "stages": {k: summary(v) for k, v in features.items() if k != "pooled"},
        "pooledFirst64": pack(features["pooled"][:, :64]),
        **({"runningAfterFirst16": running} if running else {}),
    }


def names(model: str) -> dict:
    state = timm.create_model(model).state_dict()
    return {k: "x".join(map(str, v.shape)) for k, v in state.items() if not k.endswith("num_batches_tracked")}


def samples() -> list:
    """Some of the formula's own values, to check an implementation of it."""
    wanted = {"conv1.weight": (64, 3, 7, 7), "fc.weight": (10, 512), "bn1.running_var": (64,), "bn1.bias": (64,),
              "bn1.weight": (64,), "layer1.0.bn2.weight": (64,), "layer1.0.bn2.bias": (64,)}
    drawn = {k: values(k, v, set(wanted)) for k, v in wanted.items()} | {"input": picture(1, 8, 8)}
    return [{"name": k, "shape": list(v.shape), "first": pack(v.reshape(-1)[:4])["data"], "last": number(v.reshape(-1)[-1])}
            for k, v in drawn.items()]


def main() -> None:
    torch.set_num_threads(2)
    for seed, name in enumerate(TINY):
        write_tiny(name, 100 + seed)
    write(f"{FOLDER}/names.json", {"source": SOURCE, **{m: names(m) for m in FULL}})
    cases = [full(m, "imagenet", 2, 64) for m in FULL]
    cases += [full(m, "imagenet", 2, 224) for m in FULL if m not in DEEP]
    cases += [full("resnet18", "cifar", 2, 32), full("resnet18", "cifar", 4, 32, training=True)]
    cases += [full("resnet18", "imagenet", 4, 64, training=True)]
    write(f"{FOLDER}/full-size.json", {"source": SOURCE, "formula": samples(), "cases": cases})


if __name__ == "__main__":
    main()
