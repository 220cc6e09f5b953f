#!/usr/bin/env python3
"""Golden values of torchvision's networks: names and shapes, scores, and the gradients of one training step.

    python torchvision_nets.py > ../../src/torch/tests/golden/torchvision_nets.json

Needs torch 2.11 and torchvision 0.26 on a CPU. Weights and images come from one formula of names and positions in whole numbers and IEEE
doubles, so that any program can make the same ones; everything is computed in double precision.
"""

import json
import math

import numpy
import torch
import torchvision

BATCH, SIDE, CLASSES, SEED = 2, 224, 3, 2017
LABELS = [2, 0]
IMAGENET = torchvision.models.AlexNet_Weights.IMAGENET1K_V1.transforms()
NETWORKS = {
    "torchvision_alexnet": (torchvision.models.alexnet, {}, ["classifier.6"]),
    # Published weights of GoogLeNet come with `transform_input`; the auxiliary classifiers are listed in the order of the loss.
    "torchvision_googlenet": (torchvision.models.googlenet, {"transform_input": True, "init_weights": False}, ["aux1.fc2", "aux2.fc2", "fc"]),
    "resnet18": (torchvision.models.resnet18, {}, ["fc"]),
    "densenet121": (torchvision.models.densenet121, {}, ["classifier"]),
}


def fractions(name, count):
    """Numbers in [0, 1) by a multiplicative hash of position and name (FNV-1a, then MurmurHash3's finaliser), 24 bits each."""
    start = 2166136261
    for byte in name.encode():
        start = (start ^ byte) * 16777619 % 2**32
    x = (numpy.arange(count, dtype=numpy.uint64) * 2654435769 % 2**32).astype(numpy.uint32) ^ numpy.uint32(start)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        x = (x ^ (x >> shift)) * numpy.uint32(factor)
    return ((x ^ (x >> 16)) >> 8) / 2.0**24


def formula(name, shape):
    """Values of a tensor: matrices and kernels as He has them, all others near where they start."""
    part = name.rsplit(".", 1)[1]
    if part == "num_batches_tracked":
        return torch.tensor(7)
    values = fractions(name, math.prod(shape))
    if len(shape) > 1:
        values = (2 * values - 1) * math.sqrt(6 / math.prod(shape[1:]))
    elif part in ("weight", "running_var"):
        values = values + 0.5
    else:
        values = (2 * values - 1) * 0.1
    return torch.from_numpy(values.astype(numpy.float32)).reshape(shape)


def image():
    """Grey values, the same in all channels, as torchvision's transforms leave them."""
    grey = numpy.floor(fractions("image", BATCH * SIDE * SIDE) * 256)
    rgb = torch.from_numpy(grey.reshape(BATCH, 1, SIDE, SIDE) / 255).expand(-1, 3, -1, -1)
    mean, deviation = (torch.tensor(values, dtype=torch.float64).reshape(3, 1, 1) for values in (IMAGENET.mean, IMAGENET.std))
    return (rgb - mean) / deviation


def filled(build, options, classes):
    net = build(num_classes=classes, **options)
    state = {name: formula(name, tuple(tensor.shape)) for name, tensor in net.state_dict().items()}
    net.load_state_dict(state)
    return net.double()


def training(net, heads):
    """Loss, norms of all gradients, and running statistics after one step; dropout as drawn from SEED."""
    torch.manual_seed(SEED)
    net.train()
    outputs = net(image())
    outputs = [outputs.aux_logits1, outputs.aux_logits2, outputs.logits] if len(heads) > 1 else [outputs]
    weights = [0.3] * (len(heads) - 1) + [1.0]
    loss = sum(weight * torch.nn.functional.cross_entropy(output, torch.tensor(LABELS)) for weight, output in zip(weights, outputs))
    loss.backward()
    statistics = {name: norm(tensor) for name, tensor in net.named_buffers() if not name.endswith("num_batches_tracked")}
    return {"loss": loss.item(), "gradients": {name: norm(tensor.grad) for name, tensor in net.named_parameters()}, "statistics": statistics}


def norm(tensor):
    return float(f"{tensor.double().norm().item():.8g}")


def golden(build, options, heads):
    published = build(num_classes=1000, **options)
    tensors = {name: list(tensor.shape) for name, tensor in published.state_dict().items()}
    auxiliary = sum(tensor.numel() for name, tensor in published.named_parameters() if name.startswith("aux"))
    total = sum(tensor.numel() for tensor in published.parameters())
    net = filled(build, options, CLASSES).eval()
    with torch.no_grad():
        scores = net(image()).tolist()
    return {"tensors": tensors, "parameters": total, "deployed": total - auxiliary, "scores": scores} | training(net, heads)


def main():
    torch.set_num_threads(1)
    facts = {"torch": torch.__version__, "torchvision": torchvision.__version__, "batch": BATCH, "side": SIDE, "labels": LABELS, "seed": SEED}
    lines = [f"{json.dumps(name)}: {json.dumps(golden(*network))}" for name, network in NETWORKS.items()]
    print("{" + f'"about": {json.dumps(facts)},\n"nets": {{\n' + ",\n".join(lines) + "\n}}")


if __name__ == "__main__":
    main()
