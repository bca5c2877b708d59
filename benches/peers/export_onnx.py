"""Prepares what LungLens and its peers are measured on: the same weights, pictures and caps for all.

Usage, from the repository root, with the environment of benches/README.md:

    python benches/peers/export_onnx.py CHECKPOINT.safetensors OUT [--lunglens PROGRAM]

writes to the folder OUT, which lies outside the repository:

- `slice-320.png`, `slice-512.png` (the sample, resized) and the same as raw bytes, `.u8`;
- `r50.safetensors` and `r101.safetensors`. The R101 is the R50 stretched: each block that it has more is a copy of a
  neighbour whose last BatchNorm is nearly 0, so that it computes as much as any R101 and finds what the R50 finds;
- `DEPTH-SIZE.onnx` (detections from score 0.05 on), `DEPTH-SIZE-at50.onnx` (from 0.5 on) and `DEPTH-SIZE-full.onnx`
  (any score, so as many detections as the cap lets through), masks pasted;
- `models/DEPTH-SIZE/` and `models/DEPTH-SIZE-int8/`: models folders of LungLens, with the same weights in f32 and as it
  ships them.
"""

import argparse
import copy
import hashlib
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "parity"))
import full_size  # noqa: E402

SIZES = (320, 512)
DEPTHS = (50, 101)
BLOCKS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
NEARLY_DEAD = 1e-5
THRESHOLDS = {"": 0.05, "-at50": 0.5, "-full": 0.0}


def stretched(state):
    """An R50's tensors as an R101's: the added blocks of layer3 add next to nothing to their input."""
    out = dict(state)
    noise = torch.Generator().manual_seed(0)
    last = BLOCKS[50][2] - 1
    prefix = f"backbone.body.layer3.{last}."
    for block in range(last + 1, BLOCKS[101][2]):
        for name, tensor in state.items():
            if not name.startswith(prefix):
                continue
            rest = name[len(prefix) :]
            if rest in ("bn3.weight", "bn3.bias"):
                tensor = tensor * NEARLY_DEAD
            elif rest.startswith("conv"):
                # Else the exporter would store equal tensors once.
                tensor = tensor * (1 + 0.01 * torch.randn(tensor.shape, generator=noise))
            out[f"backbone.body.layer3.{block}.{rest}"] = tensor.clone()
    return out


def network(depth, size, checkpoint, threshold):
    """torchvision's MaskRCNN with LungLens's settings for pictures of size x size, which it does not resize."""
    model = full_size.load(depth, checkpoint, size)
    model.transform._skip_resize = True
    model.roi_heads.score_thresh = threshold
    return model


def picture(size):
    """The sample as size x size 8-bit grey."""
    image = Image.open(ROOT / "samples" / "covid-slice.png").convert("L")
    return np.array(image.resize((size, size), Image.BILINEAR))


def export(model, size, path):
    values = torch.from_numpy(picture(size)).float()[None].repeat(3, 1, 1) / 255
    torch.onnx.export(
        model,
        ([values],),
        str(path),
        opset_version=17,
        do_constant_folding=True,
        input_names=["image"],
        output_names=["boxes", "labels", "scores", "masks"],
        dynamic_axes={"boxes": [0], "labels": [0], "scores": [0], "masks": [0]},
    )
    align_as_torchvision(path)


def align_as_torchvision(path):
    """From opset 16 on RoiAlign moves boxes by half a pixel unless told not to; torchvision 0.14 does not tell."""
    model = onnx.load(str(path))
    found = [node for node in model.graph.node if node.op_type == "RoiAlign"]
    assert found, "the graph has RoiAlign nodes"
    for node in found:
        if not any(a.name == "coordinate_transformation_mode" for a in node.attribute):
            node.attribute.append(onnx.helper.make_attribute("coordinate_transformation_mode", "output_half_pixel"))
    onnx.save(model, str(path))


def pack(lunglens, out, entry):
    """LungLens's models folders: f32 as the peers have, and int8 as LungLens ships."""
    for depth, storage in itertools.product(DEPTHS, ("f32", "int8")):
        weights = out / f"r{depth}-{storage}.llw"
        command = [lunglens, "pack", out / f"r{depth}.safetensors", "--backbone", f"resnet{depth}"]
        subprocess.run([*command, "--storage", storage, "--out", weights], check=True)
        for size in SIZES:
            one = copy.deepcopy(entry)
            one.update(id=f"r{depth}", file=weights.name, bytes=weights.stat().st_size, backbone=f"resnet{depth}")
            one.update(sha256=hashlib.sha256(weights.read_bytes()).hexdigest(), quantization=storage)
            one["config"].update(backbone=f"resnet{depth}", input_size=size)
            one["preprocessing"]["input_size"] = size
            # The peers compute one network once, which has no semantic head.
            one["preprocessing"].pop("lung_crop", None)
            one["config"].pop("semantic_channels", None)
            folder = out / "models" / (f"r{depth}-{size}" + ("-int8" if storage == "int8" else ""))
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "manifest.json").write_text(json.dumps({"schema_version": 1, "models": [one]}, indent=2) + "\n")
            link = folder / weights.name
            link.unlink(missing_ok=True)
            os.link(weights, link)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--lunglens", default="lunglens", help="the program that packs LungLens's weights")
    arguments = parser.parse_args()
    out = arguments.out.resolve()
    if out.is_relative_to(ROOT):
        raise SystemExit("OUT lies inside the repository: model files stay out of it")
    out.mkdir(parents=True, exist_ok=True)

    state = {name: tensor.float() for name, tensor in load_file(arguments.checkpoint).items()}
    state = {name: tensor for name, tensor in state.items() if not name.startswith("semantic_head.")}
    save_file(state, out / "r50.safetensors")
    save_file(stretched(state), out / "r101.safetensors")
    for size in SIZES:
        Image.fromarray(picture(size)).save(out / f"slice-{size}.png")
        picture(size).tofile(out / f"slice-{size}.u8")
    manifest = json.loads((ROOT / "models" / "manifest.json").read_text())
    pack(arguments.lunglens, out, manifest["models"][0])
    for depth in DEPTHS:
        for size in SIZES:
            for suffix, threshold in THRESHOLDS.items():
                path = out / f"r{depth}-{size}{suffix}.onnx"
                export(network(depth, size, out / f"r{depth}.safetensors", threshold), size, path)
                print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
