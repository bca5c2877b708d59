"""Weights to go on from, out of a packed model: `python train/unpack_model.py MODEL.llw OUT.safetensors --depth 50 --data slices.bin --body body.npz`.

For `train.py --start`. BatchNorm is folded in a packed model; it is set anew from augmented views of the slices (`llw.unfold`)."""

import argparse
from pathlib import Path

import torch
from safetensors.torch import save_file

from lunglens_train import backbone, llw, packed
from lunglens_train.augment import Views
from lunglens_train.network import SIZE, build, has_semantic_head

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("model", type=Path)
parser.add_argument("out", type=Path)
parser.add_argument("--depth", type=int, choices=(50, 101), required=True)
parser.add_argument("--data", type=Path, nargs="+", required=True)
parser.add_argument("--body", type=Path, required=True, help="the backbone that the model started from (make_backbone.py)")
parser.add_argument("--views", type=int, default=96)
args = parser.parse_args()

tensors = llw.packed_tensors(args.model)
model = build(args.depth, semantic=has_semantic_head(tensors))
llw.load_folded(model, tensors)
torch.manual_seed(1)
slices = [one for file in args.data for one in packed.read(file) if one.source == "covid"]
index = torch.randperm(len(slices))[: args.views].tolist()
views = Views(*packed.canvas([slices[i] for i in index], 256, torch.device("cpu")), 0.25)
images = views.draw(torch.arange(len(index)), SIZE)[0].expand(-1, 3, -1, -1)
with torch.no_grad():
    before = model.eval().backbone(images[:4])
    llw.unfold(model, images, backbone.cut(backbone.load_small(args.body), args.depth))
    after = model.eval().backbone(images[:4])
worst = max(float((before[k] - after[k]).abs().max() / before[k].abs().max()) for k in before)
print(f"features differ by {worst:.1e} of the largest")
save_file({k: v.contiguous() for k, v in model.state_dict().items() if "num_batches" not in k}, args.out)
