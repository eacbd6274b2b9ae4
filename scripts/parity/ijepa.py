"""I-JEPA: a step of the official encoder, teacher and predictor on given weights and masks; both losses; the teacher over 20 steps; schedules;
what the official collator draws.

    python scripts/parity/ijepa.py IJEPA

with a folder of facebookresearch/ijepa, whose code is not copied, but run; `src/train.py` is one function, so its few lines between the
networks are repeated here. Weights are in PyTorch's layout, pictures `[B, H, W, C]`; target blocks of a picture stand one after another.
"""

import logging
import sys
from functools import partial
from pathlib import Path

import numpy as np
import torch
from common import agree, normal, number, pack, rng, source, tensor, to_nhwc, write
from torch import nn
from torch.nn import functional as F

PATH = "packages/ijepa/src/__fixtures__/ijepa.json"
SIDE, PATCH, DIM, IMAGES = 16, 2, 8, 2
STEPS, MOMENTUM, WEIGHTS = 20, 0.9, 260  # of the smallest encoder of packages/ijepa/src/parity.ts
BATCHES = 200
gen = rng(2301)
logging.disable(logging.WARNING)

CONTEXT = [[0, 1, 8, 9, 10, 17, 18], [5, 6, 7, 13, 14, 21, 63]]
TARGETS = [  # four blocks of 2 x 2, the same place twice among them
    [[20, 21, 28, 29], [36, 37, 44, 45], [20, 21, 28, 29], [50, 51, 58, 59]],
    [[0, 1, 8, 9], [33, 34, 41, 42], [52, 53, 60, 61], [34, 35, 42, 43]],
]


def official(folder: str):
    sys.path.insert(0, str(Path(folder)))
    from src.masks.multiblock import MaskCollator
    from src.masks.utils import apply_masks
    from src.models import vision_transformer
    from src.utils import schedulers
    from src.utils.tensors import repeat_interleave_batch

    return vision_transformer, apply_masks, repeat_interleave_batch, MaskCollator, schedulers


