"""Learning-rate schedules: the rate used at step 0, 1, 2, …

`simclr` follows WarmUpAndCosineDecay of google-research/simclr, tf2/model.py: step / warmup * rate, which is 0 at step 0, then
half a cosine from the rate to 0 over total - warmup steps. `lightly` is its CosineWarmupScheduler: the warm-up starts at
(step + 1) / warmup and the cosine reaches its end one step earlier, at step total - 1. The rest are torch's schedulers.
"""

import math
import warnings

import torch
from common import source, write
from lightly.utils.scheduler import CosineWarmupScheduler, cosine_schedule, linear_warmup_schedule
from torch.optim import lr_scheduler as schedulers

PATH = "packages/core/src/optim/__fixtures__/schedules.json"
BASE = 0.3
STEPS = 25


def follow(make, steps: int = STEPS) -> list[float]:
    """The rates of `steps` optimizer steps, the scheduler stepping after each."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=BASE)
    scheduler, rates = make(optimizer), []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # one step past the end, and SequentialLR's own use of a deprecated argument
            scheduler.step()
    return rates


def simclr(warmup: int, total: int, steps: int) -> list[float]:
    def rate(step: int) -> float:
        if step < warmup:
            return step / warmup * BASE
        share = min((step - warmup) / (total - warmup), 1)
        return BASE * 0.5 * (1 + math.cos(math.pi * share))

    return [rate(step) for step in range(steps)]


def torch_sequence(optimizer):
    first = schedulers.LinearLR(optimizer, start_factor=0.1, end_factor=1, total_iters=5)
    then = schedulers.CosineAnnealingLR(optimizer, T_max=20, eta_min=0.01)
    return schedulers.SequentialLR(optimizer, [first, then], milestones=[5])


def lightly(warmup: int, total: int, end: float):
    return lambda o: CosineWarmupScheduler(o, warmup_epochs=warmup, max_epochs=total, start_value=1.0, end_value=end)


def cases() -> list:
    """name, options, rates; `end` of lightly's is a factor of the base rate, `minimum` of torch's a rate."""
    by_torch = [
        ("constant", {}, lambda o: schedulers.LambdaLR(o, lambda _: 1.0)),
        ("cosine", {"period": 24, "minimum": 0.0}, lambda o: schedulers.CosineAnnealingLR(o, 24)),
        ("cosine", {"period": 24, "minimum": 0.02}, lambda o: schedulers.CosineAnnealingLR(o, 24, eta_min=0.02)),
        ("step", {"every": 7, "gamma": 0.1}, lambda o: schedulers.StepLR(o, 7, 0.1)),
        ("step", {"every": 4, "gamma": 0.5}, lambda o: schedulers.StepLR(o, 4, 0.5)),
        ("multiStep", {"milestones": [6, 15, 20], "gamma": 0.2}, lambda o: schedulers.MultiStepLR(o, [6, 15, 20], 0.2)),
        ("constantThenBase", {"factor": 0.25, "steps": 6}, lambda o: schedulers.ConstantLR(o, 0.25, 6)),
        ("linear", {"from": 0.1, "to": 1.0, "steps": 10}, lambda o: schedulers.LinearLR(o, 0.1, 1.0, 10)),
        ("linear, then cosine", {"from": 0.1, "to": 1.0, "steps": 5, "period": 20, "minimum": 0.01}, torch_sequence),
        ("lightly", {"warmup": 5, "total": 25, "end": 0.0}, lightly(5, 25, 0.0)),
        ("lightly", {"warmup": 0, "total": 25, "end": 0.001}, lightly(0, 25, 0.001)),
    ]
    out = [{"kind": k, "options": o, "rates": follow(make)} for k, o, make in by_torch]
    for warmup, total in ((5, 22), (0, 25), (10, 40)):
        # a few steps past the end as well: the rate stays at 0
        out.append({"kind": "simclr", "options": {"warmup": warmup, "total": total}, "rates": simclr(warmup, total, total + 3)})
    return out


def values() -> list:
    """Schedules of other quantities, by lightly's functions."""
    return [
        {"kind": "cosine", "options": {"total": 20, "start": 0.996, "end": 1.0},
         "values": [cosine_schedule(s, 20, 0.996, 1.0) for s in range(20)]},
        {"kind": "linearWarmup", "options": {"steps": 8, "start": 0.04, "end": 0.07},
         "values": [linear_warmup_schedule(s, 8, 0.04, 0.07) for s in range(12)]},
    ]


def main() -> None:
    found = cases()
    for case in found:
        print(case["kind"], case["options"], [round(r, 4) for r in case["rates"][:6]], round(case["rates"][-1], 5))
    write(PATH, {"source": source(__file__, "torch", "lightly"), "base": BASE, "schedules": found, "values": values()})


if __name__ == "__main__":
    main()
