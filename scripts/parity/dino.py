"""DINO: loss, gradients, centre, head, gradient clipping and schedules by the official code and by lightly; 20 steps of all of it together.

    python scripts/parity/dino.py DINO

with a clone of facebookresearch/dino, whose code is not copied, but run; the script fails where it and lightly differ. Outputs are `[B, K]` a view,
the views of the teacher first.
"""

import contextlib
import io
import sys

import numpy as np
import torch
from common import agree, normal, number, pack, rng, source, tensor, write
from lightly.loss import DINOLoss as LightlyLoss
from torch import distributed as dist
from torch import nn

PATH = "packages/dino/src/__fixtures__/dino.json"
STEPS, PER_EPOCH = 20, 4
TEMPERATURES = {"warmup_teacher_temp": 0.04, "teacher_temp": 0.07, "warmup_teacher_temp_epochs": 3}
gen = rng(2104)
DOUBLE, SINGLE = torch.float64, torch.float32


def official_loss(main, width: int, crops: int, dtype, epochs: int = STEPS // PER_EPOCH):
    return main.DINOLoss(width, crops, *TEMPERATURES.values(), epochs).to(dtype)


def case(main, name: str, crops: int, rows: int, width: int, scale: float = 1.0, centre: bool = False, epoch: int = 0) -> dict:
    student = normal(gen, crops, rows, width, scale=scale)
    teacher = normal(gen, 2, rows, width, scale=scale / 3)
    center = normal(gen, width, scale=scale / 5) if centre else np.zeros(width)
    runs = {}
    for dtype in (DOUBLE, SINGLE):
        leaf, loss = tensor(student, dtype), official_loss(main, width, crops, dtype)
        loss.center.copy_(tensor(center, dtype).detach()[None])
        value = loss(leaf.flatten(0, 1), tensor(teacher, dtype).detach().flatten(0, 1), epoch)
        value.backward()
        runs[dtype] = (value.detach(), leaf.grad, loss.center[0])
        temperature = float(loss.teacher_temp_schedule[epoch])
    leaf = tensor(student)
    theirs = LightlyLoss(width).to(DOUBLE)
    theirs.center.copy_(tensor(center).detach()[None, None])
    value = theirs(list(tensor(teacher).detach()), list(leaf), teacher_temp=temperature)
    value.backward()
    for who, (other, tolerance) in {"float32": (runs[SINGLE], 1e-5), "lightly": ((value.detach(), leaf.grad, theirs.center[0, 0]), 1e-6)}.items():
        for what, exact, single in zip(("loss", "gradient", "centre"), runs[DOUBLE], other, strict=True):
            agree(f"{name}: {what}, {who}", exact, single, tolerance, float(exact.abs().max()) or 1)
    loss, gradient, _ = runs[DOUBLE]
    inputs = {"student": [pack(x) for x in student], "teacher": [pack(x) for x in teacher], "center": pack(center)}
    expected = {"loss": number(loss), "gradients": [pack(x) for x in gradient]}
    return {"name": name, "teacherTemperature": number(temperature), **inputs, "expected": expected}


def centre_path(main) -> dict:
    """The centre after each of 20 steps of given outputs, and their losses."""
    crops, rows, width = 3, 4, 6
    students, teachers = normal(gen, STEPS, crops, rows, width), normal(gen, STEPS, 2, rows, width, scale=0.5, shift=0.2)
    runs = {}
    for dtype in (DOUBLE, SINGLE):
        loss, losses, centers = official_loss(main, width, crops, dtype), [], []
        for step in range(STEPS):
            flat = (tensor(x[step], dtype).detach().flatten(0, 1) for x in (students, teachers))
            losses.append(loss(*flat, step // PER_EPOCH))
            centers.append(loss.center[0].clone())
        runs[dtype] = (torch.stack(losses), torch.stack(centers))
    for what, exact, single in zip(("losses", "centres"), runs[DOUBLE], runs[SINGLE], strict=True):
        agree(f"centre over {STEPS} steps: {what}", exact, single, 1e-5)
    losses, centers = runs[DOUBLE]
    return {"students": pack(students), "teachers": pack(teachers), "losses": pack(losses), "centers": pack(centers)}


def weights_of(network: nn.Module) -> dict:
    """By name; weights of 1 that are not trained are left out."""
    kept = {name: p for name, p in network.named_parameters() if p.requires_grad}
    return {name: pack(as_here(name, p)) for name, p in kept.items()}


def as_here(name: str, values: torch.Tensor) -> torch.Tensor:
    """Weights of linear layers are the other way round here, but for those of the last layer."""
    return values.T if values.dim() == 2 and "last_layer" not in name else values


def exactly(network: nn.Module, spread: float) -> nn.Module:
    """Weights that float32 holds exactly."""
    for p in network.parameters():
        if p.requires_grad:
            p.data = torch.tensor(normal(gen, *p.shape, scale=spread, shift=0.3 if p.dim() == 1 else 0.0))
    return network


def head_case(vits, name: str, **options) -> dict:
    features = normal(gen, 6, 5)
    sizes = {"in_dim": 5, "out_dim": 9, "hidden_dim": 7, "bottleneck_dim": 4, **options}
    head = exactly(vits.DINOHead(**sizes).double(), 0.5)
    weights = weights_of(head)
    runs = {}
    for dtype in (DOUBLE, SINGLE):
        head = head.to(dtype)
        head.zero_grad()
        leaf = tensor(features, dtype)
        head(leaf).square().sum().backward()
        gradients = {n: as_here(n, p.grad).double().clone() for n, p in head.named_parameters() if p.requires_grad}
        runs[dtype] = (head(leaf).detach(), leaf.grad, gradients)
    (outputs, of_input, gradients), (single, single_input, single_gradients) = runs[DOUBLE], runs[SINGLE]
    agree(f"{name}: outputs", outputs, single, 1e-5)
    agree(f"{name}: gradient", of_input, single_input, 1e-4)
    for key, gradient in gradients.items():
        agree(f"{name}: gradient of {key}", gradient, single_gradients[key], 1e-4)
    expected = {"outputs": pack(outputs), "gradient": pack(of_input), "gradients": {k: pack(g) for k, g in gradients.items()}}
    return {"name": name, "features": pack(features), "weights": weights, **expected}


def schedules(utils) -> dict:
    """Over 5 epochs of 4 steps; the learning rate rises over the first."""
    epochs = STEPS // PER_EPOCH
    values = {
        "momentum": utils.cosine_scheduler(0.996, 1, epochs, PER_EPOCH),
        "weightDecay": utils.cosine_scheduler(0.04, 0.4, epochs, PER_EPOCH),
        "learningRate": utils.cosine_scheduler(0.002, 1e-6, epochs, PER_EPOCH, warmup_epochs=1),
    }
    return {name: [number(x) for x in each] for name, each in values.items()}


class Pixels(nn.Module):
    """A backbone for pictures of one pixel: a layer without a bias, and ReLU."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.lin = nn.Linear(inputs, outputs, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.lin(x[:, :, 0, 0]))


def steps(main, utils, vits, name: str, clip: float, freeze: int, norm_last_layer: bool) -> dict:
    """Training by plain SGD as `train_one_epoch` does it: all weights of student and teacher and the centre at the end."""
    crops, rows, inputs, rate = 4, 5, 3, 0.1
    images = normal(gen, STEPS, crops, rows, inputs)
    options = {"out_dim": 8, "hidden_dim": 6, "bottleneck_dim": 4, "norm_last_layer": norm_last_layer}
    first = exactly(utils.MultiCropWrapper(Pixels(inputs, 5), vits.DINOHead(5, **options)).double(), 0.6)
    initial = weights_of(first)
    momenta = utils.cosine_scheduler(0.9, 1, STEPS // PER_EPOCH, PER_EPOCH)
    runs = {}
    for dtype in (DOUBLE, SINGLE):
        student, teacher = (utils.MultiCropWrapper(Pixels(inputs, 5), vits.DINOHead(5, **options)).to(dtype) for _ in range(2))
        for network in (student, teacher):
            network.load_state_dict(first.state_dict())
        loss_of, losses = official_loss(main, 8, crops, dtype), []
        for step in range(STEPS):
            views = [torch.tensor(x, dtype=dtype)[:, :, None, None] for x in images[step]]
            student.zero_grad()
            loss = loss_of(student(views), teacher(views[:2]), step // PER_EPOCH)
            loss.backward()
            utils.clip_gradients(student, clip)
            utils.cancel_gradients_last_layer(step // PER_EPOCH, student, freeze)
            with torch.no_grad():
                for p in student.parameters():
                    if p.grad is not None:
                        p -= rate * p.grad
                for own, other in zip(student.parameters(), teacher.parameters(), strict=True):
                    other.mul_(momenta[step]).add_((1 - momenta[step]) * own)
            losses.append(loss.detach())
        runs[dtype] = (torch.stack(losses), loss_of.center[0], weights_of(student), weights_of(teacher))
    agree(f"{name}: losses", runs[DOUBLE][0], runs[SINGLE][0], 5e-6)
    for exact, single in zip(runs[DOUBLE][2:], runs[SINGLE][2:], strict=True):
        for key, weights in exact.items():
            agree(f"{name}: {key}", np.array(weights["data"]), np.array(single[key]["data"]), 5e-6, 1e-3)
    losses, center, student, teacher = runs[DOUBLE]
    settings = {"clip": clip, "freeze": freeze, "normLastLayer": norm_last_layer, "rate": rate, "momentum": 0.9, "stepsPerEpoch": PER_EPOCH}
    reached = {"losses": pack(losses), "center": pack(center), "student": student, "teacher": teacher}
    return {"name": name, **settings, "initial": initial, "images": pack(images), **reached}


def main(folder: str) -> None:
    sys.path.insert(0, folder)
    with contextlib.redirect_stdout(io.StringIO()):
        import main_dino
        import utils
        import vision_transformer as vits
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    cases = [
        case(main_dino, "2 views, 4 images", 2, 4, 6),
        case(main_dino, "2 and 3 views, 4 images, a centre", 5, 4, 12, centre=True, epoch=1),
        case(main_dino, "10 views, 3 images, the last temperature", 10, 3, 16, centre=True, epoch=4),
        case(main_dino, "outputs of about 10", 4, 4, 8, scale=10, centre=True),
        case(main_dino, "outputs of about .01", 4, 4, 8, scale=0.01, centre=True, epoch=2),
    ]
    heads = [
        head_case(vits, "3 layers"),
        head_case(vits, "lengths of the last layer trained", norm_last_layer=False),
        head_case(vits, "1 layer", nlayers=1),
        head_case(vits, "batch norm", use_bn=True),
    ]
    runs = [
        steps(main_dino, utils, vits, "the last layer frozen at first", 0.05, 1, True),
        steps(main_dino, utils, vits, "lengths of the last layer trained", 3.0, 0, False),
    ]
    versions = source(__file__, "torch", "lightly", "numpy") + "; facebookresearch/dino 7c446df"
    fixture = {"source": versions, "cases": cases, "center": centre_path(main_dino), "heads": heads, "schedules": schedules(utils), "runs": runs}
    write(PATH, fixture)


if __name__ == "__main__":
    main(sys.argv[1])
