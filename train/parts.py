"""What the masks of boxes and the semantic head find, each alone and together: `python train/parts.py RUN... --data slices.bin`.

RUN is a fold's folder of train.py (`runs/r50-0`). Its held-out slices of covid-ct-slices are cut to their labelled lungs and seen by PyTorch,
before 8-bit storage. Lesions are joined as the app joins them, score 0.3. Prints a Markdown table over all runs.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from scipy import ndimage
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.roi_heads import paste_masks_in_image

from lunglens_train import folds, packed
from lunglens_train.data import lesion_instances
from lunglens_train.measure import lesion_figures, ratio
from lunglens_train.network import LESION, LUNG, SIZE, build
from lunglens_train.predictions import joined

MARGIN = 12
SCORE = 0.3
# Name of a row: the share of the head in a pixel's probability, and from which probability on it is inside.
RULES = {"masks of boxes": (0.0, 0.5), "mean, from 0.50": (0.5, 0.5), "mean, from 0.45": (0.5, 0.45), "mean, from 0.40": (0.5, 0.4)}
HEAD_LIMITS = (0.3, 0.5)


def cut(one):
    """The view (1, SIZE, SIZE) of a slice around its lungs, the corner of the part in the slice, and how much larger it is seen."""
    y, x = np.nonzero(one.lung)
    top, left = max(0, y.min() - MARGIN), max(0, x.min() - MARGIN)
    part = one.grey[top : y.max() + 1 + MARGIN, left : x.max() + 1 + MARGIN]
    scale = SIZE / max(part.shape)
    sides = [round(side * scale) for side in part.shape]
    seen = F.interpolate(torch.from_numpy(part.copy())[None, None].float() / 255, size=sides, mode="bilinear")[0]
    return F.pad(seen, (0, SIZE - sides[1], 0, SIZE - sides[0])), (left, top), scale


def on_slice(maps, corner, scale, shape):
    """Maps (2, h, w) of a view's square at the pixels of its slice, bilinear."""
    y, x = torch.meshgrid(torch.arange(shape[0]) + 0.5, torch.arange(shape[1]) + 0.5, indexing="ij")
    grid = torch.stack((x - corner[0], y - corner[1]), -1) * (scale * 2 / SIZE) - 1
    return F.grid_sample(maps[None], grid[None].to(maps), padding_mode="border", align_corners=False)[0]


@torch.no_grad()
def look(model, one, device):
    """The lesions and lungs of a slice by each rule: {rule: (lesion, lung)}."""
    view, corner, scale = cut(one)
    images = ImageList(view.to(device)[None].expand(-1, 3, -1, -1), [(SIZE, SIZE)])
    features = model.backbone(images.tensors)
    proposals, _ = model.rpn(images, features)
    (found,), _ = model.roi_heads(features, proposals, images.image_sizes)
    shape = one.grey.shape
    maps = on_slice(model.semantic_head(features["0"])[0].sigmoid(), corner, scale, shape).cpu()
    boxes = found["boxes"].cpu() / scale + torch.tensor([*corner, *corner])
    masks = paste_masks_in_image(found["masks"].cpu(), boxes, shape)[:, 0] if len(boxes) else torch.zeros((0, *shape))
    out = {}
    for name, (share, limit) in RULES.items():
        chosen = {LESION: [], LUNG: []}
        for label, score, mask in zip(found["labels"].tolist(), found["scores"].tolist(), masks):
            # The head says nothing outside a box.
            inside = ((1 - share) * mask + share * maps[label - 1] >= limit) & (mask > 0)
            chosen[label].append((score, inside.numpy()))
        lung = np.logical_or.reduce([np.zeros(shape, bool), *(mask for score, mask in chosen[LUNG] if score > SCORE)])
        out[name] = joined(chosen[LESION], shape, SCORE), ndimage.binary_fill_holes(lung)
    for limit in HEAD_LIMITS:
        lesion = joined([(1.0, (maps[0] > limit).numpy())], shape, SCORE)
        out[f"head alone, from {limit:.2f}"] = lesion, ndimage.binary_fill_holes((maps[1] > 0.5).numpy())
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--limit", type=int, help="at most so many slices of a run")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    covid = [one for file in args.data for one in packed.read(file) if one.source == "covid"]
    slices, found = [], []
    for run in args.runs:
        backbone, fold = json.loads((run / "run.json").read_text())["job"].split(":")
        model = build(int(backbone.split("+")[0][1:]), semantic=True)
        model.load_state_dict({k: v.float() for k, v in load_file(run / "model.safetensors").items()}, strict=False)
        model.to(args.device).eval()
        held_out = [one for one in covid if folds.fold_of(one, []) == int(fold)][: args.limit]
        slices += held_out
        found += [look(model, one, args.device) for one in held_out]
    truths = [lesion_instances(one.lesion) for one in slices]
    print(f"{len(slices)} slices\n\n| | pixel F1 | precision | recall | instance F1 | lesion Dice | lung Dice |\n|---|---|---|---|---|---|---|")
    for rule in found[0]:
        lesions, lungs = zip(*(each[rule] for each in found))
        figures = lesion_figures(slices, lesions, truths)
        names = ("pixel_f1", "pixel_precision", "pixel_recall", "instance_f1", "dice")
        both = sum((lung & one.lung).sum() for lung, one in zip(lungs, slices))
        all_ = sum(lung.sum() + one.lung.sum() for lung, one in zip(lungs, slices))
        print(f"| {rule} | " + " | ".join("" if v is None else f"{v:.3f}" for v in (*(figures[n] for n in names), ratio(2 * both, all_))) + " |")


if __name__ == "__main__":
    main()
