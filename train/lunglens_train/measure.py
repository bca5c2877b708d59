"""Metrics of a model on held-out slices, as docs/evaluation.md defines them, to choose by while training.

The published figures come from `lunglens evaluate`; these agree with it up to how a box's mask is pasted.
`python -m lunglens_train.measure found.npz slices.bin...` prints them as JSON.
"""

import json
import sys

import numpy as np
import torch
from scipy import ndimage

from .data import lesion_instances
from .network import LESION, LUNG


@torch.no_grad()
def predict(model, slices, device, flip=False):
    """Detections of each slice: labels, scores and masks on the slice's own pixels."""
    model.eval()
    found = []
    for start in range(0, len(slices), 8):
        images = [torch.from_numpy(s.grey.copy()).to(device).float()[None].repeat(3, 1, 1) / 255 for s in slices[start : start + 8]]
        if flip:
            images = [image.flip(2) for image in images]
        with torch.autocast(torch.device(device).type, dtype=torch.bfloat16, enabled=False):
            out = model(images)
        for one in out:
            masks = one["masks"][:, 0] > 0.5
            masks = masks.flip(2) if flip else masks
            found.append((one["labels"].cpu().numpy(), one["scores"].cpu().numpy(), masks.cpu().numpy()))
    return found


def save(path, parts):
    """Keeps detections, masks as bits, of (source, slices, found) parts."""
    arrays = {}
    for source, slices, found in parts:
        arrays[f"{source}|names"] = np.array([s.name for s in slices])
        for i, (labels, scores, masks) in enumerate(found):
            arrays[f"{source}|{i}|labels"], arrays[f"{source}|{i}|scores"] = labels, scores
            arrays[f"{source}|{i}|masks"] = np.packbits(masks)
    np.savez(path, **arrays)


def main(path, files):
    from . import packed

    by_name = {(s.source, s.name): s for file in files for s in packed.read(file)}
    result = {}
    with np.load(path) as arrays:
        for key in arrays.files:
            if not key.endswith("|names"):
                continue
            source = key.split("|")[0]
            slices = [by_name[source, str(name)] for name in arrays[key]]
            found = []
            for i, one in enumerate(slices):
                labels, scores, bits = (arrays[f"{source}|{i}|{part}"] for part in ("labels", "scores", "masks"))
                shape = (len(labels), *one.grey.shape)
                found.append((labels, scores, np.unpackbits(bits, count=int(np.prod(shape))).reshape(shape).astype(bool)))
            result[source] = [summarise(slices, found, t) for t in (0.3, 0.4, 0.5, 0.6, 0.7)]
    print(json.dumps(result, indent=1))


def instance_hits(predicted, truth):
    """True positives at IoU 0.5: by falling score each prediction takes the free true instance that it overlaps most."""
    free, hits = set(range(len(truth))), 0
    for mask in predicted:
        best, at = 0.5, None
        for i in free:
            inter = np.logical_and(mask, truth[i]).sum()
            iou = inter / max(1, np.logical_or(mask, truth[i]).sum())
            if iou >= best:
                best, at = iou, i
        if at is not None:
            free.remove(at)
            hits += 1
    return hits


def summarise(slices, found, threshold):
    """Figures at a score threshold as a dict."""
    tp = fp = fn = hits = named = true = lung_inter = lung_sum = 0
    dice, found_lesion, has_lesion, errors, false_slices, agree = [], 0, 0, [], 0, 0
    for one, (labels, scores, masks) in zip(slices, found):
        keep = scores > threshold
        lesions = masks[keep & (labels == LESION)]
        union = lesions.any(0) if len(lesions) else np.zeros(one.lesion.shape, bool)
        both = (union & one.lesion).sum()
        tp, fp, fn = tp + both, fp + union.sum() - both, fn + one.lesion.sum() - both
        total = union.sum() + one.lesion.sum()
        dice.append(2 * both / total if total else 1.0)
        ids = lesion_instances(one.lesion)
        truth = [ids == i for i in range(1, ids.max() + 1)]
        hits, named, true = hits + instance_hits(lesions, truth), named + len(lesions), true + len(truth)
        has_lesion += one.lesion.any()
        found_lesion += bool(one.lesion.any() and len(lesions))
        false_slices += bool(not one.lesion.any() and len(lesions))
        if one.lung is not None:
            lungs = masks[keep & (labels == LUNG)]
            lung = ndimage.binary_fill_holes(lungs.any(0)) if len(lungs) else np.zeros(one.lung.shape, bool)
            lung_inter += (lung & one.lung).sum()
            lung_sum += lung.sum() + one.lung.sum()
            if lung.any() and one.lung.any():
                got = 100 * (union & lung).sum() / lung.sum()
                want = 100 * (one.lesion & one.lung).sum() / one.lung.sum()
                errors.append(abs(got - want))
                agree += (got >= 25) == (want >= 25)
    ratio = lambda a, b: round(float(a) / float(b), 4) if b else None
    return {
        "slices": len(slices),
        "score": threshold,
        "pixel_f1": ratio(2 * tp, 2 * tp + fp + fn),
        "pixel_precision": ratio(tp, tp + fp),
        "pixel_recall": ratio(tp, tp + fn),
        "instance_f1": ratio(2 * hits, named + true),
        "dice": round(float(np.mean(dice)), 4),
        "lung_dice": ratio(2 * lung_inter, lung_sum),
        "lesion_found": ratio(found_lesion, has_lesion),
        "false_slices": false_slices,
        "involvement_error": round(float(np.mean(errors)), 3) if errors else None,
        "alarming_agreement": ratio(agree, len(errors)),
        "counts": [int(v) for v in (tp, fp, fn, hits, named, true)],
    }


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
