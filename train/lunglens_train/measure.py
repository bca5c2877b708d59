"""Metrics of a model on held-out slices, as docs/evaluation.md defines them, to choose by while training.

The published figures come from `lunglens evaluate`; these agree with it up to how a box's mask is pasted. They are taken at every
pair of a score threshold and a mask threshold of lesions. `python -m lunglens_train.measure found.npz slices.bin...` prints them as JSON.
"""

import json
import sys

import numpy as np
import torch
from scipy import ndimage
from torchvision.ops import box_iou

from .data import EIGHT, around, lesion_instances
from .network import LESION, LUNG

SCORES = (0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
MASKS = (0.25, 0.3, 0.35, 0.4, 0.45, 0.5)


def flipped_back(found, width):
    """Detections of a slice mirrored left to right, on the slice itself."""
    x1, y1, x2, y2 = found["boxes"].unbind(1)
    return found | {"boxes": torch.stack((width - x2, y1, width - x1, y2), 1), "masks": found["masks"].flip(-1)}


def merged(one, two):
    """The detections of two views: pairs of a class that overlap each other most (IoU from 0.5) become their mean; the others
    stay with half their score."""
    if min(len(one["scores"]), len(two["scores"])) == 0:
        return {k: torch.cat((one[k], two[k])) if k != "scores" else torch.cat((one[k], two[k])) / 2 for k in one}
    iou = box_iou(one["boxes"], two["boxes"]) * (one["labels"][:, None] == two["labels"][None])
    best, there = iou.max(1)
    mutual = (best >= 0.5) & (iou.argmax(0)[there] == torch.arange(len(there), device=there.device))
    a, b = mutual.nonzero()[:, 0], there[mutual]
    alone = torch.ones(len(two["scores"]), dtype=torch.bool, device=b.device)
    alone[b] = False
    out = {}
    for key in ("boxes", "labels", "scores", "masks"):
        pair = one[key][a] if key == "labels" else (one[key][a] + two[key][b]) / 2
        rest = torch.cat((one[key][~mutual], two[key][alone]))
        out[key] = torch.cat((pair, rest / 2 if key == "scores" else rest))
    return out


def planes(found, shape):
    """What a slice's detections say of its pixels: for each score threshold how many mask thresholds a pixel of lesion passes
    (S, H, W) uint8, and whether it is lung (S, H, W) bool."""
    lesion, lung = [], []
    for threshold in SCORES:
        keep = found["scores"] > threshold
        probability = lambda label: found["masks"][keep & (found["labels"] == label), 0]
        none = torch.zeros((1, *shape), device=keep.device)
        lesion.append(sum((torch.cat((none, probability(LESION))).amax(0) >= t).to(torch.uint8) for t in MASKS))
        lung.append((probability(LUNG) > 0.5).any(0))
    return torch.stack(lesion).cpu().numpy(), torch.stack(lung).cpu().numpy()


@torch.no_grad()
def predict(model, slices, device, neighbours=False, flips=False):
    """`planes` of each slice. `neighbours`: the channels are the slices around it; `flips`: each slice is also seen mirrored."""
    model.eval()
    places = around(slices) if neighbours else np.repeat(np.arange(len(slices))[:, None], 3, 1)
    out = []
    for start in range(0, len(slices), 8):
        some = slices[start : start + 8]
        images = [np.stack([slices[i].grey for i in places[start + k]]) for k in range(len(some))]
        images = [torch.from_numpy(image).to(device).float() / 255 for image in images]
        found = model(images)
        if flips:
            mirrored = model([image.flip(2) for image in images])
            found = [merged(a, flipped_back(b, one.grey.shape[1])) for a, b, one in zip(found, mirrored, some)]
        out += [planes(each, one.grey.shape) for each, one in zip(found, some)]
    return out


def save(path, parts):
    """Keeps what `predict` found, of (source, slices, found) parts."""
    arrays = {}
    for source, slices, found in parts:
        arrays[f"{source}|names"] = np.array([s.name for s in slices])
        for i, (lesion, lung) in enumerate(found):
            arrays[f"{source}|{i}|lesion"], arrays[f"{source}|{i}|lung"] = lesion, np.packbits(lung, axis=-1)
    np.savez(path, **arrays)


def load(path, by_name):
    """(source, slices, found) parts of a file that `save` made; `by_name` gives slices by source and name."""
    with np.load(path) as arrays:
        for key in [k for k in arrays.files if k.endswith("|names")]:
            source = key.split("|")[0]
            slices = [by_name[source, str(name)] for name in arrays[key]]
            found = []
            for i, one in enumerate(slices):
                lung = np.unpackbits(arrays[f"{source}|{i}|lung"], axis=-1, count=one.grey.shape[1]).astype(bool)
                found.append((arrays[f"{source}|{i}|lesion"], lung))
            yield source, slices, found


def main(path, files):
    from . import packed

    by_name = {(s.source, s.name): s for file in files for s in packed.read(file)}
    print(json.dumps({source: summarise(slices, found) for source, slices, found in load(path, by_name)}, indent=1))


def instance_hits(predicted, truth):
    """Pairs of IoU from 0.5 of two images of labels, 0 outside. Labels of one image do not overlap, so nobody is in two pairs."""
    if not predicted.any() or not truth.any():
        return 0
    both = np.zeros((predicted.max() + 1, truth.max() + 1), np.int64)
    np.add.at(both, (predicted.ravel(), truth.ravel()), 1)
    union = both.sum(1, keepdims=True) + both.sum(0, keepdims=True) - both
    return int((both[1:, 1:] * 2 >= union[1:, 1:]).sum())


def summarise(slices, found):
    """Figures at every score and mask threshold, a dict each."""
    lungs = [lung_figures(slices, found, i) for i in range(len(SCORES))]
    truths = [lesion_instances(one.lesion) for one in slices]
    out = []
    for i, score in enumerate(SCORES):
        for k, mask in enumerate(MASKS):
            # As the app joins them, lesions that touch are one.
            unions = [lesion[i] > k for lesion, _ in found]
            out.append({"slices": len(slices), "score": score, "mask": mask} | lesion_figures(slices, unions, truths) | lungs[i])
    return out


def ratio(a, b):
    return round(float(a) / float(b), 4) if b else None


def lesion_figures(slices, unions, truths):
    tp = fp = fn = hits = named = true = found_lesion = has_lesion = false_slices = 0
    dice = []
    for one, union, truth in zip(slices, unions, truths):
        both = (union & one.lesion).sum()
        tp, fp, fn = tp + both, fp + union.sum() - both, fn + one.lesion.sum() - both
        total = union.sum() + one.lesion.sum()
        dice.append(2 * both / total if total else 1.0)
        labels, count = ndimage.label(union, EIGHT)
        hits, named, true = hits + instance_hits(labels, truth), named + count, true + int(truth.max())
        has_lesion += one.lesion.any()
        found_lesion += bool(one.lesion.any() and count)
        false_slices += bool(not one.lesion.any() and count)
    return {
        "pixel_f1": ratio(2 * tp, 2 * tp + fp + fn),
        "pixel_precision": ratio(tp, tp + fp),
        "pixel_recall": ratio(tp, tp + fn),
        "instance_f1": ratio(2 * hits, named + true),
        "dice": round(float(np.mean(dice)), 4),
        "lesion_found": ratio(found_lesion, has_lesion),
        "false_slices": false_slices,
        "counts": [int(v) for v in (tp, fp, fn, hits, named, true)],
    }


def lung_figures(slices, found, i):
    """Lung Dice at the score threshold `i`; nothing where lungs are not labelled."""
    inter = total = 0
    for one, (_, lung) in zip(slices, found):
        if one.lung is not None:
            filled = ndimage.binary_fill_holes(lung[i])
            inter, total = inter + (filled & one.lung).sum(), total + filled.sum() + one.lung.sum()
    return {"lung_dice": ratio(2 * inter, total)} if total else {}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
