"""SimCLR training with lightly's views and torch's loader on a small network. Prints one line of JSON.

    python bench/torch/end_to_end.py --seconds 20

A narrow ResNet (BasicBlock 1-1-1-1, 16 to 128 channels, CIFAR or ImageNet stem, head 128 -> 128 -> 128) at 32 px. Pictures lie in memory as
uint8 and become PIL images for lightly's SimCLRTransform (no blur, no flip), as a lightly dataset would give them.
`images_per_s` counts pictures of the data set (each gives two views) over `seconds` after a warm-up.
"""

import argparse
import json
import resource
import time

import numpy as np
import torch
from lightly.loss import NTXentLoss
from lightly.transforms import SimCLRTransform
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset, RandomSampler
from torchvision.models.resnet import BasicBlock


class Pictures(Dataset):
    def __init__(self, count: int, source: int, size: int) -> None:
        self.pictures = np.random.default_rng(0).integers(0, 256, (count, source, source, 3), dtype=np.uint8)
        self.transform = SimCLRTransform(input_size=size, gaussian_blur=0, hf_prob=0)

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> list[torch.Tensor]:
        return self.transform(Image.fromarray(self.pictures[index]))


def block(inputs: int, outputs: int, stride: int) -> BasicBlock:
    if stride == 1 and inputs == outputs:
        return BasicBlock(inputs, outputs)
    shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
    return BasicBlock(inputs, outputs, stride, shortcut)


def network(width: int, stem_kind: str) -> nn.Module:
    kernel, stride, padding = (3, 1, 1) if stem_kind == "cifar" else (7, 2, 3)
    stem = [nn.Conv2d(3, width, kernel, stride, padding, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
    if stem_kind == "imagenet":
        stem.append(nn.MaxPool2d(3, 2, 1))
    blocks = [block(width * max(1, 2**i // 2), width * 2**i, 1 if i == 0 else 2) for i in range(4)]
    d = width * 8
    head = [nn.Linear(d, d, bias=False), nn.BatchNorm1d(d), nn.ReLU(inplace=True), nn.Linear(d, 128)]
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), *head)


def train(options: argparse.Namespace) -> tuple[int, float]:
    """Batches and seconds after the warm-up."""
    data = Pictures(options.count, options.source, options.size)
    endless = RandomSampler(data, replacement=True, num_samples=10**8)
    loader = DataLoader(data, options.batch, sampler=endless, num_workers=options.workers, drop_last=True)
    layout = torch.channels_last if options.layout == "channels_last" else torch.contiguous_format
    net = network(options.width, options.stem).to(memory_format=layout)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.03, momentum=0.9, weight_decay=1e-4)
    criterion = NTXentLoss(temperature=0.5)
    start = None
    for step, (first, second) in enumerate(loader):
        if step == options.warmup:
            start = time.perf_counter()
        z = net(torch.cat([first, second]).to(memory_format=layout))
        loss = criterion(z[: len(first)], z[len(first) :])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if start is not None and time.perf_counter() - start >= options.seconds:
            return step - options.warmup + 1, time.perf_counter() - start
    raise RuntimeError("the loader ended")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("count", 10_000), ("source", 32), ("size", 32), ("batch", 128), ("width", 16), ("workers", 2),
                          ("threads", 2), ("warmup", 10)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--stem", choices=("cifar", "imagenet"), default="cifar")
    parser.add_argument("--layout", choices=("contiguous", "channels_last"), default="contiguous")
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    batches, seconds = train(options)
    own, children = (resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(json.dumps({"images_per_s": round(batches * options.batch / seconds, 1), "batches": batches,
                      "ms_per_step": round(seconds / batches * 1e3, 2), "peak_mb": round(own, 1),
                      "largest_worker_mb": round(children, 1), **vars(options), "torch": torch.__version__}))


if __name__ == "__main__":
    main()
