"""The NumPy/LAPACK way of the same work, and the checkpoints both sides read.

usage: numpy_way.py generate BASE TUNED SEED ROWSxCOLUMNS...    writes two bf16 .safetensors files
       numpy_way.py repeat FILE COUNT                           its one tensor COUNT times, under the name of a layer each
       numpy_way.py time BASE TUNED                             prints seconds: svd of W0 and W1, svdvals of D, in float64
"""
import json
import sys
import time

import numpy as np


def bf16(x):
    """Nearest even, for finite values."""
    bits = x.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def decode(codes):
    return (codes.astype(np.uint32) << 16).view(np.float32).astype(np.float64)


def write(path, tensors):
    header, end = {}, 0
    for name, codes in tensors.items():
        header[name] = {"dtype": "BF16", "shape": list(codes.shape), "data_offsets": [end, end + codes.nbytes]}
        end += codes.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for codes in tensors.values():
            file.write(codes.tobytes())


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    size = int.from_bytes(data[:8], "little")
    for name, entry in json.loads(data[8 : 8 + size]).items():
        begin, end = (8 + size + offset for offset in entry["data_offsets"])
        yield name, np.frombuffer(data[begin:end], np.uint16).reshape(entry["shape"])


def generate(base, tuned, seed, shapes):
    """A decaying spectrum like a language model's (a bulk, and a few hundred values above it), and an update of 0.2 % of the norm."""
    random = np.random.default_rng(seed)
    w0, w1 = {}, {}
    for layer, (m, n) in enumerate(shapes):
        name = f"model.layers.{layer}.mlp.up_proj.weight"
        rank = min(m, n) // 8
        scale = 8.0 / np.arange(1, rank + 1) ** 0.6
        matrix = random.standard_normal((m, n), np.float32)
        matrix += (random.standard_normal((m, rank), np.float32) * scale.astype(np.float32)) @ (
            random.standard_normal((rank, n), np.float32) / np.float32(np.sqrt(rank))
        )
        matrix *= np.float32(0.02)
        update = random.standard_normal((m, n), np.float32) * np.float32(0.002 * matrix.std())
        w0[name] = bf16(matrix)
        w1[name] = bf16(decode(w0[name]).astype(np.float32) + update)
    write(base, w0)
    write(tuned, w1)


def measure(base, tuned):
    total = 0.0
    for (_, codes0), (_, codes1) in zip(read(base), read(tuned)):
        started = time.perf_counter()
        w0, w1 = decode(codes0), decode(codes1)
        np.linalg.svd(w0, full_matrices=False)
        np.linalg.svd(w1, full_matrices=False)
        np.linalg.svd(w1 - w0, compute_uv=False)
        total += time.perf_counter() - started
    print(f"{total:.3f}")


def repeat(path, count):
    ((_, codes),) = read(path)
    write(path, {f"model.layers.{layer}.mlp.up_proj.weight": codes for layer in range(count)})


if sys.argv[1] == "generate":
    generate(sys.argv[2], sys.argv[3], int(sys.argv[4]), [tuple(map(int, shape.split("x"))) for shape in sys.argv[5:]])
elif sys.argv[1] == "repeat":
    repeat(sys.argv[2], int(sys.argv[3]))
else:
    measure(sys.argv[2], sys.argv[3])
