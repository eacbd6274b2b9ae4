"""Vision transformers: narrow ones of timm with weights by formula (see formula.py) and one with its weights in a file; names and shapes.

    python scripts/parity/vit.py MAE DINO

with folders of facebookresearch/mae and facebookresearch/dino, whose position codes are run, not copied. Networks run in float64; images
are `[B, H, W, C]`, tokens `[B, T, D]`, attention `[B, heads, T, T]`, of the block before the last. `gradients` are those of
sum(features * sin(1 + 3i)), i counting the features.
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import timm
import torch
from common import ROOT, agree, pack, source, to_hwio, to_nchw, write
from formula import fill, picture
from safetensors.torch import save_file
from timm.models.vision_transformer import VisionTransformer

FOLDER = "packages/core/src/backbones/__fixtures__"
SOURCE = source(__file__, "torch", "timm", "safetensors", "numpy")
SHAPE = {"embed_dim": 24, "depth": 3, "num_heads": 3, "patch_size": 8, "img_size": 32}
# name: (timm's options, ours, height, width)
CASES = {
    "token": ({}, {}, 32, 32),
    "average": ({"global_pool": "avg", "fc_norm": False}, {"pool": "avg"}, 32, 32),
    "norm after the average": ({"global_pool": "avg"}, {"pool": "avg", "fcNorm": True}, 32, 32),
    "no class token": ({"class_token": False, "global_pool": "avg", "fc_norm": False}, {"classToken": False}, 32, 32),
    "registers": ({"reg_tokens": 3}, {"registers": 3}, 32, 32),
    "registers without positions, layer scale": (
        {"reg_tokens": 2, "no_embed_class": True, "init_values": 0.1},
        {"registers": 2, "embedPrefix": False, "layerScale": 0.1},
        32,
        32,
    ),
    "smaller pictures": ({}, {}, 16, 24),
    "larger pictures": ({"reg_tokens": 1}, {"registers": 1}, 48, 40),
}
GRADIENTS = ("cls_token", "pos_embed", "patch_embed.proj.weight", "patch_embed.proj.bias", "blocks.0.norm1.weight", "blocks.0.norm1.bias",
             "blocks.1.attn.qkv.weight", "blocks.1.attn.proj.bias", "blocks.1.ls1.gamma", "blocks.2.mlp.fc1.bias", "norm.bias")  # fmt: skip
FEW = ("cls_token", "pos_embed", "blocks.1.ls1.gamma", "norm.bias")
NAMES = ("vit_tiny_patch16_224", "vit_small_patch8_224", "vit_base_patch32_384", "vit_large_patch14_224", "vit_huge_patch14_224")
FULL = (("vit_tiny_patch16_224", 224), ("vit_tiny_patch16_224", 96), ("vit_small_patch16_224", 224), ("vit_base_patch16_224", 224))


def build(options: dict, dtype: torch.dtype) -> VisionTransformer:
    model = VisionTransformer(num_classes=0, dynamic_img_size=True, **SHAPE, **options)
    return fill(model).to(dtype).eval()


def attention(model: VisionTransformer, images: torch.Tensor, number: int) -> torch.Tensor:
    """What timm's fused kernel does not give: the softmax of its own queries and keys."""
    x = model.patch_embed(images)
    x = model._pos_embed(x)
    for block in model.blocks[:number]:
        x = block(x)
    attn = model.blocks[number].attn
    q, k, _ = attn.qkv(model.blocks[number].norm1(x)).reshape(*x.shape[:2], 3, attn.num_heads, -1).permute(2, 0, 3, 1, 4)
    return (q * attn.scale @ k.transpose(-2, -1)).softmax(dim=-1)


def run(options: dict, height: int, width: int, dtype: torch.dtype) -> dict:
    model = build(options, dtype)
    images = to_nchw(torch.tensor(picture(2, height, width), dtype=dtype))
    tokens = model.forward_features(images)
    features = model.forward_head(tokens, pre_logits=True)
    weights = torch.sin(1 + 3 * torch.arange(features.numel(), dtype=dtype)).reshape(features.shape)
    (features * weights).sum().backward()
    gradients = {k: v.grad for k, v in model.named_parameters() if k in GRADIENTS}
    maps = attention(model, images, 1)
    return {"tokens": tokens, "features": features, "attention": maps, "gradients": gradients}


