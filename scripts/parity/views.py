"""Views for given parameters: torchvision's functions on PIL images (uint8), as lightly's SimCLR transform uses them.

Pictures are uint8 `[H, W, 3]`, base64. PIL rounds or cuts off to whole numbers after every operation, so each case
also says how far exact arithmetic (exact_views.py; clipped to 0..255 at the end only) is from PIL: `exactGap`, in units of 1/255.
Hue differs most: PIL keeps it in 8 bits and cuts the shift (`shiftUsed`), so `tensorOutput` has torchvision's on floats, rounded.
`matrix` is the colour operation as 3 rows `[r, g, b, 1]` on values 0..255. Affine `inverse` maps output to input pixels:
x' = a x + b y + c, y' = d x + e y + f at pixel centres (x + .5); outside is `fill`.
"""

import math

import numpy as np
import torch
from common import number, pack, pack_bytes, rng, source, write
from exact_views import LUMA, color_matrix, exact_blur, exact_color, exact_crop, exact_hue, pil_hue_shift, yiq_rotation
from PIL import Image, ImageFilter, ImageStat
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as F

PATH = "packages/core/src/data/__fixtures__/views.json"
BILINEAR = InterpolationMode.BILINEAR


def draw(height: int, width: int, seed: int, low: int = 0, high: int = 255) -> np.ndarray:
    """Slopes, a saturated disc, a grey bar, stripes of two pixels and noise, between `low` and `high`."""
    y, x = np.mgrid[0:height, 0:width] / np.array([height, width]).reshape(2, 1, 1)
    rgb = np.stack([0.15 + 0.8 * x, 0.1 + 0.8 * y, 0.9 - 0.8 * x * y], -1)
    rgb[(y - 0.4) ** 2 + (x - 0.65) ** 2 < 0.06] = (0.95, 0.15, 0.1)
    rgb[(y > 0.8) & (x < 0.5)] = 0.5
    stripes = (np.arange(width) // 2 % 2 == 0)[None, :] & (y > 0.6) & (x > 0.6)
    rgb[stripes] = (0.05, 0.35, 0.95)
    rgb = np.clip(rgb + rng(seed).normal(0, 0.03, rgb.shape), 0, 1)
    return np.round(low + rgb * (high - low)).astype(np.uint8)


# `soft` never clips under the factors used on it
PICTURES = {
    "photo": draw(48, 64, 1),
    "square": draw(32, 32, 2),
    "patch": draw(20, 24, 3),
    "soft": draw(48, 64, 4, 70, 170),
}


def pil(array: np.ndarray) -> Image.Image:
    return Image.fromarray(array)


def gap(exact: np.ndarray, picture: np.ndarray) -> dict:
    difference = np.abs(np.clip(exact, 0, 255) - picture)
    return {"max": number(difference.max()), "mean": number(difference.mean())}


def crop_case(image: str, box: tuple, size: tuple) -> dict:
    top, left, height, width = box
    out = np.asarray(F.resized_crop(pil(PICTURES[image]), *box, list(size), BILINEAR, antialias=True))
    exact = exact_crop(PICTURES[image].astype(np.float64), box, size)
    named = {"image": image, "top": top, "left": left, "height": height, "width": width, "size": list(size)}
    small = {"exact": pack(exact)} if exact.size <= 400 else {}
    return {**named, "output": pack_bytes(out), "exactGap": gap(exact, out), **small}


def color(op: str, factor: float, picture: Image.Image) -> Image.Image:
    if op == "grayscale":
        return F.rgb_to_grayscale(picture, 3)
    return getattr(F, f"adjust_{op}")(picture, factor)


def tensor_hue(picture: np.ndarray, factor: float) -> np.ndarray:
    """torchvision's hue on a float tensor: no 8-bit hue, no cut shift, so it can be met to the rounding of the result."""
    floats = torch.tensor(picture, dtype=torch.float64).permute(2, 0, 1) / 255
    out = F.adjust_hue(floats, factor).permute(1, 2, 0).numpy() * 255
    assert np.abs(out - exact_hue(picture.astype(np.float64), factor)).max() < 1e-3  # it computes in float32
    return out


def color_case(image: str, op: str, factor: float) -> dict:
    picture = PICTURES[image]
    out = np.asarray(color(op, factor, pil(picture)))
    gray = pil(picture).convert("L")
    mean = int(ImageStat.Stat(gray).mean[0] + 0.5)  # PIL's contrast turns about a whole number
    difference = gap(exact_color(op, factor, picture.astype(np.float64), mean), out)
    case = {"image": image, "op": op, "factor": factor, "output": pack_bytes(out), "exactGap": difference}
    if op == "hue":
        shift = pil_hue_shift(factor)
        floats = tensor_hue(picture, factor)
        case |= {"shiftUsed": number(shift), "yiqGap": gap(picture @ yiq_rotation(shift).T, out)}
        return {**case, "tensorOutput": pack_bytes(np.round(floats).astype(np.uint8))}
    assert difference["max"] < 2, f"{op} {factor}: {difference}"
    case["matrix"] = color_matrix(op, factor, mean).tolist()
    if op == "contrast":
        means = {"meanUsed": mean, "grayMean": np.asarray(gray, dtype=np.float64).mean()}
        case |= {k: number(v) for k, v in {**means, "unroundedGrayMean": (picture @ LUMA).mean()}.items()}
    return case


def blur_case(image: str, sigma: float, kernel: int | None) -> dict:
    """With a kernel size torchvision's blur, without it PIL's (box blurs that come near a Gaussian; the border repeated)."""
    picture = PICTURES[image]
    if kernel is None:
        out = np.asarray(pil(picture).filter(ImageFilter.GaussianBlur(sigma)))
        taps = 2 * math.ceil(5 * sigma) + 1
        exact = exact_blur(picture.astype(np.float64), taps, sigma, "edge")
        return {"kind": "pil", "image": image, "sigma": sigma, "output": pack_bytes(out), "gaussianGap": gap(exact, out)}
    out = np.asarray(F.gaussian_blur(pil(picture), kernel, sigma))
    difference = gap(exact_blur(picture.astype(np.float64), kernel, sigma), out)
    assert difference["max"] < 0.51
    named = {"kind": "torchvision", "image": image, "kernel": kernel, "sigma": sigma}
    return {**named, "output": pack_bytes(out), "exactGap": difference}


def affine_case(image: str, angle: float, translate: tuple, scale: float, shear: tuple, fill: int) -> dict:
    picture = PICTURES[image]
    height, width = picture.shape[:2]
    out = F.affine(pil(picture), angle, list(translate), scale, list(shear), BILINEAR, [fill])
    inverse = F._get_inverse_affine_matrix([width / 2, height / 2], angle, list(translate), scale, list(shear))
    named = {"image": image, "angle": angle, "translate": list(translate), "scale": scale, "shear": list(shear), "fill": fill}
    return {**named, "inverse": inverse, "output": pack_bytes(np.asarray(out))}


def rotate_case(image: str, angle: float, fill: int) -> dict:
    """F.rotate turns counter-clockwise, F.affine clockwise."""
    out = np.asarray(F.rotate(pil(PICTURES[image]), angle, BILINEAR, fill=[fill] * 3))
    return {"image": image, "angle": angle, "fill": fill, "output": pack_bytes(out)}


def step(op: str, values: list, out: Image.Image, exact: np.ndarray) -> tuple[Image.Image, np.ndarray, dict]:
    """One step of a chain, on PIL's picture and in exact arithmetic, and its parameters by name."""
    if op == "resizedCrop":
        box, size = values
        named = {"top": box[0], "left": box[1], "height": box[2], "width": box[3], "size": list(size)}
        return F.resized_crop(out, *box, list(size), BILINEAR), exact_crop(exact, box, size), named
    if op == "horizontalFlip":
        return F.hflip(out), exact[:, ::-1], {}
    if op == "blur":
        return F.gaussian_blur(out, *values), exact_blur(exact, *values), {"kernel": values[0], "sigma": values[1]}
    if op == "solarize":
        return F.solarize(out, values[0]), np.where(exact >= values[0], 255 - exact, exact), {"threshold": values[0]}
    factor = values[0] if values else 0.0
    named = {"factor": factor} if values else {}
    if op == "hue":
        named["shiftUsed"] = number(pil_hue_shift(factor))
        exact = np.clip(exact, 0, 255)  # HSV has no meaning outside
    return color(op, factor, out), exact_color(op, factor, exact), named


def chain(name: str, image: str, steps: list[tuple]) -> dict:
    """PIL's picture after every step; `exact` is the end without rounding or clipping, `clipped` with clipping after each step."""
    out, exact = pil(PICTURES[image]), PICTURES[image].astype(np.float64)
    clipped, done = exact, []
    for op, *values in steps:
        _, clipped, _ = step(op, values, out, clipped)
        clipped = np.clip(clipped, 0, 255)
        out, exact, named = step(op, values, out, exact)
        done.append({"op": op, **named, "output": pack_bytes(np.asarray(out)), "exactGap": gap(exact, np.asarray(out))})
    ends = {"exact": np.clip(exact, 0, 255), "clipped": clipped}
    gaps = {f"{k}Gap": gap(v, np.asarray(out)) for k, v in ends.items()}
    print(f"chain {name}: {gaps}")
    same = np.abs(ends["exact"] - clipped).max() < 5e-4
    packed = {k: pack(np.round(v, 2)) for k, v in ends.items() if k == "exact" or not same}
    return {"name": name, "image": image, "steps": done, **gaps, **packed}


def crops() -> list:
    boxes = [
        ("photo", (0, 0, 48, 64), (32, 32)),
        ("photo", (5, 9, 33, 41), (32, 32)),
        ("photo", (11, 20, 12, 17), (32, 32)),
        ("photo", (2, 30, 44, 15), (32, 32)),
        ("photo", (30, 1, 7, 50), (32, 32)),
        ("photo", (40, 57, 1, 3), (32, 32)),
        ("square", (0, 0, 32, 32), (32, 32)),
        ("square", (4, 7, 20, 23), (32, 32)),
        ("square", (9, 2, 11, 30), (32, 32)),
        ("photo", (0, 0, 48, 64), (9, 12)),
        ("photo", (6, 10, 31, 29), (8, 11)),
        ("square", (3, 5, 5, 6), (12, 10)),
        ("patch", (1, 2, 15, 4), (7, 9)),
    ]
    return [crop_case(*box) for box in boxes]


def colors() -> list:
    factors = {
        "brightness": (0.2, 0.6, 1.0, 1.4, 1.8),
        "contrast": (0.2, 0.6, 1.0, 1.4, 1.8),
        "saturation": (0.0, 0.2, 0.6, 1.4, 1.8),
        "hue": (-0.2, -0.1, -0.05, 0.05, 0.1, 0.2, 0.5),
        "grayscale": (0.0,),
    }
    vivid = [color_case("patch", op, f) for op, values in factors.items() for f in values]
    return vivid + [color_case("soft", "contrast", 0.5), color_case("soft", "hue", 0.1)]


def chains() -> list:
    crop = ("resizedCrop", (5, 9, 33, 41), (16, 16))
    gentle = [("brightness", 1.2), ("contrast", 0.8), ("saturation", 1.3)]
    strong = [("saturation", 1.6), ("brightness", 1.4), ("hue", -0.08), ("contrast", 1.5)]
    return [
        chain("SimCLR, no hue, nothing clips", "soft", [crop, ("horizontalFlip",), *gentle, ("blur", 3, 0.9)]),
        chain("SimCLR, hue, nothing clips", "soft", [crop, *gentle, ("hue", 0.05), ("blur", 3, 1.4)]),
        chain("SimCLR, another order, clips", "photo", [("resizedCrop", (2, 30, 44, 30), (16, 16)), *strong, ("blur", 3, 0.5)]),
        chain("SimCLR, grayscale", "photo", [crop, ("horizontalFlip",), *strong[:2], ("grayscale",), ("blur", 5, 1.1)]),
        chain("BYOL's end, solarize", "photo", [crop, ("contrast", 0.7), ("blur", 3, 1.0), ("solarize", 128)]),
    ]


def main() -> None:
    kernels = [("patch", 0.1, 3), ("square", 1.0, 3), ("patch", 0.8, 5), ("square", 2.0, 23), ("patch", 1.7, 9)]
    blurs = [blur_case(*k) for k in kernels] + [blur_case("patch", s, None) for s in (0.1, 0.5, 1.0, 2.0)]
    affines = [
        ("patch", 0.0, (0, 0), 1.0, (0.0, 0.0), 0),
        ("patch", 10.0, (0, 0), 1.0, (0.0, 0.0), 0),
        ("patch", -7.5, (2, -3), 0.9, (0.0, 0.0), 255),
        ("patch", 5.0, (-1, 2), 1.15, (6.0, -4.0), 128),
        ("patch", 0.0, (3, 1), 1.0, (0.0, 0.0), 0),
    ]
    patch = PICTURES["patch"]
    write(
        PATH,
        {
            "source": source(__file__, "torchvision", "pillow", "torch", "numpy"),
            "images": {k: pack_bytes(v) for k, v in PICTURES.items()},
            "resizedCrop": crops(),
            "horizontalFlip": [{"image": "patch", "output": pack_bytes(np.asarray(F.hflip(pil(patch))))}],
            "color": colors(),
            "blur": blurs,
            "solarize": [
                {"image": "patch", "threshold": t, "output": pack_bytes(np.asarray(F.solarize(pil(patch), t)))}
                for t in (64, 128, 192)
            ],
            "affine": [affine_case(*a) for a in affines],
            "rotate": [rotate_case("patch", a, f) for a, f in ((8.0, 0), (-15.0, 200), (90.0, 0))],
            "chains": chains(),
        },
    )


if __name__ == "__main__":
    main()
