"""A full training step of a method in PyTorch with lightly's heads, losses and helpers. Prints one line of JSON.

    python bench/torch/methods.py --method byol --pairs 64 --size 32 --steps 5 --layout channels_last

Each method is put together as lightly's examples do it (examples/pytorch, one pass of the network for each view), with SGD and given
images. `ms` has every step, the first ones too, which warm up; `peak_mb` is the largest resident memory of the process (Linux, MiB).
"""

import argparse
import json
import resource
import time
from copy import deepcopy

import timm
import torch
import torchvision
from lightly.loss import BarlowTwinsLoss, DCLLoss, DINOLoss, NegativeCosineSimilarity, NTXentLoss, SwaVLoss, VICRegLoss
from lightly.models.modules import (
    BarlowTwinsProjectionHead,
    BYOLPredictionHead,
    BYOLProjectionHead,
    DINOProjectionHead,
    MoCoProjectionHead,
    NNCLRPredictionHead,
    NNCLRProjectionHead,
    NNMemoryBankModule,
    SimCLRProjectionHead,
    SimSiamPredictionHead,
    SimSiamProjectionHead,
    SwaVProjectionHead,
    SwaVPrototypes,
)
from lightly.models.modules.heads import VICRegProjectionHead
from lightly.models.modules.ijepa_timm import IJEPAPredictorTIMM
from lightly.models.modules.masked_vision_transformer_decoder_timm import MaskedVisionTransformerDecoderTIMM
from lightly.models.modules.masked_vision_transformer_timm import MaskedVisionTransformerTIMM
from lightly.models.utils import (
    apply_masks,
    deactivate_requires_grad,
    get_at_index,
    patchify,
    random_token_mask,
    repeat_token,
    set_at_index,
    update_momentum,
)
from torch import nn

FEATURES, HIDDEN, WIDTH, WIDE = 512, 512, 128, 2048
BANK = (65_536, WIDTH)


def backbone() -> nn.Module:
    net = torchvision.models.resnet18()
    net.conv1, net.maxpool, net.fc = nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.Identity(), nn.Identity()
    return net


def without_last_bias(head: nn.Module) -> nn.Module:
    head.layers[-1].bias = None
    return head


def momentum_copy(model: nn.Module) -> nn.Module:
    copied = deepcopy(model)
    deactivate_requires_grad(copied)
    return copied


# Each returns all its networks in one module, and the loss of the two views.


def siamese(head, criterion):
    """One projection for each view, and a loss of both."""
    model = nn.Sequential(backbone(), head)
    return model, lambda x0, x1: criterion(model(x0), model(x1))


def moco():
    model = nn.Sequential(backbone(), MoCoProjectionHead(FEATURES, HIDDEN, WIDTH))
    momentum = momentum_copy(model)
    criterion = NTXentLoss(temperature=0.2, memory_bank_size=BANK)

    def loss(query, key):
        update_momentum(model, momentum, m=0.999)
        return criterion(model(query), momentum(key).detach())

    return nn.ModuleList([model, momentum]), loss


def byol():
    model = nn.Sequential(backbone(), without_last_bias(BYOLProjectionHead(FEATURES, HIDDEN, WIDTH)))
    predictor = without_last_bias(BYOLPredictionHead(WIDTH, HIDDEN, WIDTH))
    momentum = momentum_copy(model)
    criterion = NegativeCosineSimilarity()

    def loss(x0, x1):
        update_momentum(model, momentum, m=0.996)
        p0, z0 = predictor(model(x0)), momentum(x0).detach()
        p1, z1 = predictor(model(x1)), momentum(x1).detach()
        return 0.5 * (criterion(p0, z1) + criterion(p1, z0))

    return nn.ModuleList([model, predictor, momentum]), loss


