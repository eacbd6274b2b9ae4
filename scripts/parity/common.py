"""What every parity script shares: seeded numbers, layouts, and how a fixture is written.

References are computed in float64 from inputs that float32 holds exactly, so a fixture is the true value and the
tolerance of a test covers only the error of the code under test. Each script also runs its reference in float32 and
fails if the two disagree: see `agree`.
"""

import base64
import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[2]
MAX_BYTES = 300_000


def rng(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def normal(gen: np.random.Generator, *shape: int, scale: float = 1.0, shift: float = 0.0) -> np.ndarray:
    """Normal draws that float32 holds exactly, as float64."""
    return (gen.standard_normal(shape) * scale + shift).astype(np.float32).astype(np.float64)


def uniform(gen: np.random.Generator, low: float, high: float, *shape: int) -> np.ndarray:
    return gen.uniform(low, high, shape).astype(np.float32).astype(np.float64)


def tensor(array: np.ndarray, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.tensor(array, dtype=dtype, requires_grad=True)


def to_nchw(x: torch.Tensor) -> torch.Tensor:
    return x.permute(0, 3, 1, 2)


def to_nhwc(x: torch.Tensor) -> torch.Tensor:
    return x.permute(0, 2, 3, 1)


def to_oihw(w: torch.Tensor) -> torch.Tensor:
    """`[kh, kw, in/groups, out]` to torch's `[out, in/groups, kh, kw]`."""
    return w.permute(3, 2, 0, 1)


def to_hwio(w: torch.Tensor) -> torch.Tensor:
    return w.permute(2, 3, 1, 0)


def number(x: float) -> float | int:
    """9 significant digits: exact for a float32, ample for the rest."""
    value = float(f"{float(x):.9g}")
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def pack(x: torch.Tensor | np.ndarray) -> dict:
    """`{shape, data}`, data flat in row-major order."""
    array = x.detach().cpu().numpy() if isinstance(x, torch.Tensor) else np.asarray(x)
    flat = array.reshape(-1).tolist()
    data = flat if np.issubdtype(array.dtype, np.integer) else [number(v) for v in flat]
    return {"shape": list(array.shape), "data": data}


def pack_bytes(x: np.ndarray) -> dict:
    """`{shape, base64}` of a uint8 array, row-major."""
    assert x.dtype == np.uint8
    return {"shape": list(x.shape), "base64": base64.b64encode(np.ascontiguousarray(x).tobytes()).decode()}


def agree(name: str, exact, single, tolerance: float = 1e-4, floor: float = 1.0) -> None:
    """Fails if the reference's float32 run is further than `tolerance` (relative to the largest value, or `floor`) away."""
    a = np.asarray(exact.detach() if isinstance(exact, torch.Tensor) else exact, dtype=np.float64)
    b = np.asarray(single.detach() if isinstance(single, torch.Tensor) else single, dtype=np.float64)
    assert a.shape == b.shape, f"{name}: shapes {a.shape} and {b.shape}"
    assert np.isfinite(a).all(), f"{name}: not finite"
    gap = np.abs(a - b).max() / max(floor, np.abs(a).max())
    assert gap <= tolerance, f"{name}: float32 and float64 differ by {gap:.2e}"


def source(script: str, *packages: str) -> str:
    name = Path(script).name
    return f"scripts/parity/{name}; " + ", ".join(f"{p} {version(p)}" for p in packages)


def dump(value: object, depth: int = 0) -> str:
    """JSON with one line for each case (the elements two levels down), so that a change shows as a small diff."""
    if depth < 2 and isinstance(value, dict) and value:
        items = [f"{json.dumps(k)}:{dump(v, depth + 1)}" for k, v in value.items()]
        return "{\n" + ",\n".join(items) + "\n}"
    if depth < 2 and isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(dump(v, depth + 2) for v in value) + "\n]"
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def write(path: str, fixture: dict) -> None:
    assert next(iter(fixture)) == "source", "a fixture begins with its source"
    target = ROOT / path
    target.parent.mkdir(parents=True, exist_ok=True)
    text = dump(fixture) + "\n"
    assert len(text) <= MAX_BYTES, f"{path}: {len(text)} bytes, limit {MAX_BYTES}"
    target.write_text(text)
    print(f"{path}: {len(text)} bytes")
