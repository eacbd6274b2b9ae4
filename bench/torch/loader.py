"""SimCLR's views by torch's DataLoader with torchvision, from JPEG files or from decoded pictures. Prints one line of JSON.

    python bench/torch/loader.py --make DIR --files 512                     # makes the files
    python bench/torch/loader.py --folder DIR/.. --source files --api v1

`files`: torchvision's ImageFolder; PIL decodes for `v1`, torchvision's own JPEG decoder for `v2`. `cache`: the same pictures as a memory-mapped
array of 256 x 256, made by a first pass that is not counted. Two views a picture; batches are collated and handed to this process, which drops them.
"""

import argparse
import json
import os
import resource
import tempfile
import time

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision.datasets import ImageFolder
from torchvision.io import ImageReadMode, decode_image

SIZE, STORED = 224, 256


def make(folder: str, count: int) -> None:
    """Photo-like: noise of three sizes, so that a JPEG takes some 50 KB."""
    rng = np.random.default_rng(1)
    for i in range(count):
        picture = np.zeros((375, 500, 3), np.float32)
        for side, weight in ((4, 90.0), (24, 50.0), (160, 24.0)):
            noise = rng.uniform(-1, 1, (side, side, 3)).astype(np.float32)
            layers = [Image.fromarray(noise[..., c]).resize((500, 375), Image.Resampling.BICUBIC) for c in range(3)]
            picture += weight * np.stack([np.asarray(layer) for layer in layers], -1)
        Image.fromarray(np.clip(picture + 128, 0, 255).astype(np.uint8)).save(os.path.join(folder, f"{i:05d}.jpg"), quality=90)


def transform(api: str):
    if api == "v2":
        from torchvision.transforms import v2 as T

        end = [T.ToDtype(torch.float32, scale=True)]
    else:
        from torchvision import transforms as T

        end = [T.ToTensor()]
    return T.Compose([
        T.RandomResizedCrop(SIZE, scale=(0.08, 1.0)),
        T.RandomHorizontalFlip(),
        T.RandomApply([T.ColorJitter(0.8, 0.8, 0.8, 0.2)], p=0.8),
        T.RandomGrayscale(p=0.2),
        T.RandomApply([T.GaussianBlur(23, (0.1, 2.0))], p=0.5),
    ] + end)


class TwoViews(Dataset):
    def __init__(self, options: argparse.Namespace, stored: np.ndarray | None) -> None:
        self.files = [path for path, _ in ImageFolder(options.folder).samples]
        self.stored, self.api, self.view = stored, options.api, transform(options.api)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> list[torch.Tensor]:
        if self.stored is not None:
            array = np.asarray(self.stored[index])
            picture = Image.fromarray(array) if self.api == "v1" else torch.from_numpy(array.copy()).permute(2, 0, 1)
        elif self.api == "v1":
            picture = Image.open(self.files[index]).convert("RGB")
        else:
            with open(self.files[index], "rb") as file:
                picture = decode_image(torch.frombuffer(bytearray(file.read()), dtype=torch.uint8), ImageReadMode.RGB)
        return [self.view(picture), self.view(picture)]


def store(folder: str, target: str) -> np.ndarray:
    files = [path for path, _ in ImageFolder(folder).samples]
    stored = np.memmap(target, np.uint8, "w+", shape=(len(files), STORED, STORED, 3))
    for i, path in enumerate(files):
        stored[i] = np.asarray(Image.open(path).convert("RGB").resize((STORED, STORED), Image.Resampling.BILINEAR))
    stored.flush()
    return np.memmap(target, np.uint8, "r", shape=stored.shape)


def run(options: argparse.Namespace) -> float:
    with tempfile.TemporaryDirectory() as scratch:
        stored = store(options.folder, os.path.join(scratch, "pictures")) if options.source == "cache" else None
        data = TwoViews(options, stored)
        loader = DataLoader(data, options.batch, shuffle=True, num_workers=options.workers, drop_last=True, persistent_workers=True)
        made, start = 0, None
        while True:
            for batch, _ in enumerate(loader):
                if start is None and (batch == 3 or made):
                    start, made = time.perf_counter(), 0
                elif start is not None:
                    made += options.batch
                    if time.perf_counter() - start >= options.seconds:
                        return made / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--make")
    parser.add_argument("--files", type=int, default=512)
    parser.add_argument("--folder")
    parser.add_argument("--source", choices=("files", "cache"), default="files")
    parser.add_argument("--api", choices=("v1", "v2"), default="v1")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    if options.make:
        make(options.make, options.files)
        print(json.dumps({"files": options.files}))
        return
    torch.manual_seed(0)
    rate = run(options)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"images_per_s": round(rate, 1), "peak_mb": round(own, 1), "torch": torch.__version__}))


if __name__ == "__main__":
    main()
