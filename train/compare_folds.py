"""Two evaluations of the same slices side by side: `python train/compare_folds.py MANIFEST ONE.json OTHER.json`.

MANIFEST is covid-ct-slices' manifest.csv, the others `evaluation.json` of `lunglens evaluate`. Prints the other's figures less the one's
with 95 % bootstrap intervals over patients, drawn alike for both, then the mean lesion Dice of patients and of volumes of each.
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np

RESAMPLES, SEED = 1000, 0
COUNTS = ("true_positives", "false_positives", "false_negatives")
FIGURES = ("pixel F1", "instance F1", "lesion Dice, mean of slices", "slices graded right", "slices whose lesion is found")


def f1(counts):
    hit, wrong, missed = counts
    return 2 * hit / (2 * hit + wrong + missed)


def found_pixels(one):
    return one["lesion_pixels"]["true_positives"] + one["lesion_pixels"]["false_positives"]


def sums(slices):
    """What the figures of some slices are made of; sums of patients add up."""
    counts = lambda kind: [sum(one[kind][name] for one in slices) for name in COUNTS]
    right = sum(one["lung"]["predicted"]["finding"] == one["lung"]["truth"]["finding"] for one in slices)
    dice, found = sum(one["lesion_dice"] for one in slices), sum(found_pixels(one) > 0 for one in slices)
    return np.array([*counts("lesion_pixels"), *counts("lesion_instances"), dice, right, found, len(slices)], float)


def figures(total):
    """`FIGURES` of a sum of `sums`."""
    return np.array([f1(total[:3]), f1(total[3:6]), *total[6:9] / total[9]])


def grouped(slices, key):
    groups = {}
    for one in slices:
        groups.setdefault(key(one), []).append(one)
    return [groups[name] for name in sorted(groups)]


def mean_dice(groups, rng):
    """The mean of the groups' lesion Dice, pixels of each added up, with its interval."""
    dice = np.array([f1(sums(slices)[:3]) for slices in groups])
    drawn = [rng.choice(dice, len(dice)).mean() for _ in range(RESAMPLES)]
    return f"{dice.mean():.3f} ({np.percentile(drawn, 2.5):.3f} to {np.percentile(drawn, 97.5):.3f})"


def main(manifest, files):
    cases = {row["file"]: row["case"] for row in csv.DictReader(manifest.read_text().splitlines())}
    slices = [sorted(json.loads(Path(file).read_text())["slices"], key=lambda one: one["name"]) for file in files]
    if [one["name"] for one in slices[0]] != [one["name"] for one in slices[1]]:
        sys.exit("the evaluations are not of the same slices")
    patients = [grouped(some, lambda one: one["patient"]) for some in slices]
    one, other = (np.array([sums(group) for group in groups]) for groups in patients)
    rng = np.random.default_rng(SEED)
    drawn = [rng.integers(len(one), size=len(one)) for _ in range(RESAMPLES)]
    difference = lambda index: figures(other[index].sum(0)) - figures(one[index].sum(0))
    low, high = np.percentile([difference(index) for index in drawn], [2.5, 97.5], axis=0)
    for name, value, a, b in zip(FIGURES, difference(slice(None)), low, high):
        print(f"{name}: {value:.3f} ({a:.3f} to {b:.3f})")
    higher = sum(f1(b[:3]) > f1(a[:3]) for a, b in zip(one, other))
    print(f"pixel F1 is higher on {higher} of {len(one)} patients")
    for file, some, groups in zip(files, slices, patients):
        volumes = grouped(some, lambda each: cases[each["name"]])
        nothing = sum(found_pixels(each) == 0 for each in some)
        print(f"{file}: lesion Dice, mean of {len(groups)} patients {mean_dice(groups, rng)}, of {len(volumes)} volumes "
              f"{mean_dice(volumes, rng)}; nothing found on {nothing} slices")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
