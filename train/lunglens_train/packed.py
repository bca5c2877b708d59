"""All slices in one file for a training machine: lossless pictures and masks with names, patients and sources."""

import io
import json

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


def read(path):
    """The slices of a file that `write` made, in its order."""
    with open(path, "rb") as file:
        index = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    slices = []
    for one in index:
        image = lambda key: Image.open(io.BytesIO(data[one[key][0] : sum(one[key])]))
        masks = np.array(image("masks").convert("RGB")) > 127
        lung = masks[..., 1] if one["lungs"] else None
        slices.append(Slice(one["name"], one["patient"], one["source"], np.array(image("grey").convert("L")), masks[..., 0], lung))
    return slices


def canvas(slices, size, device):
    """The tensors of `augment.Views` for slices that fit a canvas; larger ones are brought to it."""
    count = len(slices)
    grey = torch.zeros(count, size, size, dtype=torch.float16)
    ids = torch.zeros(count, 2, size, size, dtype=torch.uint8)
    content, chest = torch.zeros(count, 2), torch.zeros(count, 4)
    for i, one in enumerate(slices):
        rows, columns = one.grey.shape
        scale = min(1.0, size / max(rows, columns))
        rows, columns = max(1, round(rows * scale)), max(1, round(columns * scale))
        picture = Image.fromarray(one.grey)
        lung = one.lung if one.lung is not None else np.zeros_like(one.lesion)
        layers = [lesion_instances(one.lesion), lung_instances(lung)]
        if scale < 1:
            picture = picture.resize((columns, rows), Image.BILINEAR)
            layers = [np.array(Image.fromarray(layer).resize((columns, rows), Image.NEAREST)) for layer in layers]
        grey[i, :rows, :columns] = torch.from_numpy(np.array(picture)).half() / 255
        for k, layer in enumerate(layers):
            ids[i, k, :rows, :columns] = torch.from_numpy(layer)
        content[i] = torch.tensor([columns, rows])
        y, x = np.nonzero(layers[1] > 0) if one.lung is not None else ([], [])
        box = [x.min(), y.min(), x.max() + 1, y.max() + 1] if len(x) else [0, 0, columns, rows]
        chest[i] = torch.tensor([float(v) for v in box])
    return grey.to(device), ids.to(device), content.to(device), chest.to(device)