def simsiam():
    model = nn.Sequential(backbone(), SimSiamProjectionHead(FEATURES, HIDDEN, WIDTH))
    predictor = SimSiamPredictionHead(WIDTH, HIDDEN, WIDTH)
    criterion = NegativeCosineSimilarity()

    def loss(x0, x1):
        z0, z1 = model(x0), model(x1)
        p0, p1 = predictor(z0), predictor(z1)
        return 0.5 * (criterion(z0.detach(), p1) + criterion(z1.detach(), p0))

    return nn.ModuleList([model, predictor]), loss


def nnclr():
    model = nn.Sequential(backbone(), NNCLRProjectionHead(FEATURES, HIDDEN, WIDTH))
    predictor = NNCLRPredictionHead(WIDTH, HIDDEN, WIDTH)
    bank, criterion = NNMemoryBankModule(size=BANK), NTXentLoss(temperature=0.1)

    def loss(x0, x1):
        z0, z1 = model(x0), model(x1)
        p0, p1 = predictor(z0), predictor(z1)
        z0, z1 = bank(z0.detach(), update=False), bank(z1.detach(), update=True)
        return 0.5 * (criterion(z0, p1) + criterion(z1, p0))

    return nn.ModuleList([model, predictor]), loss


def swav(corners: int = 0, size: int = 0):
    encoder = nn.Sequential(backbone(), SwaVProjectionHead(FEATURES, HIDDEN, WIDTH))
    prototypes = SwaVPrototypes(WIDTH, 512)
    prototypes.heads[0].bias = None
    criterion = SwaVLoss()

    def scores(x):
        return prototypes(nn.functional.normalize(encoder(x), dim=1, p=2))

    def loss(x0, x1):
        prototypes.normalize()
        small = [(x0, x1)[i % 2][:, :, :size, :size] for i in range(corners)]
        return criterion([scores(x0), scores(x1)], [scores(x) for x in small])

    return nn.ModuleList([encoder, prototypes]), loss


# Methods of vision transformers: all images are one view, but for DINO.

GRID, DIM = 8, 192


def vit_tiny(size: int, **options) -> MaskedVisionTransformerTIMM:
    vit = timm.create_model(
        "vit_tiny_patch16_224", img_size=size, patch_size=size // GRID, num_classes=0, **options
    )
    encoder = MaskedVisionTransformerTIMM(vit)
    encoder.mask_token.requires_grad_(False)  # hidden patches are left out, not replaced
    vit.pos_embed.requires_grad_(False)
    return encoder


class MAE(nn.Module):
    """As in lightly's example, with its newer decoder."""

    def __init__(self, size: int):
        super().__init__()
        self.patch = size // GRID
        self.encoder = vit_tiny(size)
        self.embed = nn.Linear(DIM, DIM)
        self.decoder = MaskedVisionTransformerDecoderTIMM(GRID * GRID, embed_dim=DIM, depth=4, num_heads=3)
        self.predict = nn.Linear(DIM, self.patch**2 * 3)

    def forward(self, images):
        shape = (len(images), self.encoder.sequence_length)
        keep, hidden = random_token_mask(size=shape, mask_ratio=0.75)
        seen = self.embed(self.encoder.encode(images, idx_keep=keep))
        tokens = set_at_index(repeat_token(self.decoder.mask_token, shape), keep, seen)
        decoded = self.decoder.decode(self.decoder.add_pos_embed(tokens))
        predictions = self.predict(get_at_index(decoded, hidden))
        return nn.functional.mse_loss(predictions, get_at_index(patchify(images, self.patch), hidden - 1))


class IJEPA(nn.Module):
    """As in lightly's example, on timm's network; masks of the sizes that 8 x 8 patches give there: 12 of the context, 4 targets of 11."""

    def __init__(self, size: int):
        super().__init__()
        self.encoder = vit_tiny(size, class_token=False, global_pool="avg")
        self.predictor = IJEPAPredictorTIMM(GRID * GRID, depth=6, mlp_dim=DIM, predictor_embed_dim=96, num_heads=3)
        self.target = momentum_copy(self.encoder)

    def forward(self, images):
        places = torch.rand(len(images), GRID * GRID).argsort(1)
        context, targets = [places[:, :12]], [places[:, 12 + 11 * i : 23 + 11 * i] for i in range(4)]
        with torch.no_grad():
            tokens = self.target.encode(images)
            wanted = apply_masks(nn.functional.layer_norm(tokens, (DIM,)), targets)
        found = self.predictor(self.encoder.encode(images, idx_keep=context[0]), context, targets)
        return nn.functional.smooth_l1_loss(found, wanted)


