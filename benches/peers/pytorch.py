#!/usr/bin/env python3
"""Training speed beside plain PyTorch: forward, backward and update on one core, the two taking turns.

    cargo build --release --workspace --example speed
    python benches/peers/pytorch.py target/release/examples/speed

Needs a PyTorch of the libtorch version that the worker is linked with. Prints a Markdown table. Times are processor time an image, the
fastest of several updates, so that other work on the machine counts as little as it can.
"""

import os
import subprocess
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"

import torch
from torch import nn

CASES = [("alexnet", 227, 32), ("googlenet", 224, 16)]
ROUNDS, REPEATS, CLASSES = 2, 5, 3


def lrn():
    return nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=1.0)


def conv(source, out, kernel, **options):
    return nn.Sequential(nn.Conv2d(source, out, kernel, **options), nn.ReLU(inplace=True))


def pool(kernel=3, stride=2, padding=0):
    return nn.MaxPool2d(kernel, stride, padding, ceil_mode=True)


class AlexNet(nn.Sequential):
    """Caffe's AlexNet."""

    def __init__(self):
        hidden = lambda source: nn.Sequential(nn.Linear(source, 4096), nn.ReLU(inplace=True), nn.Dropout(0.5))
        super().__init__(
            conv(3, 96, 11, stride=4), lrn(), pool(),
            conv(96, 256, 5, padding=2, groups=2), lrn(), pool(),
            conv(256, 384, 3, padding=1), conv(384, 384, 3, padding=1, groups=2), conv(384, 256, 3, padding=1, groups=2), pool(),
            nn.Flatten(), hidden(9216), hidden(4096), nn.Linear(4096, CLASSES),
        )

    def loss(self, images, labels):
        return nn.functional.cross_entropy(self(images), labels)


class Inception(nn.Module):
    def __init__(self, source, one, three, five, proj):
        super().__init__()
        self.branches = nn.ModuleList([
            conv(source, one, 1),
            nn.Sequential(conv(source, three[0], 1), conv(three[0], three[1], 3, padding=1)),
            nn.Sequential(conv(source, five[0], 1), conv(five[0], five[1], 5, padding=2)),
            nn.Sequential(pool(3, 1, 1), conv(source, proj, 1)),
        ])

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


def auxiliary(source):
    hidden = nn.Sequential(nn.Linear(2048, 1024), nn.ReLU(inplace=True), nn.Dropout(0.7))
    return nn.Sequential(nn.AvgPool2d(5, 3), conv(source, 128, 1), nn.Flatten(), hidden, nn.Linear(1024, CLASSES))


class GoogLeNet(nn.Module):
    """Caffe's GoogLeNet with both auxiliary heads."""

    def __init__(self):
        super().__init__()
        stem = [conv(3, 64, 7, stride=2, padding=3), pool(), lrn(), conv(64, 64, 1), conv(64, 192, 3, padding=1), lrn(), pool()]
        self.to_4a = nn.Sequential(
            *stem, Inception(192, 64, (96, 128), (16, 32), 32), Inception(256, 128, (128, 192), (32, 96), 64), pool(),
            Inception(480, 192, (96, 208), (16, 48), 64),
        )
        self.to_4d = nn.Sequential(
            Inception(512, 160, (112, 224), (24, 64), 64), Inception(512, 128, (128, 256), (24, 64), 64),
            Inception(512, 112, (144, 288), (32, 64), 64),
        )
        self.to_end = nn.Sequential(
            Inception(528, 256, (160, 320), (32, 128), 128), pool(),
            Inception(832, 256, (160, 320), (32, 128), 128), Inception(832, 384, (192, 384), (48, 128), 128),
            nn.AvgPool2d(7), nn.Flatten(), nn.Dropout(0.4), nn.Linear(1024, CLASSES),
        )
        self.heads = nn.ModuleList([auxiliary(512), auxiliary(528)])

    def loss(self, images, labels):
        first = self.to_4a(images)
        second = self.to_4d(first)
        outputs = [self.heads[0](first), self.heads[1](second), self.to_end(second)]
        losses = [nn.functional.cross_entropy(output, labels) for output in outputs]
        return 0.3 * losses[0] + 0.3 * losses[1] + losses[2]


NETWORKS = {"alexnet": AlexNet, "googlenet": GoogLeNet}


def theirs(network, crop, batch):
    """Milliseconds an image of plain PyTorch as its tutorials train: fp32, defaults everywhere."""
    torch.manual_seed(1)
    net = NETWORKS[network]()
    solver = torch.optim.SGD(net.parameters(), lr=1e-6, momentum=0.9, weight_decay=1e-4)
    images, labels = torch.randn(batch, 3, crop, crop) * 50, torch.zeros(batch, dtype=torch.int64)

    def update():
        solver.zero_grad()
        net.loss(images, labels).backward()
        solver.step()

    update()
    return min(map(measured, [update] * REPEATS)) / batch


def measured(work):
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1e3


def ours(program, network, crop, batch):
    """Milliseconds an image as the worker's own example measures them: the first number behind network, crop, width and batch."""
    command = [program, network, str(crop), "1.0", str(batch)]
    line = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
    return float(line.split()[4])


def apart(network, crop, batch):
    """Theirs in a process of its own, as ours is."""
    command = [sys.executable, __file__, "--theirs", network, str(crop), str(batch)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def table(program):
    print(f"| network, crop, batch | bgh, images/s | PyTorch {torch.__version__}, images/s | ratio |\n|---|---|---|---|")
    for case in CASES:
        rounds = [(ours(program, *case), apart(*case)) for _ in range(ROUNDS)]
        best = [1e3 / min(times) for times in zip(*rounds)]
        print(f"| {case[0]}, {case[1]}, {case[2]} | {best[0]:.1f} | {best[1]:.1f} | {best[0] / best[1]:.2f} |", flush=True)


def main():
    torch.set_num_threads(1)
    if sys.argv[1] == "--theirs":
        print(theirs(sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
    else:
        table(sys.argv[1])


if __name__ == "__main__":
    main()
