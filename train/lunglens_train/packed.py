"""All slices in one file for a training machine: lossless pictures and masks with names, patients and sources."""

import io
import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import torch
from PIL import Image

from .data import Slice, lesion_instances, lung_instances


def write(slices, path):
    """Writes `slices`: a JSON index, then the pictures."""
    index, blobs, offset = [], [], 0

    def put(array):
        nonlocal offset
        bytes_ = io.BytesIO()
        Image.fromarray(array).save(bytes_, "WEBP", lossless=True, quality=50, method=2)
        blobs.append(bytes_.getvalue())
        offset += len(blobs[-1])
        return [offset - len(blobs[-1]), len(blobs[-1])]

    for one in slices:
        masks = np.stack((one.lesion, one.lung if one.lung is not None else np.zeros_like(one.lesion), np.zeros_like(one.lesion)), -1)
        index.append(
            {
                "name": one.name,
                "patient": one.patient,
                "source": one.source,
                "lungs": one.lung is not None,
                "volume": one.volume,
                "grey": put(one.grey),
                "masks": put(masks.astype(np.uint8) * 255),
            }
        )
    head = json.dumps(index).encode()
    with open(path, "wb") as out:
        out.write(len(head).to_bytes(8, "little"))
        out.write(head)
        for blob in blobs:
            out.write(blob)


def in_parallel(function, items):
    """`function` of each item, on up to 8 cores, since several workers may read at once; in order."""
    with ProcessPoolExecutor(min(8, os.cpu_count() or 1), multiprocessing.get_context("fork")) as pool:
        return list(pool.map(function, items, chunksize=8))


def decode(entry):
    one, grey, masks = entry
    masks = np.array(Image.open(io.BytesIO(masks)).convert("RGB")) > 127
    lung = masks[..., 1] if one["lungs"] else None
    grey = np.array(Image.open(io.BytesIO(grey)).convert("L"))
    volume = tuple(one["volume"]) if one.get("volume") else None
    return Slice(one["name"], one["patient"], one["source"], grey, masks[..., 0], lung, volume)


def read(path):
    """The slices of a file that `write` made, in its order."""
    with open(path, "rb") as file:
        index = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    part = lambda span: data[span[0] : sum(span)]
    return in_parallel(decode, [(one, part(one["grey"]), part(one["masks"])) for one in index])


def on_canvas(entry):
    """A slice's grey, instance layers, content size and chest box on a canvas."""
    one, size = entry
    rows, columns = one.grey.shape
    scale = min(1.0, size / max(rows, columns))
    rows, columns = max(1, round(rows * scale)), max(1, round(columns * scale))
    picture = Image.fromarray(one.grey)
    lung = one.lung if one.lung is not None else np.zeros_like(one.lesion)
    layers = [lesion_instances(one.lesion), lung_instances(lung)]
    if scale < 1:
        picture = picture.resize((columns, rows), Image.BILINEAR)
        layers = [np.array(Image.fromarray(layer).resize((columns, rows), Image.NEAREST)) for layer in layers]
    y, x = np.nonzero(layers[1] > 0) if one.lung is not None else ([], [])
    box = [x.min(), y.min(), x.max() + 1, y.max() + 1] if len(x) else [0, 0, columns, rows]
    return np.array(picture), np.stack(layers), (columns, rows), [float(v) for v in box]


def canvas(slices, size, device):
    """The tensors of `augment.Views` for slices that fit a canvas; larger ones are brought to it."""
    count = len(slices)
    grey = torch.zeros(count, size, size, dtype=torch.float16)
    ids = torch.zeros(count, 2, size, size, dtype=torch.uint8)
    content, chest = torch.zeros(count, 2), torch.zeros(count, 4)
    for i, (picture, layers, (columns, rows), box) in enumerate(in_parallel(on_canvas, [(one, size) for one in slices])):
        grey[i, :rows, :columns] = torch.from_numpy(picture).half() / 255
        ids[i, :, :rows, :columns] = torch.from_numpy(layers)
        content[i], chest[i] = torch.tensor([columns, rows]), torch.tensor(box)
    return grey.to(device), ids.to(device), content.to(device), chest.to(device)
