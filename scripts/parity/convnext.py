"""ConvNeXts of timm with weights by formula (see formula.py), narrow and full-size, and their names and shapes.

Networks run in float64; images and stages are `[B, H, W, C]`. `gradients` are those of sum(features * sin(1 + 3i)), i counting the features.
"""

import timm
import torch
from common import ROOT, agree, number, pack, source, to_hwio, to_nchw, to_nhwc, write
from formula import fill, picture
from safetensors.torch import save_file
from timm.models.convnext import ConvNeXt

FOLDER = "packages/core/src/backbones/__fixtures__"
SOURCE = source(__file__, "torch", "timm", "safetensors", "numpy")
SHAPE = {"depths": (1, 1, 2, 1), "dims": (6, 8, 12, 16)}
# name: (timm's options, ours, height, width); 68 = 2 · 32 + 4: the downsampling leaves out a row
CASES = {
    "linear": ({}, {}, 64, 68),
    "1x1 convolutions": ({"conv_mlp": True}, {}, 64, 68),
    "squares of 2": ({"patch_size": 2}, {"patchSize": 2}, 32, 64),
    "squares of 1": ({"patch_size": 1}, {"patchSize": 1}, 16, 24),
}
GRADIENTS = ("stem.0.weight", "stem.1.bias", "stages.0.blocks.0.conv_dw.weight", "stages.0.blocks.0.gamma", "stages.1.downsample.0.weight",
             "stages.1.downsample.1.weight", "stages.2.blocks.1.conv_dw.bias", "stages.2.blocks.0.mlp.fc2.weight", "head.norm.weight")  # fmt: skip
NAMES = ("convnext_atto", "convnext_femto", "convnext_pico", "convnext_nano", "convnext_tiny", "convnext_small", "convnext_base", "convnext_large")


def build(options: dict, dtype: torch.dtype) -> ConvNeXt:
    return fill(ConvNeXt(num_classes=0, **SHAPE, **options)).to(dtype).eval()


def run(options: dict, height: int, width: int, dtype: torch.dtype) -> dict:
    model = build(options, dtype)
    last, stages = model.forward_intermediates(to_nchw(torch.tensor(picture(2, height, width), dtype=dtype)))
    features = model.forward_head(last, pre_logits=True)
    weights = torch.sin(1 + 3 * torch.arange(features.numel(), dtype=dtype)).reshape(features.shape)
    (features * weights).sum().backward()
    gradients = {k: v.grad for k, v in model.named_parameters() if k in GRADIENTS}
    return {"features": features, "stages": [to_nhwc(s) for s in stages], "gradients": gradients}


def case(name: str) -> dict:
    options, ours, height, width = CASES[name]
    exact, single = (run(options, height, width, d) for d in (torch.float64, torch.float32))
    agree(f"{name}, features", exact["features"], single["features"])
    for key, value in exact["gradients"].items():
        agree(f"{name}, gradient of {key}", value, single["gradients"][key])
    gradients = {k: pack(to_hwio(v) if v.ndim == 4 else v.T if v.ndim == 2 else v) for k, v in exact["gradients"].items()}
    means = [{"shape": list(s.shape), "mean": number(s.detach().mean()), "std": number(s.detach().std(correction=0))} for s in exact["stages"]]
    return {"name": name, "convMlp": "conv_mlp" in options, "options": ours, "height": height, "width": width,
            "features": pack(exact["features"]), "stages": means, "gradients": gradients}  # fmt: skip


def full(model: str, size: int) -> dict:
    results = []
    for dtype in (torch.float64, torch.float32):
        network = fill(timm.create_model(model, num_classes=0)).to(dtype).eval()
        with torch.no_grad():
            results.append(network(to_nchw(torch.tensor(picture(2, size, size), dtype=dtype))))
    agree(f"{model} {size}", *results)
    return {"model": model, "size": size, "features": pack(results[0][:, :64])}


def names(model: str) -> dict:
    with torch.device("meta"):
        state = timm.create_model(model, num_classes=0).state_dict()
    return {k: "x".join(map(str, v.shape)) for k, v in state.items()}


def main() -> None:
    torch.set_num_threads(2)
    write(f"{FOLDER}/convnext.json", {
        "source": SOURCE, "shape": SHAPE, "cases": [case(name) for name in CASES],
        "full": [full("convnext_atto", 64), full("convnext_tiny", 96)],
    })  # fmt: skip
    write(f"{FOLDER}/convnext-names.json", {"source": SOURCE, **{m: names(m) for m in NAMES}})
    path = ROOT / FOLDER / "tiny-convnext.safetensors"
    save_file(build({}, torch.float32).state_dict(), path, metadata={"source": SOURCE})
    path.chmod(0o644)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
