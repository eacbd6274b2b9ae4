"""Histograms of oriented gradients of two pictures, grey and colour, by scikit-image."""

import numpy as np
from common import pack, rng, source, write
from skimage.feature import hog

PATH = "tests/__fixtures__/hog.json"
gen = rng(2005)


def case(channels: int) -> dict:
    pixels = gen.integers(0, 256, (32, 32, channels), dtype=np.uint8)
    image = pixels if channels > 1 else pixels[..., 0]
    features = hog(
        image.astype(np.float64), orientations=9, pixels_per_cell=(8, 8), cells_per_block=(2, 2), block_norm="L2-Hys",
        channel_axis=-1 if channels > 1 else None,
    )
    return {"channels": channels, "pixels": pixels.flatten().tolist(), "features": pack(features)}


write(PATH, {"source": source(__file__, "scikit-image", "numpy"), "cases": [case(1), case(3)]})
