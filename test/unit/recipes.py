"""Runs the recipes of docs/ as they stand there. Arguments: what, the guide, a folder with their inputs. Prints what it checked."""
import os
import re
import sys


def blocks(guide):
    with open(guide, encoding="utf8") as file:
        return re.findall(r"```python\n(.*?)```", file.read(), re.S)


def model_of(path):
    """A module with the tensors of a checkpoint, in float32, under their names."""
    import torch
    from safetensors.torch import load_file

    root = torch.nn.Module()
    for name, tensor in load_file(path).items():
        *folders, leaf = name.split(".")
        place = root
        for folder in folders:
            if not hasattr(place, folder):
                place.add_module(folder, torch.nn.Module())
            place = getattr(place, folder)
        place.register_parameter(leaf, torch.nn.Parameter(tensor.float()))
    return root


def hook(guide):
    import torch
    from safetensors.torch import load_file

    names = {}
    exec(blocks(guide)[0], names)
    torch.manual_seed(0)
    model = model_of("model.safetensors")
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    names["train_only"](model, "plain.safetensors")
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.0)
    for _ in range(2):
        optimizer.zero_grad()
        # every gradient is 1 or -1
        loss = sum((weight * torch.randn_like(weight).sign()).sum() for weight in model.parameters())
        loss.backward()
        optimizer.step()
    masks = load_file("plain.safetensors")
    for name, weight in model.named_parameters():
        mask = masks[name].bool() if name in masks else torch.ones_like(weight, dtype=torch.bool)
        moved = weight.detach() != before[name]
        assert not moved[~mask].any(), f"{name}: a weight outside the mask has moved"
        assert moved[mask].float().mean() > 0.4, f"{name}: the weights in the mask stay"
    assert len(masks) > 0
    print(f"hook: {len(masks)} masks hold")


def sharded(guide):
    """Two processes over gloo, as torchrun starts them."""
    import subprocess

    own = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    child = subprocess.run([*own, __file__, "shard", guide, "."], capture_output=True, text=True)
    assert child.returncode == 0, child.stderr
    print(child.stdout)


def shard(guide):
    import torch
    import torch.distributed
    from torch.distributed.fsdp import fully_shard

    names = {}
    exec(blocks(guide)[1], names)
    torch.distributed.init_process_group("gloo")
    torch.manual_seed(0)
    mesh = torch.distributed.device_mesh.init_device_mesh("cpu", (torch.distributed.get_world_size(),))
    model = torch.nn.Sequential(torch.nn.Linear(6, 9, bias=False), torch.nn.Linear(9, 4, bias=False))
    masks = {name: (torch.rand_like(weight) < 0.5).to(torch.uint8) for name, weight in model.named_parameters()}
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    for layer in [*model, model]:
        fully_shard(layer, mesh=mesh)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, weight_decay=0.0)
    names["train_only_sharded"](model, masks, optimizer)
    for _ in range(2):
        optimizer.zero_grad()
        model(torch.randn(5, 6)).pow(2).sum().backward()
        optimizer.step()
    for name, weight in model.named_parameters():
        moved = weight.full_tensor() != before[name]
        mask = masks[name].bool()
        assert not moved[~mask].any(), f"{name}: a weight outside the mask has moved"
        assert moved[mask].all(), f"{name}: a weight in the mask stays"
    if torch.distributed.get_rank() == 0:
        print(f"sharded: {len(masks)} masks hold")
    torch.distributed.destroy_process_group()


def packed(guide):
    from safetensors.numpy import load_file

    names = {}
    exec(blocks(guide)[-1], names)
    plain = load_file("plain.safetensors")
    assert sorted(plain) == sorted(names["masks"])
    for name, mask in plain.items():
        assert (names["masks"][name] == mask).all() and names["masks"][name].shape == mask.shape, name
    print(f"packed: {len(plain)} masks are the same")


def frames(guide):
    names = {}
    for block in blocks(guide):
        exec(block, names)
    pandas = names["pd"]
    parquet = pandas.read_parquet("runs.parquet")
    csv = names["table"]
    assert list(parquet.columns) == list(csv.columns)
    assert len(parquet) == len(csv) > 0 and set(parquet["run"]) == {"rl", "sft"}
    # the checkpoint's names, and values to the last digit that the CSV writes
    assert list(parquet["name"]) == list(csv["name"])
    for column in ["unchangedBf16", "relativeUpdate", "nss"]:
        same = (parquet[column] - csv[column]).abs().max()
        assert same <= 1e-12, f"{column}: {same}"
    print(f"frames: {len(parquet)} rows")


os.chdir(sys.argv[3])
{"hook": hook, "sharded": sharded, "shard": shard, "packed": packed, "frames": frames}[sys.argv[1]](sys.argv[2])