def one_view(make):
    """The teacher, where there is one, follows at the end of the step before."""

    def method(size: int):
        model = make(size)

        def loss(x0, x1):
            if hasattr(model, "target"):
                update_momentum(model.encoder, model.target, m=0.996)
            return model(torch.cat([x0, x1]))

        return model, loss

    method.sized = True
    return method


def dino(image: int, corners: int = 4, size: int = 16):
    def network():
        options = {"img_size": image, "patch_size": image // GRID, "dynamic_img_size": True}
        vit = timm.create_model("vit_tiny_patch16_224", num_classes=0, **options)
        return nn.Sequential(vit, DINOProjectionHead(DIM, 2048, 256, 65_536))

    model, momentum = network(), network()  # a head with weight norm cannot be copied
    momentum.load_state_dict(model.state_dict())
    deactivate_requires_grad(momentum)
    criterion = DINOLoss(65_536, teacher_temp=0.07, warmup_teacher_temp=0.04)

    def loss(x0, x1):
        update_momentum(model, momentum, m=0.996)
        small = [(x0, x1)[i % 2][:, :, :size, :size] for i in range(corners)]
        teacher = [momentum(x).detach() for x in (x0, x1)]
        return criterion(teacher, [model(x) for x in (x0, x1, *small)], epoch=0)

    return nn.ModuleList([model, momentum]), loss


dino.sized = True


# by the names of bench/methods.ts
METHODS = {
    "simclr": lambda: siamese(SimCLRProjectionHead(FEATURES, HIDDEN, WIDTH), NTXentLoss(temperature=0.5)),
    "dcl": lambda: siamese(SimCLRProjectionHead(FEATURES, HIDDEN, WIDTH), DCLLoss(temperature=0.1)),
    "moco": moco,
    "byol": byol,
    "simsiam": simsiam,
    "barlow-twins": lambda: siamese(
        without_last_bias(BarlowTwinsProjectionHead(FEATURES, WIDE, WIDE)), BarlowTwinsLoss()
    ),
    "vicreg": lambda: siamese(without_last_bias(VICRegProjectionHead(FEATURES, WIDE, WIDE)), VICRegLoss()),
    "nnclr": nnclr,
    "mae": one_view(MAE),
    "ijepa": one_view(IJEPA),
    "swav": swav,
    "swav-multi-crop": lambda: swav(corners=4, size=20),
    "dino": dino,
}


def train(options: argparse.Namespace) -> dict:
    layout = getattr(torch, {"contiguous": "contiguous_format"}.get(options.layout, options.layout))
    make = METHODS[options.method]
    model, loss_of = make(options.size) if hasattr(make, "sized") else make()
    model.to(memory_format=layout)
    x0, x1 = (
        torch.rand(options.pairs, 3, options.size, options.size).to(memory_format=layout) for _ in range(2)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9, weight_decay=1e-4)
    ms, losses = [], []
    for _ in range(options.steps):
        start = time.perf_counter()
        loss = loss_of(x0, x1)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        ms.append(round((time.perf_counter() - start) * 1e3, 2))
    parameters = sum(each.numel() for each in model.parameters() if each.requires_grad)
    return {"ms": ms, "losses": losses, "parameters": parameters}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", choices=tuple(METHODS), default="simclr")
    parser.add_argument("--pairs", type=int, default=64)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--layout", choices=("contiguous", "channels_last"), default="contiguous")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    result = train(options)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**result, "peak_mb": round(peak, 1), **vars(options), "torch": torch.__version__}))


if __name__ == "__main__":
    main()
