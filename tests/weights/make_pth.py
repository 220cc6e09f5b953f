#!/usr/bin/env python3
"""Writes the `.pth` and `.safetensors` files that tests/weights.rs reads, and what PyTorch itself reads from them (`pth.json`). Made with PyTorch 2.11.0 and safetensors 0.8.0:

    python make_pth.py
"""
import json
from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import save_file

HERE = Path(__file__).parent


def tensor(*shape, offset=0):
    """Values that every binary format from bfloat16 on holds exactly."""
    count = 1
    for side in shape:
        count *= side
    return ((torch.arange(count, dtype=torch.float32) * 5 + offset) % 29 / 4 - 3).reshape(shape)


def plain():
    return OrderedDict([("conv1.weight", tensor(2, 3, 2, 2)), ("conv1.bias", tensor(2, offset=7)), ("fc.weight", tensor(3, 4))])


def views():
    base = tensor(4, 6)
    return {
        "base": base,
        "transposed": base.t(),
        "row": base[2],
        "column": base[:, 1],
        "every_other": base[::2, 1::2],
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 3),
        "channels_last": tensor(1, 3, 2, 2).contiguous(memory_format=torch.channels_last),
    }


def dtypes():
    kinds = [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.bool]
    return {str(kind).removeprefix("torch."): (tensor(5) if kind.is_floating_point else tensor(5).abs()).to(kind) for kind in kinds}


def wrapped():
    module = torch.nn.Sequential(OrderedDict(conv=torch.nn.Conv2d(3, 2, 1), norm=torch.nn.BatchNorm2d(2)))
    for place, entry in enumerate(module.state_dict().values()):
        entry.copy_(tensor(*entry.shape, offset=place))
    states = torch.nn.DataParallel(module).state_dict()
    return {"epoch": 3, "lr": 0.5, "done": False, "note": None, "state_dict": states, "optimizer": {"state": {}, "groups": [[1, 2], (3,)]}}


def parameters():
    return {"weight": torch.nn.Parameter(tensor(2, 2)), "bias": torch.nn.Parameter(tensor(2), requires_grad=False)}


def densenet():
    return {"features.denseblock1.denselayer2.norm.1.weight": tensor(3), "features.denseblock1.denselayer2.conv.2.weight": tensor(2, 3, 1, 1)}


class Evil:
    def __reduce__(self):
        import os

        return os.system, ("touch pwned",)


def state(saved):
    return saved.get("state_dict", saved)


def main():
    golden = {}
    cases = dict(plain=plain, views=views, dtypes=dtypes, wrapped=wrapped, parameters=parameters, densenet=densenet)
    for name, make in cases.items():
        for form, modern in [("zip", True), ("legacy", False)]:
            path = HERE / f"{name}_{form}.pth"
            torch.save(make(), path, _use_new_zipfile_serialization=modern)
            golden[path.name] = {
                key: {"dtype": str(value.dtype).removeprefix("torch."), "shape": list(value.shape), "values": value.detach().double().flatten().tolist()}
                for key, value in state(torch.load(path, weights_only=True)).items()
            }
    for make in [plain, dtypes]:
        save_file(make(), HERE / f"{make.__name__}.safetensors", metadata={"format": "pt"})
        golden[f"{make.__name__}.safetensors"] = golden[f"{make.__name__}_zip.pth"]
    torch.save({"weight": tensor(2), "payload": Evil()}, HERE / "hostile_zip.pth")
    torch.save({"weight": tensor(2), "payload": Evil()}, HERE / "hostile_legacy.pth", _use_new_zipfile_serialization=False)
    torch.save(torch.nn.Linear(2, 2), HERE / "module_zip.pth")
    (HERE / "pth.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


main()
