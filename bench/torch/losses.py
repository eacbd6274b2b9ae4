"""Value and gradient of lightly's contrastive losses and of Barlow Twins'. Prints one line of JSON.

    python bench/torch/losses.py --loss ntxent --pairs 1024 --width 128 --seconds 3

`ms` has every step, the first ones too, which warm up. With `--limit_mb` the process may not take more memory than that, and it stops when
it leaves the machine (Linux) less than `--spare_mb`; then it prints {"failed": ...} instead.
"""

import argparse
import json
import os
import re
import resource
import threading
import time
from pathlib import Path

import torch
from lightly.loss import BarlowTwinsLoss, DCLLoss, NTXentLoss

TEMPERATURE = 0.1
QUEUE = 65_536
LAMBDA = 0.005  # of Barlow Twins

# by the names of bench/lib/our-losses.ts; a loss takes the first views, which need a gradient, and the second ones
LOSSES = {
    "ntxent": lambda width: NTXentLoss(temperature=TEMPERATURE),
    "dcl": lambda width: DCLLoss(temperature=TEMPERATURE),
    "queue": lambda width: NTXentLoss(temperature=TEMPERATURE, memory_bank_size=(QUEUE, width)),
    "barlow": lambda width: BarlowTwinsLoss(lambda_param=LAMBDA),
}
# those whose second views are keys without a gradient
WITHOUT_GRADIENT = {"queue"}


def peak_mb() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def measure(options: argparse.Namespace) -> dict:
    idle = peak_mb()
    criterion = LOSSES[options.loss](options.width)
    first, second = (torch.randn(options.pairs, options.width) for _ in range(2))
    first.requires_grad_()
    second.requires_grad_(options.loss not in WITHOUT_GRADIENT)
    ms, cpu_ms, left = [], [], 1e3 * options.seconds
    while len(ms) < 3 or left > 0:
        start, cpu = time.perf_counter(), time.process_time()
        loss = criterion(first, second)
        loss.backward()
        value = loss.item()
        first.grad = second.grad = None
        ms.append(round(1e3 * (time.perf_counter() - start), 2))
        cpu_ms.append(round(1e3 * (time.process_time() - cpu), 2))
        left -= ms[-1] if len(ms) > 1 else 0
    return {"ms": ms, "cpu_ms": cpu_ms, "peak_mb": peak_mb(), "idle_mb": idle, "value": value}


def watch(spare_mb: int) -> None:
    """Ends this process before the system ends another one."""
    meminfo = Path("/proc/meminfo")
    while meminfo.exists():
        if int(re.search(r"MemAvailable:\s+(\d+)", meminfo.read_text())[1]) < 1024 * spare_mb:
            print(json.dumps({"failed": f"stopped at {peak_mb() / 1024:.1f} GiB, the machine had no more"}), flush=True)
            os._exit(0)
        time.sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loss", choices=LOSSES, default="ntxent")
    parser.add_argument("--pairs", type=int, default=256)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--limit_mb", type=int, default=0)
    parser.add_argument("--spare_mb", type=int, default=1500)
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    threading.Thread(target=watch, args=(options.spare_mb,), daemon=True).start()
    if options.limit_mb:
        # data, not addresses: torch reserves many of those without ever using them
        resource.setrlimit(resource.RLIMIT_DATA, (options.limit_mb << 20,) * 2)
    try:
        result = measure(options)
    except (MemoryError, RuntimeError) as error:
        if "alloc" not in str(error) and not isinstance(error, MemoryError):
            raise
        result = {"failed": f"out of memory ({options.limit_mb} MiB)"}
    print(json.dumps({**result, **vars(options), "torch": torch.__version__}))


if __name__ == "__main__":
    main()
