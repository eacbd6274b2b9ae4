"""SimCLR views a second: torchvision on PIL images that are decoded already. Prints one line of JSON.

    python bench/torch/views.py --source 32 --size 32
    python bench/torch/views.py --source 256 --size 224 --blur

Each worker process makes views for `seconds` after a warm-up, stacks them to batches, and sends nothing back: the cost of
moving batches between processes, which a real loader has, is left out, in torchvision's favour.
"""

import argparse
import json
import multiprocessing
import time

import numpy as np
import torch
from PIL import Image


def transform(size: int, blur: bool, api: str):
    """SimCLR's views (jitter strength 1); the kernel of the blur is a tenth of the picture, odd."""
    if api == "v2":
        from torchvision.transforms import v2 as T

        end = [T.ToImage(), T.ToDtype(torch.float32, scale=True)]
    else:
        from torchvision import transforms as T

        end = [T.ToTensor()]
    steps = [
        T.RandomResizedCrop(size, scale=(0.08, 1.0)),
        T.RandomHorizontalFlip(),
        T.RandomApply([T.ColorJitter(0.8, 0.8, 0.8, 0.2)], p=0.8),
        T.RandomGrayscale(p=0.2),
    ]
    if blur:
        steps.append(T.RandomApply([T.GaussianBlur(size // 20 * 2 + 1, (0.1, 2.0))], p=0.5))
    return T.Compose(steps + end)


def work(options: argparse.Namespace, seed: int, ready, results) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    shape = (64, options.source, options.source, 3)
    pictures = [Image.fromarray(p) for p in np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)]
    view = transform(options.size, options.blur, options.api)
    torch.stack([view(p) for p in pictures[: options.batch]])
    ready.wait()
    made, start = 0, time.perf_counter()
    while time.perf_counter() - start < options.seconds:
        torch.stack([view(pictures[(made + i) % len(pictures)]) for i in range(options.batch)])
        made += options.batch
    results.put(made / (time.perf_counter() - start))


def measure(options: argparse.Namespace, workers: int) -> float:
    context = multiprocessing.get_context("spawn")
    ready, results = context.Barrier(workers), context.Queue()
    processes = [context.Process(target=work, args=(options, seed, ready, results)) for seed in range(workers)]
    for process in processes:
        process.start()
    total = sum(results.get(timeout=options.seconds + 300) for _ in processes)
    for process in processes:
        process.join()
    return round(total, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=int, default=32, help="height and width of the decoded pictures")
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--blur", action="store_true")
    parser.add_argument("--api", choices=("v1", "v2"), default="v1", help="torchvision.transforms or torchvision.transforms.v2")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    rates = {str(n): measure(options, n) for n in options.workers}
    print(json.dumps({"views_per_s": rates, **{k: v for k, v in vars(options).items() if k != "workers"},
                      "torch": torch.__version__}))


if __name__ == "__main__":
    main()
