"""Runs a full-size checkpoint in torchvision on one picture and saves every stage.

Usage, from the repository root, with the environment of tests/parity/README.md:

    python tests/parity/full_size.py CHECKPOINT.safetensors PICTURE.png OUT.safetensors [--depth 50|101]

The picture is read as 8-bit grey, divided by 255 and repeated on three channels; torchvision's own bilinear resize
takes it to 320x320 first. Anchors, proposals and caps are those of models/manifest.json. The stages have the
names of tests/parity/README.md; the large maps are kept whole, so OUT is about 50 MB and stays out of the repository.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file

from stages import check_against_forward, collect, save

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "train"))
from lunglens_train.network import SIZE, build, has_semantic_head  # noqa: E402


def load(depth, checkpoint, size=SIZE):
    """The model in eval mode with the weights of `checkpoint`, whose names must be exactly the model's."""
    state = {name: tensor.float() for name, tensor in load_file(checkpoint).items()}
    model = build(depth, size, semantic=has_semantic_head(state))
    report = model.load_state_dict(state, strict=False)
    missing = [name for name in report.missing_keys if not name.endswith("num_batches_tracked")]
    if missing or report.unexpected_keys:
        raise SystemExit(f"missing {missing}, unexpected {report.unexpected_keys}")
    return model.eval()


def read(path):
    """A picture as (1, 3, rows, columns), 0 to 1."""
    grey = torch.from_numpy(np.array(Image.open(path).convert("L"))).float() / 255
    return grey[None, None].repeat(1, 3, 1, 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("picture")
    parser.add_argument("out")
    parser.add_argument("--depth", type=int, choices=(50, 101), default=50)
    arguments = parser.parse_args()

    model = load(arguments.depth, arguments.checkpoint)
    picture = read(arguments.picture)
    image = model.transform([picture[0]])[0].tensors
    stages = collect(model, image)
    if picture.shape == image.shape:
        check_against_forward(model, image, stages)
    for name, value in stages.items():
        print(f"{name:20} {str(list(value.shape)):20} max {value.abs().max():.4f}")
    for box, label, score in zip(
        stages["detection_boxes"], stages["detection_labels"], stages["detection_scores"]
    ):
        if score >= 0.3:
            print(int(label), round(float(score), 4), [round(v, 2) for v in box.tolist()])
    save({"picture": picture, **stages}, arguments.out, {"picture": str(arguments.picture).rsplit("/", 1)[-1]})


if __name__ == "__main__":
    main()
