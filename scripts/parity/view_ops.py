"""Single view ops for given parameters: PIL and torchvision on uint8 pictures, as in views.py, whose pictures these are; and Kornia for Lab.

Where torchvision has the op on tensors too, the script fails unless both give the same bytes, or are within the rounding of PIL.
`lab` is scaled to 0..255 as OpenCV scales bytes: 255 L / 100, a + 128, b + 128; Kornia and scikit-image agree on it.
`photometric` is the chain of facebookresearch/vissl's ImgPilRandomPhotometric.
"""

import kornia
import numpy as np
import torch
from common import number, pack, pack_bytes, source, write
from exact_views import yiq_rotation
from PIL import Image, ImageEnhance, ImageOps
from skimage.color import rgb2lab
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as F
from views import PICTURES as DRAWN
from views import draw, gap, pil

PATH = "packages/core/src/data/__fixtures__/view-ops.json"


def flat() -> np.ndarray:
    """A red that never changes, a green of two values, a blue that lacks both ends."""
    picture = draw(20, 24, 5, 60, 150)
    picture[..., 0] = 77
    picture[..., 1] = np.where(picture[..., 1] > 100, 200, 40)
    return picture


PICTURES = {k: DRAWN[k] for k in ("photo", "patch")} | {
    "dull": draw(20, 24, 6, 90, 140),
    "flat": flat(),
    "large": draw(80, 100, 7),
}


def chw(picture: np.ndarray) -> torch.Tensor:
    return torch.tensor(picture).permute(2, 0, 1)


def hwc(tensor: torch.Tensor) -> np.ndarray:
    return tensor.permute(1, 2, 0).numpy()


def case(image: str, output: Image.Image | np.ndarray, **parameters) -> dict:
    return {"image": image, **parameters, "output": pack_bytes(np.asarray(output))}


def center_crop(image: str, shorter: int, size: int) -> dict:
    resized = F.resize(pil(PICTURES[image]), [shorter], InterpolationMode.BILINEAR)
    return case(image, F.center_crop(resized, [size, size]), shorterSide=shorter, size=size)


def yiq(image: str, turn: float) -> dict:
    exact = np.clip(PICTURES[image].astype(np.float64) @ yiq_rotation(turn).T, 0, 255)
    return case(image, np.round(exact).astype(np.uint8), turn=turn)


def on_bytes(op: str, image: str, *values) -> np.ndarray:
    """torchvision's function of that name; the same on PIL pictures and on tensors."""
    out = np.asarray(getattr(F, op)(pil(PICTURES[image]), *values))
    tensor = hwc(getattr(F, op)(chw(PICTURES[image]), *values))
    # autocontrast: PIL cuts a double, tensors a float32
    assert np.abs(out.astype(int) - tensor).max() <= (op == "autocontrast"), f"{op} of {image}"
    return out


def sharpness(image: str, factor: float) -> dict:
    """On floats the result is not rounded; PIL cuts off its fraction, and rounds the smoothed picture before."""
    out = np.asarray(F.adjust_sharpness(pil(PICTURES[image]), factor))
    floats = hwc(F.adjust_sharpness(chw(PICTURES[image]).double() / 255, factor)) * 255
    return {**case(image, out, factor=factor), "tensorOutput": pack(np.round(floats, 2)), "exactGap": gap(floats, out)}


def erase(image: str, box: tuple, fill: list) -> dict:
    values = torch.tensor(fill, dtype=torch.float64)[:, None, None]
    out = F.erase(chw(PICTURES[image]).double() / 255, *box, values)
    named = dict(zip(("top", "left", "height", "width"), box, strict=True))
    return case(image, np.round(hwc(out) * 255).astype(np.uint8), **named, fill=fill)


def lab(image: str) -> dict:
    picture = PICTURES[image]
    exact = hwc(kornia.color.rgb_to_lab(chw(picture).double() / 255))
    assert np.abs(exact - rgb2lab(picture)).max() < 0.01
    return {"image": image, "exact": pack(np.round(exact * [2.55, 1, 1] + [0, 128, 128], 3))}


def photometric(image: str, bits: int, factor: float, threshold: int) -> dict:
    out = ImageOps.posterize(pil(PICTURES[image]), bits)
    out = ImageOps.solarize(ImageEnhance.Sharpness(out).enhance(factor), threshold)
    return case(image, ImageOps.autocontrast(out), bits=bits, factor=number(factor), threshold=threshold)


def main() -> None:
    crops = [
        ("photo", 36, 32),
        ("photo", 36, 31),
        ("photo", 48, 40),
        ("photo", 18, 16),
        ("photo", 96, 24),
        ("large", 36, 32),
        ("large", 70, 64),
        ("patch", 25, 25),
        ("patch", 15, 8),
    ]
    sets = [("photo", 4, 1.9, 128), ("photo", 8, 0.1, 256), ("patch", 6, 0.7, 0), ("dull", 5, 1.3, 110), ("flat", 7, 1.6, 90)]
    write(
        PATH,
        {
            "source": source(__file__, "torchvision", "pillow", "kornia", "scikit-image", "torch", "numpy"),
            "images": {k: pack_bytes(v) for k, v in PICTURES.items()},
            "centerCrop": [center_crop(*c) for c in crops],
            "verticalFlip": [case("patch", on_bytes("vflip", "patch"))],
            "hueYiq": [yiq("patch", t) for t in (-0.2, 0.05, 0.1, 0.5)],
            "posterize": [case("patch", on_bytes("posterize", "patch", b), bits=b) for b in range(1, 9)],
            "equalize": [case(k, on_bytes("equalize", k)) for k in PICTURES if k != "large"],
            "autocontrast": [case(k, on_bytes("autocontrast", k)) for k in PICTURES if k != "large"],
            "invert": [case("patch", on_bytes("invert", "patch"))],
            "sharpness": [sharpness("patch", f) for f in (0.0, 0.1, 0.5, 1.0, 1.4, 1.9)],
            "photometric": [photometric(*s) for s in sets],
            "erase": [
                erase("patch", (3, 5, 9, 11), [0.0] * 3),
                erase("patch", (0, 0, 1, 23), [0.2, 0.5, 1.0]),
                erase("patch", (12, 17, 8, 7), [1.0] * 3),
            ],
            "lab": [lab("patch")],
        },
    )


if __name__ == "__main__":
    main()
