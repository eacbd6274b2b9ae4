"""What the official mask generators draw: sizes, and how often each token is in a mask. Their code is not copied, but run:

    python scripts/parity/masks.py IJEPA UNILM

with folders of facebookresearch/ijepa and microsoft/unilm. `coverage` is the share of draws in which each token of the grid is in a
part, row by row. I-JEPA's counts are of batches of one image, where nothing is cut; `cut…` are those of batches of 128.
"""

import importlib.util
import logging
import random
import sys
from pathlib import Path

import numpy as np
import torch
from common import number, source, write

PATH = "packages/core/src/data/__fixtures__/masks.json"
DRAWS = 10_000
GRID = 14


def load(folder: str, path: str):
    spec = importlib.util.spec_from_file_location(Path(path).stem, Path(folder) / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def coverage(masks: list) -> list:
    total = np.zeros(GRID * GRID)
    for mask in masks:
        total[np.asarray(mask)] += 1
    return [number(round(v, 4)) for v in total / len(masks)]


def sides(mask) -> tuple:
    """Height and width of a block."""
    rows, columns = np.asarray(mask) // GRID, np.asarray(mask) % GRID
    return rows.max() - rows.min() + 1, columns.max() - columns.min() + 1


def ijepa(folder: str) -> dict:
    collator = load(folder, "src/masks/multiblock.py").MaskCollator(
        input_size=GRID * 16, patch_size=16, enc_mask_scale=(0.85, 1.0), pred_mask_scale=(0.15, 0.2),
        aspect_ratio=(0.75, 1.5), nenc=1, npred=4, min_keep=10, allow_overlap=False,
    )  # fmt: skip
    torch.manual_seed(1)
    one = [torch.zeros(1)]
    targets = []
    for _ in range(DRAWS):
        _, _, pred = collator(one)
        targets.extend(block[0].numpy() for block in pred)
    cut = [collator(one * 128)[1][0].numpy() for _ in range(400)]
    shapes = np.array([sides(block) for block in targets[::4]])
    return {
        "targetTokens": number(np.mean([len(t) for t in targets])),
        "targetHeight": number(shapes[:, 0].mean()),
        "targetWidth": number(shapes[:, 1].mean()),
        "targetCoverage": coverage(targets),
        "cutContextTokens": number(np.mean([c.shape[1] for c in cut])),
        "cutContextCoverage": coverage([mask for batch in cut for mask in batch]),
    }


def beit(folder: str) -> dict:
    np.int = int  # what the file uses and numpy no longer has
    generator = load(folder, "beit/masking_generator.py").MaskingGenerator(GRID, 75, min_num_patches=16)
    random.seed(1)
    masks = [generator() for _ in range(DRAWS)]
    inner = [(m[1:] != m[:-1]).sum() + (m[:, 1:] != m[:, :-1]).sum() for m in masks]
    return {
        "coverage": coverage([np.flatnonzero(m) for m in masks]),
        # pairs of neighbours of which one is masked: how ragged a mask is
        "border": number(np.mean(inner)),
    }


def main() -> None:
    logging.disable(logging.WARNING)
    folders = sys.argv[1:]
    assert len(folders) == 2, __doc__
    cases = {"draws": DRAWS, "grid": [GRID, GRID], "multiBlock": ijepa(folders[0]), "blockWise": beit(folders[1])}
    write(PATH, {"source": source(__file__, "torch", "numpy") + "; facebookresearch/ijepa 52c1ae9, microsoft/unilm 768a3c8", **cases})


if __name__ == "__main__":
    main()
