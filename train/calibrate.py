"""What the inputs of every layer are like, for `lunglens quantize --calibration`:

    python train/calibrate.py MODEL.safetensors DATA OUT.safetensors [--depth 101] [--slices 64] [--without PATIENT...]

MODEL is a checkpoint of torchvision's MaskRCNN as train.py writes it, DATA a folder like covid-ct-slices. Slices of the training split
are taken, spread evenly; labels are not read. OUT has for each layer NAME the vectors NAME.mean and NAME.mean_square, a value an input
channel of a convolution or an input of a fully connected layer.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import nn

from lunglens_train.network import build, has_semantic_head


def read_slices(folder, count, without):
    """`count` slices of the training split as (3, H, W) tensors from 0 to 1, without those of some patients."""
    with open(folder / "manifest.csv", newline="") as rows:
        names = [r["file"] for r in csv.DictReader(rows) if r["split"] == "train" and not r["case"].startswith(tuple(without))]
    if not names:
        raise SystemExit(f"{folder}: there is no slice to calibrate on")
    for name in [names[i * len(names) // count] for i in range(min(count, len(names)))]:
        grey = np.array(Image.open(folder / "ct" / name).convert("L"), dtype=np.float32)
        yield torch.from_numpy(grey / 255).expand(3, -1, -1)


def watch(model):
    """Sums of the inputs and their squares by layer, filled while the model runs."""
    sums = {}

    def hook(name):
        def see(module, inputs):
            x = inputs[0].detach().double()
            axes = [0, 2, 3] if x.dim() == 4 else [0]
            count = x.numel() // x.shape[1]
            if count:
                new = torch.stack((x.sum(axes), (x * x).sum(axes)))
                old, seen = sums.get(name, (0, 0))
                sums[name] = (old + new, seen + count)

        return see

    for name, module in model.named_modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            module.register_forward_pre_hook(hook(name))
    return sums


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--depth", type=int, choices=(50, 101), default=50)
    parser.add_argument("--slices", type=int, default=64)
    parser.add_argument("--without", nargs="*", default=[], metavar="PATIENT", help="patients to leave out, such as those of a fold")
    args = parser.parse_args()
    weights = load_file(args.model)
    model = build(args.depth, semantic=has_semantic_head(weights))
    left = model.load_state_dict({k: v.float() for k, v in weights.items()}, strict=False)
    if left.unexpected_keys or any(not k.endswith("num_batches_tracked") for k in left.missing_keys):
        raise SystemExit(f"{args.model} is no ResNet{args.depth} model: {left}")
    model.eval()
    sums = watch(model)
    if has_semantic_head(weights):
        # torchvision's inference leaves it alone.
        model.backbone.register_forward_hook(lambda *run: model.semantic_head(run[-1]["0"]) and None)
    for image in read_slices(args.data, args.slices, args.without):
        model([image])
    out = {}
    for name, (total, count) in sums.items():
        out[f"{name}.mean"], out[f"{name}.mean_square"] = (total / count).float().contiguous()
    # Separate storages, which safetensors asks for.
    save_file({k: v.clone() for k, v in out.items()}, args.out)
    print(f"{len(sums)} layers on {args.slices} slices at most: {args.out}")


if __name__ == "__main__":
    main()
