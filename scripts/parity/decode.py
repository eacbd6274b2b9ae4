"""Pictures of many channels and depths as TIFF and .npy files, with the pixels that must come out; means and deviations by NumPy."""

import base64
import io

import numpy as np
import tifffile

from common import pack, rng, source, write

PATH = "packages/core/src/data/__fixtures__/decode.json"
HEIGHT, WIDTH = 3, 4
DTYPES = {"uint8": 256, "uint16": 65536, "float32": 2000}


def picture(dtype: str, channels: int) -> np.ndarray:
    gen = rng(channels)
    values = gen.integers(0, DTYPES[dtype], (HEIGHT, WIDTH, channels))
    return (values * 0.5 if dtype == "float32" else values).astype(dtype)


def pixels(stored: np.ndarray, span: tuple) -> np.ndarray:
    """0 to 255, float64."""
    if stored.dtype == np.uint8:
        return stored.astype(np.float64)
    return np.clip((stored.astype(np.float64) - span[0]) * 255 / (span[1] - span[0]), 0, 255)


def case(name: str, data: bytes, stored: np.ndarray, span: tuple | None) -> dict:
    fallback = (0, 65535)
    entry = {"name": name, "channels": stored.shape[2], "file": base64.b64encode(data).decode()}
    return entry | ({"range": list(span)} if span else {}) | {"pixels": pack(pixels(stored, span or fallback))}


def tiff(stored: np.ndarray, **layout) -> bytes:
    out = io.BytesIO()
    separate = layout.get("planarconfig") == "separate"
    given = np.ascontiguousarray(stored.transpose(2, 0, 1)) if separate else stored
    options = {"photometric": "minisblack", "metadata": None, "software": False} | layout
    tifffile.imwrite(out, given, **options)
    return out.getvalue()


def npy(stored: np.ndarray, dtype: str) -> bytes:
    out = io.BytesIO()
    np.save(out, stored.astype(dtype))
    return out.getvalue()


def tiffs() -> list[dict]:
    cases = []
    for dtype in DTYPES:
        span = (100, 900) if dtype == "float32" else None
        for channels in (2, 4, 5, 13, 16):
            for layout in ({"planarconfig": "contig"}, {"planarconfig": "separate", "rowsperstrip": 2}):
                stored = picture(dtype, channels)
                name = f"tiff, {channels} bands of {dtype}, {layout['planarconfig']}"
                cases.append(case(name, tiff(stored, **layout), stored, span))
    stored = picture("uint16", 13)
    packed = {"compression": "zlib", "byteorder": ">", "bigtiff": True, "planarconfig": "separate"}
    cases.append(case("tiff, big-endian BigTIFF, zlib", tiff(stored, **packed), stored, None))
    cases.append(case("tiff, uint16 with a range", tiff(stored, planarconfig="contig"), stored, (1000, 9000)))
    signed = picture("uint8", 5).astype(np.int16) - 128
    cases.append(case("tiff, int16", tiff(signed, planarconfig="contig"), signed, (-128, 127)))
    return cases


def arrays() -> list[dict]:
    cases = []
    for channels, dtype in ((1, "|u1"), (3, "<u2"), (3, ">u2"), (13, "<f4"), (2, ">f4"), (4, "<f8"), (7, ">f8")):
        kind = {"u1": "uint8", "u2": "uint16"}.get(dtype[1:], "float32")
        stored = picture(kind, channels)
        cases.append(case(f"npy, {channels} of {dtype}", npy(stored, dtype), stored, (100, 900) if kind == "float32" else None))
    flat = picture("uint8", 1)
    cases.append(case("npy, [H, W]", npy(flat[..., 0], "|u1"), flat, None))
    return cases


def refused() -> list[dict]:
    grey = picture("uint8", 1)[..., 0]
    out = io.BytesIO()
    np.save(out, np.asfortranarray(grey))
    files = {
        "Fortran order": out.getvalue(),
        "dtype '<i4'": npy(grey, "<i4"),
        "dtype '<c8'": npy(grey, "<c8"),
        "shape (1, 2, 2, 3)": npy(np.zeros((1, 2, 2, 3)), "|u1"),
        "shape (5,)": npy(np.zeros(5), "|u1"),
        "shape (0, 3)": npy(np.zeros((0, 3)), "|u1"),
        "not finite": npy(np.array([[0, np.nan]]), "<f4"),
        "damaged or truncated": npy(grey, "|u1")[:-1],
    }
    tiled = np.zeros((16, 16, 5), np.uint8)
    files["separate planes"] = tiff(tiled, planarconfig="separate", tile=(16, 16))
    return [{"reason": reason, "file": base64.b64encode(data).decode()} for reason, data in files.items()]


def statistics() -> dict:
    """Pixels of pictures of one size, and each channel's mean and standard deviation on the scale 0 to 1."""
    gen = rng(3)
    data = gen.integers(0, 256, (9, HEIGHT, WIDTH, 5)).astype(np.uint8)
    data[..., 1] //= 4
    scaled = data.astype(np.float64) / 255
    flat = scaled.reshape(-1, 5)
    return {"data": pack(data), "mean": pack(flat.mean(0)), "std": pack(flat.std(0))}


def main() -> None:
    cases = tiffs() + arrays()
    write(PATH, {"source": source(__file__, "tifffile", "numpy"), "cases": cases, "refused": refused(), "statistics": statistics()})


if __name__ == "__main__":
    main()
