"""Makes the starting backbone: `python train/make_backbone.py PART1 PART2 PART3 OUT.npz [--whole]`, the parts from the wheels named in
backbone.py. `--whole` keeps all blocks of the ResNet-152, as the teacher of distil.py."""

import argparse
import io
from pathlib import Path

import torch

from lunglens_train import backbone

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("parts", type=Path, nargs=3)
parser.add_argument("out", type=Path)
parser.add_argument("--whole", action="store_true")
args = parser.parse_args()

whole = b"".join(part.read_bytes() for part in args.parts)
body = backbone.collapse(torch.load(io.BytesIO(whole), map_location="cpu")["state_dict"])
if not args.whole:
    body = backbone.cut(body, 101)
backbone.save_small(body, args.out)
print(f"{len(body)} tensors, {args.out.stat().st_size / 1e6:.1f} MB")
