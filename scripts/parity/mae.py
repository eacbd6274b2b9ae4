"""MAE: the whole model of the official code on given weights and masks; its loss and patches alone; its positions; how many patches stay.

    python scripts/parity/mae.py MAE

with a folder of facebookresearch/mae, whose code is not copied, but run. It was written for timm 0.3.2 and an older NumPy: `Block` has lost
an argument that it gives as None, and NumPy the name `np.float`. Weights are in PyTorch's layout, pictures `[B, C, H, W]` there and
`[B, H, W, C]` in the fixture.
"""

import sys
from functools import partial
from pathlib import Path

import numpy as np
import timm.models.vision_transformer as timm_vit
import torch
from common import agree, normal, number, pack, rng, source, tensor, to_nhwc, write
from torch import nn

PATH = "packages/mae/src/__fixtures__/mae.json"
SIDE, PATCH, IMAGES = 16, 4, 2
gen = rng(2111)

np.float = float
Block = timm_vit.Block
timm_vit.Block = lambda *args, qk_scale=None, **options: Block(*args, **options)


def official(folder: str):
    sys.path.insert(0, str(Path(folder)))
    import models_mae
    from util import pos_embed

    return models_mae.MaskedAutoencoderViT, pos_embed.get_2d_sincos_pos_embed


def model_of(make, norm_pix: bool, dtype: torch.dtype) -> nn.Module:
    return make(
        img_size=SIDE,
        patch_size=PATCH,
        embed_dim=8,
        depth=2,
        num_heads=2,
        decoder_embed_dim=8,
        decoder_depth=1,
        decoder_num_heads=2,
        norm_layer=partial(nn.LayerNorm, eps=1e-6),
        norm_pix_loss=norm_pix,
    ).to(dtype)


def weights_of(model: nn.Module) -> dict[str, np.ndarray]:
    """Larger than at the start, so that attention is not even; norms and biases that do something."""
    return {
        name: normal(gen, *p.shape, scale=0.3 if p.ndim > 1 else 0.2, shift=1.0 if "norm" in name and "weight" in name else 0.0)
        for name, p in model.named_parameters()
        if p.requires_grad
    }


def run(make, norm_pix: bool, dtype, weights: dict, images: np.ndarray, noise: np.ndarray, ratio: float) -> tuple:
    """Loss, gradients, predictions, the mask (1 where hidden), with the noise that the mask follows from given."""
    model = model_of(make, norm_pix, dtype)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.requires_grad:
                p.copy_(torch.tensor(weights[name]))
    rand, torch.rand = torch.rand, lambda *shape, device=None: torch.tensor(noise, dtype=dtype)
    try:
        loss, predictions, mask = model(torch.tensor(images, dtype=dtype), mask_ratio=ratio)
    finally:
        torch.rand = rand
    loss.backward()
    gradients = {name: p.grad for name, p in model.named_parameters() if p.requires_grad}
    return loss, gradients, predictions, mask


def places(mask: torch.Tensor, which: int) -> np.ndarray:
    return np.stack([np.flatnonzero(row == which) for row in mask.numpy()]).astype(np.int64)


def whole(make) -> list:
    weights = weights_of(model_of(make, True, torch.float64))
    images = normal(gen, IMAGES, 3, SIDE, SIDE)
    noise = gen.uniform(size=(IMAGES, (SIDE // PATCH) ** 2))
    cases = []
    for norm_pix, ratio in ((True, 0.75), (False, 0.5)):
        loss, gradients, predictions, mask = run(make, norm_pix, torch.float64, weights, images, noise, ratio)
        single = run(make, norm_pix, torch.float32, weights, images, noise, ratio)
        agree("loss", loss, single[0], 1e-5)
        for name, gradient in gradients.items():
            agree(name, gradient, single[1][name], 1e-4, 1e-3)
        masked = places(mask, 1)
        hidden = torch.stack([row[list(at)] for row, at in zip(predictions, masked)])
        cases.append(
            {
                "normalizePixels": norm_pix,
                "ratio": ratio,
                "visible": pack(places(mask, 0)),
                "masked": pack(masked),
                "loss": number(loss),
                "predictions": pack(hidden) if norm_pix else None,
                "gradients": {name: pack(g) for name, g in gradients.items()},
            }
        )
    return [{"weights": {n: pack(w) for n, w in weights.items()}, "images": pack(to_nhwc(torch.tensor(images))), "cases": cases}]


def losses(make) -> list:
    """`forward_loss` on predictions of all patches, of which those of the mask count."""
    cases = []
    for name, norm_pix, scale in (
        ("normalised patches", True, 1.0),
        ("pixels as they are", False, 1.0),
        ("nearly flat patches", True, 1e-3),
        ("bright pictures", True, 30.0),
    ):
        images, pred = normal(gen, IMAGES, 3, 8, 8, scale=scale), normal(gen, IMAGES, 4, 48)
        mask = np.array([[0, 1, 1, 0], [1, 0, 0, 1]], dtype=float)
        found = []
        for dtype in (torch.float64, torch.float32):
            model, leaf = model_of(make, norm_pix, dtype), tensor(pred, dtype)
            loss = model.forward_loss(torch.tensor(images, dtype=dtype), leaf, torch.tensor(mask, dtype=dtype))
            loss.backward()
            found.append((loss, leaf.grad))
        agree(f"{name}: loss", found[0][0], found[1][0], 1e-5)
        agree(f"{name}: gradient", found[0][1], found[1][1], 1e-5, 1e-2)
        at = [np.flatnonzero(row) for row in mask]
        rows = lambda x: np.stack([np.asarray(each)[place] for each, place in zip(x, at)])
        cases.append(
            {
                "name": name,
                "normalizePixels": norm_pix,
                "images": pack(to_nhwc(torch.tensor(images))),
                "masked": pack(np.stack(at)),
                "predictions": pack(rows(pred)),
                "expected": {"loss": number(found[0][0]), "gradients": [pack(rows(found[0][1]))]},
            }
        )
    return cases


def patches(make) -> dict:
    model, images = model_of(make, True, torch.float64), torch.tensor(normal(gen, 1, 3, 8, 8))
    cut = model.patchify(images)
    agree("unpatchify", images, model.unpatchify(cut), 0)
    return {"images": pack(to_nhwc(images)), "patches": pack(cut)}


def counts(make) -> list:
    """Patches that `random_masking` keeps."""
    model = model_of(make, True, torch.float32)
    found = []
    for tokens in (4, 16, 49, 64, 196, 256):
        for ratio in (0.5, 0.6, 0.7, 0.75, 0.8, 0.9):
            kept, mask, _ = model.random_masking(torch.zeros(1, tokens, 1), ratio)
            if 0 < kept.shape[1]:
                assert int(mask.sum()) == tokens - kept.shape[1]
                found.append([tokens, ratio, kept.shape[1]])
    return found


def main(folder: str) -> None:
    make, positions = official(folder)
    versions = source(__file__, "torch", "timm", "numpy") + "; facebookresearch/mae efb2a80"
    table = positions(16, 7, cls_token=False)
    fixture = {
        "source": versions,
        "losses": losses(make),
        "patches": patches(make),
        "positions": {"side": 7, "dim": 16, "table": pack(table)},
        "counts": counts(make),
        "whole": whole(make),
    }
    write(PATH, fixture)


if __name__ == "__main__":
    main(sys.argv[1])