def case(name: str) -> dict:
    options, ours, height, width = CASES[name]
    exact, single = (run(options, height, width, d) for d in (torch.float64, torch.float32))
    for key in ("tokens", "features", "attention"):
        agree(f"{name}, {key}", exact[key], single[key])
    for key, value in exact["gradients"].items():
        agree(f"{name}, gradient of {key}", value, single["gradients"][key])
    # a gradient is [out, in] in torch and [in, out] here
    wanted = GRADIENTS if name == "token" else FEW
    gradients = {k: pack(to_hwio(v) if v.ndim == 4 else v.T if v.ndim == 2 else v) for k, v in exact["gradients"].items() if k in wanted}
    rows = pack(exact["attention"][:, :, :2])  # the first two queries of each head
    last = pack(exact["tokens"][:1, -3:])  # the last three tokens of the first image
    return {"name": name, "options": ours, "height": height, "width": width, "features": pack(exact["features"]),
            "tokens": last, "attention": rows, "gradients": gradients}  # fmt: skip


def masked() -> dict:
    """Tokens of the patches that are kept, the others never seen: timm's parts, with torch's gather in between."""
    keep = torch.tensor([[1, 2, 9, 15], [0, 4, 5, 10]])
    results = []
    for dtype in (torch.float64, torch.float32):
        model = build({"reg_tokens": 1}, dtype)
        x = model._pos_embed(model.patch_embed(to_nchw(torch.tensor(picture(2, 32, 32), dtype=dtype))))
        prefix, patches = x[:, :2], x[:, 2:]
        seen = torch.gather(patches, 1, keep[:, :, None].expand(-1, -1, patches.shape[2]))
        results.append(model.norm(model.blocks(torch.cat([prefix, seen], dim=1))))
    agree("masked", *results)
    return {"options": {"registers": 1}, "keep": pack(keep.numpy()), "tokens": pack(results[0])}


def load(folder: str, path: str):
    np.float = float  # what older code calls it
    sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location(Path(path).stem, Path(folder) / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def positions(mae: str, dino: str) -> dict:
    fixed = load(mae, "util/pos_embed.py").get_2d_sincos_pos_embed(16, 5)
    network = load(dino, "vision_transformer.py").VisionTransformer(img_size=[56], patch_size=8, embed_dim=4, depth=1, num_heads=1)
    resized = []
    for dtype in (torch.float64, torch.float32):
        table = torch.sin(torch.arange(4 * 50, dtype=dtype)).reshape(1, 50, 4)
        network.pos_embed = torch.nn.Parameter(table)
        tokens = [torch.zeros(1, 1 + (w // 8) * (h // 8), 4) for w, h in ((32, 24), (88, 72))]
        resized.append([network.interpolate_pos_encoding(t, w, h)[0, 1:] for t, (w, h) in zip(tokens, ((32, 24), (88, 72)))])
    for exact, single in zip(*resized):
        agree("DINO's positions", exact, single)
    return {
        "sinCos": {"source": "facebookresearch/mae util/pos_embed.py", "grid": [5, 5], "values": pack(fixed)},
        # table: sin(i), i counting 1 + 49 positions of 4 channels
        "dino": {"source": "facebookresearch/dino vision_transformer.py", "grids": [[4, 3], [11, 9]], "values": [pack(v) for v in resized[0]]},
    }  # fmt: skip


def names(model: str) -> dict:
    with torch.device("meta"):
        state = timm.create_model(model, num_classes=0).state_dict()
    return {k: "x".join(map(str, v.shape)) for k, v in state.items()}


def full(model: str, size: int) -> dict:
    results = []
    for dtype in (torch.float64, torch.float32):
        network = fill(timm.create_model(model, num_classes=0, dynamic_img_size=True)).to(dtype).eval()
        with torch.no_grad():
            results.append(network(to_nchw(torch.tensor(picture(2, size, size), dtype=dtype))))
    agree(f"{model} {size}", *results)
    return {"model": model, "size": size, "features": pack(results[0][:, :64])}


def main() -> None:
    torch.set_num_threads(2)
    mae, dino = sys.argv[1:3]
    shape = dict(zip(("dim", "depth", "heads", "patchSize", "imgSize"), SHAPE.values()))
    write(f"{FOLDER}/vit.json", {"source": SOURCE, "shape": shape, "cases": [case(name) for name in CASES], "masked": masked()})
    write(f"{FOLDER}/vit-names.json", {"source": SOURCE, **{m: names(m) for m in NAMES}})
    write(f"{FOLDER}/vit-full-size.json", {"source": SOURCE, "cases": [full(*each) for each in FULL]})
    write("packages/core/src/nn/__fixtures__/positions.json", {"source": SOURCE, **positions(mae, dino)})
    path = ROOT / FOLDER / "tiny-vit.safetensors"
    save_file(build({}, torch.float32).state_dict(), path, metadata={"source": SOURCE})
    path.chmod(0o644)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
