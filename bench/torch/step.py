"""A full SimCLR training step in PyTorch with lightly's loss: forward, backward, SGD or AdamW. Prints one line of JSON.

    python bench/torch/step.py --model resnet18 --stem cifar --images 128 --size 32 --steps 5 --layout channels_last

`images` is the number of pictures that go through the network at once (both views stacked). `ms` has every step, the
first ones too, which warm up; `peak_mb` is the largest resident memory of the process (Linux, MiB).
"""

import argparse
import json
import resource
import time

import timm
import torch
import torchvision
from lightly.loss import NTXentLoss
from torch import nn


def network(options: argparse.Namespace) -> nn.Module:
    """torchvision's ResNet or timm's network with SimCLR's head D -> D (batch norm, ReLU) -> 128 in place of the classifier."""
    if not options.model.startswith("resnet"):
        sizes = {"patch_size": options.patchSize, "img_size": options.size} if options.patchSize else {}
        net = timm.create_model(options.model, num_classes=0, **sizes)
        return nn.Sequential(net, head(net.num_features))
    net = getattr(torchvision.models, options.model)()
    if options.stem == "cifar":
        net.conv1, net.maxpool = nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.Identity()
    net.fc = head(net.fc.in_features)
    return net


def head(width: int) -> nn.Module:
    return nn.Sequential(nn.Linear(width, width, bias=False), nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, 128))


def train(options: argparse.Namespace) -> tuple[list[float], float]:
    layout = getattr(torch, {"contiguous": "contiguous_format"}.get(options.layout, options.layout))
    net = network(options).to(memory_format=layout)
    x = torch.randn(options.images, 3, options.size, options.size).to(memory_format=layout)
    if options.model.startswith("resnet"):
        optimizer = torch.optim.SGD(net.parameters(), lr=0.03, momentum=0.9, weight_decay=1e-4)
    else:
        optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=1e-4)
    criterion = NTXentLoss(temperature=0.5)
    times, pairs = [], options.images // 2
    for _ in range(options.steps):
        start = time.perf_counter()
        z = net(x)
        loss = criterion(z[:pairs], z[pairs:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        times.append((time.perf_counter() - start) * 1e3)
    return times, loss.item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=("resnet18", "resnet50", "vit_tiny_patch16_224", "convnext_atto"), default="resnet18")
    parser.add_argument("--patchSize", type=int)
    parser.add_argument("--stem", choices=("cifar", "imagenet"), default="cifar")
    parser.add_argument("--images", type=int, default=128)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--layout", choices=("contiguous", "channels_last"), default="contiguous")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    times, loss = train(options)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"ms": [round(t, 2) for t in times], "peak_mb": round(peak, 1), "loss": loss, **vars(options),
                      "torch": torch.__version__}))


if __name__ == "__main__":
    main()
