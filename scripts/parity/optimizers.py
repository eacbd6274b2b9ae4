"""Optimizers: the parameters after each of 10 steps with given gradients, constant and varying learning rate.

Three parameters: a matrix `[4, 3]`, a bias `[3]`, a convolution `[2, 2, 3, 4]`. LARS is lightly's: a parameter group whose
weight decay is 0 gets no trust ratio either, so the bias is put in such a group; a parameter whose own norm is 0 is left
without both as well ("zero convolution"). lightly keeps the learning rate outside the momentum, as torch's SGD does.
"""

import math

import torch
from common import agree, normal, pack, rng, source, write
from lightly.utils.lars import LARS

PATH = "packages/core/src/optim/__fixtures__/optimizers.json"
SHAPES = {"matrix": (4, 3), "bias": (3,), "conv": (2, 2, 3, 4)}
STEPS = 10
gen = rng(7)
INITIAL = {k: normal(gen, *shape, scale=0.5) for k, shape in SHAPES.items()}
# every step's gradients are of another size, so that clipping acts on some steps only
GRADIENTS = [{k: normal(gen, *shape, scale=0.1 * (1 + step % 4)) for k, shape in SHAPES.items()} for step in range(STEPS)]

SGD, ADAM = torch.optim.SGD, torch.optim.Adam
BETAS = {"betas": (0.9, 0.999), "eps": 1e-8}
LARS_OPTIONS = {"momentum": 0.9, "weight_decay": 0.01, "trust_coefficient": 0.02, "eps": 1e-8}
# name: (class, torch's options, base learning rate, what else the case does)
CASES = {
    "sgd": (SGD, {}, 0.1, {}),
    "sgd momentum": (SGD, {"momentum": 0.9}, 0.1, {}),
    "sgd nesterov": (SGD, {"momentum": 0.9, "nesterov": True}, 0.1, {}),
    "sgd momentum, weight decay": (SGD, {"momentum": 0.9, "weight_decay": 0.05}, 0.1, {}),
    "sgd nesterov, weight decay": (SGD, {"momentum": 0.9, "weight_decay": 0.05, "nesterov": True}, 0.1, {}),
    "sgd momentum, clipped": (SGD, {"momentum": 0.9}, 0.1, {"maxNorm": 1.5}),
    "adam": (ADAM, {**BETAS, "weight_decay": 0}, 0.01, {}),
    "adam, l2 in the gradient": (ADAM, {**BETAS, "weight_decay": 0.05}, 0.01, {}),
    "adamw": (torch.optim.AdamW, {**BETAS, "weight_decay": 0.05}, 0.01, {}),
    "adamw, betas .9 .95": (torch.optim.AdamW, {"betas": (0.9, 0.95), "eps": 1e-6, "weight_decay": 0.1}, 0.01, {}),
    "lars": (LARS, LARS_OPTIONS, 0.5, {"exempt": ["bias"]}),
    "lars nesterov": (LARS, {**LARS_OPTIONS, "nesterov": True}, 0.5, {"exempt": ["bias"]}),
    "lars, zero convolution": (LARS, LARS_OPTIONS, 0.5, {"exempt": ["bias"], "zero": ["conv"]}),
}
NAMES = {"weight_decay": "weightDecay", "trust_coefficient": "trustCoefficient", "eps": "epsilon"}


def rates(base: float, varying: bool) -> list[float]:
    """Constant, or three steps up and a cosine down, ending above 0."""
    if not varying:
        return [base] * STEPS
    return [base * ((t + 1) / 3 if t < 3 else 0.05 + 0.475 * (1 + math.cos(math.pi * (t - 3) / 7))) for t in range(STEPS)]


def start(zero: list[str], dtype: torch.dtype) -> dict:
    return {k: torch.tensor(v * (0 if k in zero else 1), dtype=dtype, requires_grad=True) for k, v in INITIAL.items()}


def run(kind, options: dict, lr: list[float], extra: dict, dtype: torch.dtype) -> tuple[list, list]:
    parameters = start(extra.get("zero", []), dtype)
    exempt = extra.get("exempt", [])
    groups = [{"params": [v for k, v in parameters.items() if k not in exempt]}]
    if exempt:
        groups.append({"params": [parameters[k] for k in exempt], "weight_decay": 0.0})
    optimizer = kind(groups, lr=lr[0], **options)
    after, norms = [], []
    for step in range(STEPS):
        for name, parameter in parameters.items():
            parameter.grad = torch.tensor(GRADIENTS[step][name], dtype=dtype)
        if "maxNorm" in extra:
            norms.append(torch.nn.utils.clip_grad_norm_(parameters.values(), extra["maxNorm"]).item())
        for group in optimizer.param_groups:
            group["lr"] = lr[step]
        optimizer.step()
        after.append({k: v.detach().clone() for k, v in parameters.items()})
    return after, norms


def case(name: str, varying: bool) -> dict:
    kind, options, base, extra = CASES[name]
    lr = rates(base, varying)
    exact, norms = run(kind, options, lr, extra, torch.float64)
    single, _ = run(kind, options, lr, extra, torch.float32)
    for step in range(STEPS):
        for key in SHAPES:
            agree(f"{name}, step {step}, {key}", exact[step][key], single[step][key], 1e-5)
    return {
        "name": name + (", varying rate" if varying else ""),
        "kind": kind.__name__.lower(),
        "options": {NAMES.get(k, k): v for k, v in options.items()},
        **extra,
        "learningRates": lr,
        **({"gradientNorms": norms} if norms else {}),
        "after": [{k: pack(v)["data"] for k, v in step.items()} for step in exact],
    }


def clipping(max_norm: float) -> dict:
    """torch's clip_grad_norm_: scale by min(1, maxNorm / (norm + 1e-6)); one norm over all parameters."""
    steps = []
    for gradients in GRADIENTS[:4]:
        runs = {}
        for dtype in (torch.float64, torch.float32):
            parameters = start([], dtype)
            for name, parameter in parameters.items():
                parameter.grad = torch.tensor(gradients[name], dtype=dtype)
            norm = torch.nn.utils.clip_grad_norm_(parameters.values(), max_norm)
            runs[dtype] = {"norm": norm, **{k: v.grad for k, v in parameters.items()}}
        for key in runs[torch.float64]:
            agree(f"clip {key}", runs[torch.float64][key], runs[torch.float32][key], 1e-6)
        steps.append({k: pack(v)["data"] for k, v in runs[torch.float64].items()})
    return {"maxNorm": max_norm, "steps": [{**s, "norm": s["norm"][0]} for s in steps]}


def main() -> None:
    write(
        PATH,
        {
            "source": source(__file__, "torch", "lightly", "numpy"),
            "shapes": {k: list(v) for k, v in SHAPES.items()},
            "initial": {k: pack(v)["data"] for k, v in INITIAL.items()},
            "gradients": [{k: pack(v)["data"] for k, v in step.items()} for step in GRADIENTS],
            "cases": [case(name, varying) for name in CASES for varying in (False, True)],
            "clipping": [clipping(limit) for limit in (0.5, 1.5, 100.0)],
        },
    )


if __name__ == "__main__":
    main()
