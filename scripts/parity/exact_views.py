"""The operations of views.py in exact arithmetic: float64 on values 0..255, nothing rounded, nothing clipped."""

import colorsys
import math

import numpy as np
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as F

LUMA = np.array([0.299, 0.587, 0.114])


def exact_crop(x: np.ndarray, box: tuple, size: tuple) -> np.ndarray:
    tensor = torch.tensor(x).permute(2, 0, 1)
    return F.resized_crop(tensor, *box, list(size), InterpolationMode.BILINEAR, antialias=True).permute(1, 2, 0).numpy()


def color_matrix(op: str, factor: float, mean: float) -> np.ndarray:
    """3 rows `[r, g, b, 1]`; contrast turns about `mean`, the mean of the grey picture."""
    matrix = np.zeros((3, 4))
    gray = np.tile(LUMA, (3, 1))
    if op in ("brightness", "contrast"):
        matrix[:, :3] = factor * np.eye(3)
        matrix[:, 3] = (1 - factor) * mean if op == "contrast" else 0
    elif op == "saturation":
        matrix[:, :3] = factor * np.eye(3) + (1 - factor) * gray
    else:
        matrix[:, :3] = gray
    return matrix


def yiq_rotation(factor: float) -> np.ndarray:
    """Hue as a turn in YIQ: a 3x3 matrix, but not what PIL does (a shift in HSV); hue grows as the angle of (I, Q) falls."""
    to_yiq = np.array([LUMA, [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
    a = -2 * math.pi * factor
    turn = np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
    return np.linalg.inv(to_yiq) @ turn @ to_yiq


def pil_hue_shift(factor: float) -> float:
    """PIL keeps hue in 8 bits: the shift is cut to a whole number of 255ths."""
    return math.trunc(factor * 255) / 255


def exact_hue(x: np.ndarray, shift: float) -> np.ndarray:
    def turned(rgb):
        h, s, v = colorsys.rgb_to_hsv(*(rgb / 255))
        return colorsys.hsv_to_rgb((h + shift) % 1, s, v)

    return np.apply_along_axis(turned, -1, x) * 255


def exact_color(op: str, factor: float, x: np.ndarray, mean: float | None = None) -> np.ndarray:
    """`mean`: what contrast turns about; the mean of the grey picture where none is given."""
    if op == "hue":
        return exact_hue(x, pil_hue_shift(factor))
    matrix = color_matrix(op, factor, (x @ LUMA).mean() if mean is None else mean)
    return x @ matrix[:, :3].T + matrix[:, 3]


def exact_blur(x: np.ndarray, kernel: int, sigma: float, mode: str = "reflect") -> np.ndarray:
    """Separable Gaussian of `kernel` taps; `reflect` does not repeat the border pixel (torchvision)."""
    half = kernel // 2
    taps = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    taps /= taps.sum()
    for axis in (0, 1):
        padded = np.pad(x, [(half, half) if a == axis else (0, 0) for a in range(3)], mode=mode)
        x = sum(t * np.take(padded, range(i, i + x.shape[axis]), axis) for i, t in enumerate(taps))
    return x
