"""Draws what models got most wrong on patients that they never saw: `python train/worst_slices.py DATA OUT.jpg PART...`.

DATA is covid-ct-slices, a PART a folder of evaluate_folds.py's with predictions.json. A picture a patient, eight at most: the slice with the most
wrong lesion pixels. Found lesions are outlined in orange, labelled ones in green.
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from lunglens_train.predictions import decode, joined

SCORE, SIDE, COLUMNS, SHOWN = 0.3, 256, 4, 8
ORANGE, GREEN = (255, 140, 0), (0, 230, 90)


def found_lesions(one, shape):
    lesions = [(found["score"], decode(found["mask"])) for found in one["found"] if found["class"] == "lesion"]
    return joined(lesions, shape, SCORE)


def worst(data, parts):
    """The worst slice of each patient: (wrong pixels, file, patient, found, labelled), worst first."""
    rows = csv.DictReader((data / "manifest.csv").read_text().splitlines())
    cases = {row["file"]: row["case"] for row in rows}
    best = {}
    for part in parts:
        for one in json.loads((part / "predictions.json").read_text())["slices"]:
            labelled = np.array(Image.open(data / "lesion" / one["name"])) > 127
            found = found_lesions(one, labelled.shape)
            # The first two parts of a case's name are its patient.
            patient = "_".join(cases[one["name"]].split("_")[:2])
            wrong = int((found != labelled).sum())
            if patient not in best or wrong > best[patient][0]:
                best[patient] = (wrong, one["name"], patient, found, labelled)
    return sorted(best.values(), key=lambda one: (-one[0], one[1]))[:SHOWN]


def draw(data, one):
    wrong, name, patient, found, labelled = one
    picture = np.stack([np.array(Image.open(data / "ct" / name).convert("L"))] * 3, axis=-1)
    for mask, colour in ((labelled, GREEN), (found, ORANGE)):
        picture[mask & ~ndimage.binary_erosion(mask)] = colour
    cell = Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.NEAREST)
    dice = 2 * (found & labelled).sum() / max(1, found.sum() + labelled.sum())
    ImageDraw.Draw(cell).text((4, SIDE - 14), f"{patient} {name[:-4]}, Dice {dice:.2f}", fill=(255, 255, 0))
    return cell


def main(data, out, parts):
    cells = [draw(data, one) for one in worst(data, parts)]
    sheet = Image.new("RGB", (SIDE * COLUMNS, SIDE * -(-len(cells) // COLUMNS)))
    for number, cell in enumerate(cells):
        sheet.paste(cell, (number % COLUMNS * SIDE, number // COLUMNS * SIDE))
    sheet.save(out, quality=80)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], [Path(part) for part in sys.argv[3:]])
