"""What the network's shape alone costs, without training: `python train/limits.py slices.bin`.

Masks: the labels of every fourth slice, as the app would see them, pressed into a grid and pasted back as torchvision does.
Anchors: how well the best anchor fits each lesion of a view cut to the lungs at 320 x 320.
"""

import sys

import numpy as np
import torch
import torch.nn.functional as F
from torchvision.models.detection.roi_heads import paste_masks_in_image
from torchvision.ops import roi_align

from lunglens_train import packed
from lunglens_train.data import lesion_instances
from lunglens_train.network import SIZE, anchors, build, iou_batch

MARGIN = 0.05
CELLS = ((12, 24, 48, 96, 192), (8, 16, 32, 64, 128), (10, 20, 40, 80, 160), (16, 32, 64, 128, 256))


def box_of(mask):
    rows, columns = np.nonzero(mask)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def through_grid(slices, side):
    """Pixel F1 of the labels after a grid of `side` x `side` an instance."""
    hit = wrong = missed = 0
    for one in slices:
        ids = lesion_instances(one.lesion)
        found = np.zeros(one.lesion.shape, bool)
        if ids.any():
            masks = torch.tensor(np.stack([ids == i for i in range(1, ids.max() + 1)])).float()[:, None]
            scale = SIZE / max(one.lesion.shape)
            masks = F.interpolate(masks, scale_factor=scale, mode="nearest")
            boxes = torch.tensor([box_of(mask.numpy()) for mask in masks[:, 0]]).float()
            corners = torch.cat((torch.arange(len(boxes))[:, None].float(), boxes), 1)
            grid = roi_align(masks, corners, side, 1.0)
            found = (paste_masks_in_image(grid, boxes / scale, one.lesion.shape)[:, 0] >= 0.5).any(0).numpy()
        hit, wrong, missed = hit + (found & one.lesion).sum(), wrong + (found & ~one.lesion).sum(), missed + (~found & one.lesion).sum()
    return 2 * hit / (2 * hit + wrong + missed)


def lesions_in_view(slices):
    """Boxes (N, 4) of all lesions in views cut to the lungs, in network pixels."""
    boxes = []
    for one in slices:
        ids = lesion_instances(one.lesion)
        x0, y0, x1, y1 = box_of(one.lung | one.lesion)
        longest = max(x1 - x0, y1 - y0)
        scale = SIZE / (longest * (1 + 2 * MARGIN))
        low = np.array([x0, y0, x0, y0]) - MARGIN * longest
        boxes += [(np.array(box_of(ids == i)) - low) * scale for i in range(1, ids.max() + 1)]
    return torch.tensor(np.array(boxes)).float().clamp(0, SIZE)


def best_overlap(boxes, cells):
    """The IoU of each box with the anchor that fits it best."""
    all_anchors = torch.cat(anchors(build(50, anchor_sizes=cells), SIZE, "cpu"))[None]
    return torch.cat([iou_batch(all_anchors, boxes[None, i : i + 64])[0].amax(0) for i in range(0, len(boxes), 64)])


def main(file):
    slices = [one for one in packed.read(file) if one.source == "covid"]
    for side in (28, 56):
        print(f"masks of {side} x {side}: pixel F1 {through_grid(slices[::4], side):.3f} at most")
    boxes = lesions_in_view(slices)
    for cells in CELLS:
        best = best_overlap(boxes, cells)
        share = lambda least: (best >= least).float().mean()
        print(f"anchors {cells}: mean IoU {best.mean():.3f}, from 0.5 on {share(0.5):.3f}, from 0.7 on {share(0.7):.3f} of {len(boxes)} lesions")


if __name__ == "__main__":
    main(sys.argv[1])
