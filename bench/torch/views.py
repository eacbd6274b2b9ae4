"""Views a second: torchvision on pictures that are decoded already. Prints one line of JSON.

    python bench/torch/views.py --api pil --source 32 --views '[{"count": 2, "size": 32, "scale": [0.08, 1], "blur": false}]'

Each worker process makes views for `seconds` after a warm-up, stacks those of a kind to batches, and sends nothing back: the cost
of moving batches between processes, which a real loader has, is left out, in torchvision's favour.
"""

import argparse
import json
import multiprocessing
import time

import numpy as np
import torch
from PIL import Image


def transform(size: int, scale, blur: bool, api: str):
    """SimCLR's view (jitter strength 1); the kernel of the blur is a tenth of the picture, odd."""
    if api == "tensor":  # bytes [3, H, W] until the end
        from torchvision.transforms import v2 as T

        end = [T.ToDtype(torch.float32, scale=True)]
    else:
        from torchvision import transforms as T

        end = [T.ToTensor()]
    steps = [
        T.RandomResizedCrop(size, scale=tuple(scale)),
        T.RandomHorizontalFlip(),
        T.RandomApply([T.ColorJitter(0.8, 0.8, 0.8, 0.2)], p=0.8),
        T.RandomGrayscale(p=0.2),
    ]
    if blur:
        steps.append(T.RandomApply([T.GaussianBlur(size // 20 * 2 + 1, (0.1, 2.0))], p=0.5))
    return T.Compose(steps + end)


def pictures(options: argparse.Namespace, seed: int) -> list:
    shape = (64, options.source, options.source, 3)
    arrays = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    if options.api == "tensor":
        return [torch.from_numpy(array).permute(2, 0, 1).contiguous() for array in arrays]
    return [Image.fromarray(array) for array in arrays]


def work(options: argparse.Namespace, seed: int, ready, results) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    given = pictures(options, seed)
    kinds = [(kind["count"], transform(kind["size"], kind["scale"], kind["blur"], options.api)) for kind in options.views]

    def batch(start: int) -> int:
        chosen = [given[(start + i) % len(given)] for i in range(options.batch)]
        for count, view in kinds:
            for _ in range(count):
                torch.stack([view(picture) for picture in chosen])
        return options.batch * sum(count for count, _ in kinds)

    batch(0)
    ready.wait()
    made, first, start = 0, 0, time.perf_counter()
    while time.perf_counter() - start < options.seconds:
        made += batch(first)
        first += options.batch
    results.put(made / (time.perf_counter() - start))


def measure(options: argparse.Namespace) -> float:
    context = multiprocessing.get_context("spawn")
    ready, results = context.Barrier(options.workers), context.Queue()
    processes = [
        context.Process(target=work, args=(options, seed, ready, results)) for seed in range(options.workers)
    ]
    for process in processes:
        process.start()
    total = sum(results.get(timeout=options.seconds + 300) for _ in processes)
    for process in processes:
        process.join()
    return round(total, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--api", choices=("pil", "tensor"), default="pil", help="PIL images, or bytes with transforms.v2")
    parser.add_argument("--source", type=int, default=32, help="height and width of the decoded pictures")
    parser.add_argument("--views", type=json.loads, required=True, help="kinds of views: count, size, scale, blur")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    rate = measure(options)
    print(json.dumps({"views_per_s": rate, "torch": torch.__version__}))


if __name__ == "__main__":
    main()
