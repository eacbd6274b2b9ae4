"""Weights and pictures of full-size networks by a formula instead of a file, for TypeScript to reproduce bit for bit.

All integers are unsigned 32 bit and wrap around (`Math.imul(a, b) >>> 0`); all other arithmetic is float64, and the
last step rounds to float32 (`Math.fround`). Only + - * / and sqrt are used, which IEEE 754 rounds alike everywhere.

    seed(name) = FNV-1a:  h = 0x811c9dc5;  for each byte of name:  h = (h ^ byte) * 0x01000193
    hash(seed, i):        x = seed + i * 0x9e3779b9
                          x = (x ^ (x >>> 16)) * 0x85ebca6b
                          x = (x ^ (x >>> 13)) * 0xc2b2ae35
                          x = x ^ (x >>> 16)
    u(name, i) = (hash(seed(name), i) >>> 8) / 16777216              in [0, 1)
    s(name, i) = 2 * u - 1                                           in [-1, 1)

Element `i` (flat index in TORCH's layout: convolution `[out, in/groups, kh, kw]`, linear `[out, in]`) of the tensor that the
state dict calls `name`:

    convolution (4-D)           s * sqrt(6 / fanIn),  fanIn = in/groups * kh * kw
    linear weight (2-D)         s * sqrt(3 / fanIn),  fanIn = in
    *.running_var               0.5 + u
    *.running_mean, *.bias      0.2 * s
    other 1-D (norm weights)    0.5 + u, and for the last norm of a residual block (0.5 + u) * 0.1
    *.num_batches_tracked       0
    picture, name "input"       s * sqrt(3),  i = flat index in `[B, H, W, C]`

The last norm of a residual block is `<block>.bn3` where the block has one, else `<block>.bn2`; its factor keeps the sum of
many blocks of the order of 1.
"""

import math
import re

import numpy as np
import torch

MASK = 0xFFFFFFFF


def seed(name: str) -> int:
    h = 0x811C9DC5
    for byte in name.encode():
        h = ((h ^ byte) * 0x01000193) & MASK
    return h


def unit(name: str, count: int) -> np.ndarray:
    """`u(name, 0..count-1)`, float64; uint32 arrays wrap around."""
    x = np.uint32(seed(name)) + np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B9)
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    x = x ^ (x >> np.uint32(16))
    return (x >> np.uint32(8)).astype(np.float64) / 16777216


def is_last_norm(name: str, names: set[str]) -> bool:
    block = re.fullmatch(r"(layer\d\.\d+)\.bn([23])\.weight", name)
    return block is not None and (block[2] == "3" or f"{block[1]}.bn3.weight" not in names)


def values(name: str, shape: tuple[int, ...], names: set[str]) -> np.ndarray:
    """The float32 tensor called `name` in a state dict that has `names`."""
    u = unit(name, math.prod(shape))
    s = 2 * u - 1
    if len(shape) == 4:
        out = s * math.sqrt(6 / math.prod(shape[1:]))
    elif len(shape) == 2:
        out = s * math.sqrt(3 / shape[1])
    elif name.endswith("running_var"):
        out = 0.5 + u
    elif name.endswith(("running_mean", ".bias")):
        out = 0.2 * s
    else:
        out = (0.5 + u) * (0.1 if is_last_norm(name, names) else 1.0)
    return out.astype(np.float32).reshape(shape)


def fill(model: torch.nn.Module) -> torch.nn.Module:
    """Overwrites every parameter and buffer of `model` with the formula's values."""
    state = model.state_dict()
    for name, old in state.items():
        if name.endswith("num_batches_tracked"):
            old.zero_()
        else:
            old.copy_(torch.from_numpy(values(name, tuple(old.shape), set(state))))
    return model


def picture(batch: int, height: int, width: int) -> np.ndarray:
    """`[B, H, W, 3]` float32."""
    out = (2 * unit("input", batch * height * width * 3) - 1) * math.sqrt(3)
    return out.astype(np.float32).reshape(batch, height, width, 3)
