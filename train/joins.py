"""Figures of lesions under other rules for faint ones: `python train/joins.py DATA PART...`.

DATA is covid-ct-slices, a PART a folder with `predictions.json` of `lunglens evaluate --folds FILE --fold N`, which keeps detections from
score 0.05 on. A rule is a score limit and the share of it from which a lesion counts where it touches one above the limit; 1 is none.
Prints a Markdown table; a patient's error is that of the involvement of all of its slices together.
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from lunglens_train import measure
from lunglens_train.data import Slice, lesion_instances, patient_of
from lunglens_train.predictions import decode, joined

RULES = [(0.3, 1), (0.3, 2 / 3), (0.3, 0.5), (0.3, 1 / 3), (0.2, 1), (0.2, 0.5), (0.4, 0.5), (0.5, 0.5)]


def read(data, parts):
    """(slice, lesions as (score, mask), lung mask) of all parts."""
    cases = {row["file"]: row["case"] for row in csv.DictReader((data / "manifest.csv").read_text().splitlines())}
    grey = lambda folder, name: np.array(Image.open(data / folder / name).convert("L"))
    for part in parts:
        for one in json.loads((part / "predictions.json").read_text())["slices"]:
            name = one["name"]
            lesion, lung = grey("lesion", name) > 127, grey("lung", name) > 127
            true = Slice(name, patient_of(cases[name]), "covid", grey("ct", name), lesion, lung)
            of = lambda label: [(f["score"], decode(f["mask"])) for f in one["found"] if f["class"] == label]
            lungs = np.logical_or.reduce([np.zeros(lesion.shape, bool), *(m for s, m in of("lung") if s > RULES[0][0])])
            yield true, of("lesion"), ndimage.binary_fill_holes(lungs)


def involvement_error(slices, unions, lungs):
    """Mean absolute and mean error of the patients' involvement, in points."""
    sums = {}
    for one, lesion, lung in zip(slices, unions, lungs):
        lung = lung | lesion if lung.any() else lung
        true = one.lung | one.lesion
        pixels = (lesion & lung).sum(), lung.sum(), one.lesion.sum(), true.sum()
        sums[one.patient] = sums.get(one.patient, 0) + np.array(pixels)
    errors = [100 * (a / max(1, b) - c / d) for a, b, c, d in sums.values()]
    return np.abs(errors).mean(), np.mean(errors)


def main(data, parts):
    slices, lesions, lungs = zip(*read(data, parts))
    truths = [lesion_instances(one.lesion) for one in slices]
    print(f"{len(slices)} slices\n\n| limit | faint from | pixel F1 | precision | recall | instance F1 | lesion Dice | found | patients' error | bias |")
    print("|" + "---|" * 10)
    for limit, share in RULES:
        unions = [joined(found, one.lesion.shape, limit, share) for one, found in zip(slices, lesions)]
        figures = measure.lesion_figures(slices, unions, truths)
        names = ("pixel_f1", "pixel_precision", "pixel_recall", "instance_f1", "dice", "lesion_found")
        row = [f"{figures[name]:.3f}" for name in names] + [f"{v:.2f}" for v in involvement_error(slices, unions, lungs)]
        print(f"| {limit} | {limit * share:.2f} | " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(part) for part in sys.argv[2:]])