def networks(vit, dtype: torch.dtype) -> dict[str, nn.Module]:
    norm = partial(nn.LayerNorm, eps=1e-6)
    encoder = lambda: vit.VisionTransformer(
        img_size=[SIDE], patch_size=PATCH, embed_dim=DIM, depth=2, num_heads=2, norm_layer=norm
    )
    predictor = vit.VisionTransformerPredictor(
        num_patches=(SIDE // PATCH) ** 2, embed_dim=DIM, predictor_embed_dim=8, depth=1, num_heads=2, norm_layer=norm
    )
    return {"backbone": encoder().to(dtype), "predictor": predictor.to(dtype), "teacherBackbone": encoder().to(dtype)}


def parameters(nets: dict[str, nn.Module]) -> dict[str, nn.Parameter]:
    return {f"{who}.{name}": p for who, net in nets.items() for name, p in net.named_parameters() if p.requires_grad}


def step(tools, weights: dict, images: np.ndarray, dtype, criterion) -> tuple:
    """`forward_target`, `forward_context`, `loss_fn` of train.py."""
    vit, apply_masks, repeat, _, _ = tools
    nets = networks(vit, dtype)
    named = parameters(nets)
    with torch.no_grad():
        for name, p in named.items():
            p.copy_(torch.tensor(weights[name]))
    imgs = torch.tensor(images, dtype=dtype)
    context = [torch.tensor(CONTEXT)]
    targets = [torch.tensor([each[i] for each in TARGETS]) for i in range(4)]
    with torch.no_grad():
        h = nets["teacherBackbone"](imgs)
        h = F.layer_norm(h, (h.size(-1),))
        h = repeat(apply_masks(h, targets), len(imgs), repeat=len(context))
    z = nets["predictor"](nets["backbone"](imgs, context), context, targets)
    loss = criterion(z, h)
    loss.backward()
    gradients = {name: p.grad for name, p in named.items() if not name.startswith("teacher")}
    # blocks first there, pictures first here
    by_picture = lambda x: x.reshape(4, IMAGES, *x.shape[1:]).transpose(0, 1).reshape(IMAGES, -1, x.shape[-1])
    return loss.detach(), gradients, by_picture(z), by_picture(h)


def whole(tools) -> dict:
    named = parameters(networks(tools[0], torch.float64))
    weights = {
        name: normal(gen, *p.shape, scale=0.3 if p.ndim > 1 else 0.2, shift=1.0 if "norm" in name and "weight" in name else 0.0)
        for name, p in named.items()
    }
    images = normal(gen, IMAGES, 3, SIDE, SIDE)
    runs = {}
    for name, criterion in (("smooth-l1", F.smooth_l1_loss), ("mse", F.mse_loss)):
        exact, single = (step(tools, weights, images, dtype, criterion) for dtype in (torch.float64, torch.float32))
        agree(f"{name}: loss", exact[0], single[0], 1e-5)
        for key, gradient in exact[1].items():
            agree(f"{name}: {key}", gradient, single[1][key], 1e-4, 1e-3)
        runs[name] = exact
    loss, gradients, predictions, targets = runs["smooth-l1"]
    return {
        "weights": {name: pack(w) for name, w in weights.items()},
        "images": pack(to_nhwc(torch.tensor(images))),
        "context": pack(np.array(CONTEXT)),
        "targets": pack(np.array(TARGETS).reshape(IMAGES, -1)),
        "loss": number(loss),
        "mse": number(runs["mse"][0]),
        "gradients": {name: pack(g) for name, g in gradients.items()},
        "predictions": pack(predictions),
        "teacher": pack(targets),
    }


def losses() -> list:
    cases = []
    for name, kind, criterion, scale in (
        ("smooth-l1, small and large errors", "smooth-l1", F.smooth_l1_loss, 1.0),
        ("smooth-l1, small errors", "smooth-l1", F.smooth_l1_loss, 0.1),
        ("smooth-l1, large errors", "smooth-l1", F.smooth_l1_loss, 50.0),
        ("mse", "mse", F.mse_loss, 1.0),
    ):
        tokens = normal(gen, 2, 5, 6)
        predictions = normal(gen, 2, 5, 6, scale=scale) + (tokens if scale < 1 else 0)
        predictions = predictions.astype(np.float32).astype(np.float64)
        found = []
        for dtype in (torch.float64, torch.float32):
            leaf = tensor(predictions, dtype)
            loss = criterion(leaf, F.layer_norm(torch.tensor(tokens, dtype=dtype), (6,)))
            loss.backward()
            found.append((loss.detach(), leaf.grad))
        agree(f"{name}: loss", found[0][0], found[1][0], 1e-5)
        agree(f"{name}: gradient", found[0][1], found[1][1], 1e-4, 1e-2)
        expected = {"loss": number(found[0][0]), "gradients": [pack(found[0][1])]}
        cases.append({"name": name, "loss": kind, "predictions": pack(predictions), "tokens": pack(tokens), "expected": expected})
    return cases


def teacher() -> dict:
    """The generator of momenta and the update of train.py, on students that are given. Eighths keep the file short."""
    eighths = lambda: np.round(8 * gen.standard_normal(WEIGHTS)) / 8
    first, students = eighths(), [eighths() for _ in range(STEPS)]
    momenta = [MOMENTUM + i * (1.0 - MOMENTUM) / STEPS for i in range(STEPS)]
    param_k = torch.tensor(first)
    for m, student in zip(momenta, students):
        param_k.mul_(m).add_((1.0 - m) * torch.tensor(student))
    return {
        "momentum": MOMENTUM,
        "momenta": [number(m) for m in momenta],
        "first": pack(first),
        "students": [pack(s) for s in students],
        "end": pack(param_k),
    }


def decay(schedulers) -> list[float]:
    """Weight decay of each step. It steps before the first update: entry i is what ours gives for step i + 1."""
    optimizer = torch.optim.AdamW([torch.zeros(1, requires_grad=True)])
    schedule = schedulers.CosineWDSchedule(optimizer, ref_wd=0.04, final_wd=0.4, T_max=STEPS)
    return [number(schedule.step()) for _ in range(STEPS)]


def rates(schedulers) -> list[float]:
    """After a warm-up from 0, likewise one step ahead."""
    optimizer = torch.optim.AdamW([torch.zeros(1, requires_grad=True)])
    schedule = schedulers.WarmupCosineSchedule(
        optimizer, warmup_steps=5, start_lr=0.0, ref_lr=1e-3, T_max=STEPS, final_lr=1e-6
    )
    return [number(schedule.step()) for _ in range(STEPS)]


def drawn(collator, side: int) -> dict:
    """Means over batches of 128: tokens, height and width of a target, tokens of a context after it is cut."""
    draw = collator(
        input_size=side, patch_size=1, enc_mask_scale=(0.85, 1.0), pred_mask_scale=(0.15, 0.2), aspect_ratio=(0.75, 1.5),
        nenc=1, npred=4, min_keep=10, allow_overlap=False,
    )  # fmt: skip
    sums = []
    for _ in range(BATCHES):
        _, context, targets = draw([torch.zeros(1)] * 128)
        block = targets[0][0].numpy()
        rows, columns = block // side, block % side
        sums.append([len(block), np.ptp(rows) + 1, np.ptp(columns) + 1, context[0].shape[1]])
    names = ("targetTokens", "targetHeight", "targetWidth", "contextTokens")
    return {"side": side, **{name: number(round(v, 3)) for name, v in zip(names, np.mean(sums, 0))}}


def main(folder: str) -> None:
    tools = official(folder)
    torch.manual_seed(0)
    fixture = {
        "source": source(__file__, "torch", "numpy") + "; facebookresearch/ijepa 52c1ae9",
        "losses": losses(),
        "teacher": teacher(),
        "decay": decay(tools[4]),
        "rates": rates(tools[4]),
        "masks": [drawn(tools[3], side) for side in (14, 16)],
        "whole": [whole(tools)],
    }
    write(PATH, fixture)


if __name__ == "__main__":
    main(sys.argv[1])
