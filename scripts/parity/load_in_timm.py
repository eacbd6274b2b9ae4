"""Loads weights that this project saved into timm (and torchvision, where it has the name) and compares features.

    python load_in_timm.py weights.safetensors resnet18 features.json [--stem cifar]
    python load_in_timm.py weights.safetensors vit_tiny_patch16_224 features.json --options '{"img_size": 64, "patch_size": 8}'

The JSON has `input` `{shape, data}` `[B, H, W, C]` and `features` `{shape, data}` `[B, D]` (pooled; an object of stages with
`pooled` is taken as well). Every name and shape must fit (`strict=True`); a file without a classifier is loaded without one.
`--options` is for timm's constructor.
The tiny networks of resnet.py go by their names. Ends with status 1 where a feature is further than 1e-4 away.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import timm
import torch
import torchvision
from common import to_nchw
from resnet import TINY, cifar_stem, tiny
from safetensors.torch import load_file

TOLERANCE = 1e-4


def unpack(packed: dict) -> torch.Tensor:
    return torch.tensor(np.asarray(packed["data"], dtype=np.float32).reshape(packed["shape"]))


def with_stem(model: torch.nn.Module, stem: str) -> torch.nn.Module:
    return cifar_stem(model) if stem == "cifar" else model


def in_timm(name: str, stem: str, state: dict, x: torch.Tensor, **options: object) -> torch.Tensor:
    classifiers = [state[key] for key in ("fc.bias", "head.bias", "head.fc.bias") if key in state]
    classes = len(classifiers[0]) if classifiers else 0
    model = tiny(**TINY[name]) if name in TINY else timm.create_model(name, **options)
    model.reset_classifier(classes)
    model = with_stem(model, stem).eval()
    model.load_state_dict(state, strict=True)
    return model.forward_head(model.forward_features(x), pre_logits=True)


def in_torchvision(name: str, stem: str, state: dict, x: torch.Tensor) -> torch.Tensor:
    model = with_stem(getattr(torchvision.models, name)(), stem).eval()
    has_classifier = "fc.bias" in state
    model.fc = torch.nn.Linear(*state["fc.weight"].shape[::-1]) if has_classifier else torch.nn.Identity()
    model.load_state_dict(state, strict=True)
    model.fc = torch.nn.Identity()
    return model(x)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("model")
    parser.add_argument("features", type=Path)
    parser.add_argument("--stem", choices=("imagenet", "cifar"), default="imagenet")
    parser.add_argument("--options", type=json.loads, default={})
    options = parser.parse_args()
    given = json.loads(options.features.read_text())
    features = given["features"]
    expected = unpack(features.get("pooled", features))
    x, state = to_nchw(unpack(given["input"])), load_file(options.weights)
    readers = {"timm": in_timm}
    # ConvNeXt and vision transformers have other names there
    if options.model.startswith(("resn", "wide")) and options.model in torchvision.models.list_models(torchvision.models):
        readers["torchvision"] = in_torchvision
    fits = True
    for library, reader in readers.items():
        with torch.no_grad():
            found = reader(options.model, options.stem, state, x, **options.options)
        assert found.shape == expected.shape, f"features {tuple(found.shape)}, expected {tuple(expected.shape)}"
        gap = (found - expected).abs().max().item()
        fits = fits and gap <= TOLERANCE  # a NaN does not fit
        print(f"{library} {options.model}: {len(state)} tensors loaded, max |difference| of the features {gap:.3g}")
    return 0 if fits else 1


if __name__ == "__main__":
    sys.exit(main())
