"""What the tries found, as Markdown: `python train/tries_table.py RUNS/r50-0/held_out.json...`.

A row is a try at the app's thresholds (score 0.3, mask 0.5), and one at those of the highest pixel F1.
"""

import json
import sys
from pathlib import Path


def row(name, covid, medseg):
    found = [name, f"{covid['score']} / {covid['mask']}"]
    found += [f"{covid[k]:.3f}" for k in ("pixel_f1", "pixel_precision", "pixel_recall", "instance_f1", "dice", "lung_dice")]
    return "| " + " | ".join([*found, f"{medseg['dice']:.3f}" if medseg else ""]) + " |"


def main(paths):
    print("| try | score / mask | pixel F1 | precision | recall | instance F1 | lesion Dice | lung Dice | MedSeg lesion Dice |")
    print("|---|---|---|---|---|---|---|---|---|")
    for path in paths:
        text = Path(path).read_text()
        if not text:
            continue
        found = json.loads(text)
        medseg = {(one["score"], one["mask"]): one for one in found.get("medseg", [])}
        name = f"{Path(path).parent.name} {Path(path).stem}"
        usual = next(one for one in found["covid"] if (one["score"], one["mask"]) == (0.3, 0.5))
        best = max(found["covid"], key=lambda one: one["pixel_f1"] or 0)
        for one in (usual, best):
            print(row(name, one, medseg.get((one["score"], one["mask"]))))


if __name__ == "__main__":
    main(sys.argv[1:])
