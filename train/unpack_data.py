"""Writes covid-ct-slices from packed files: `python train/unpack_data.py MANIFEST OUT FILE...` (MANIFEST is its manifest.csv).

The pictures have the pixels of the originals, not their bytes; `lunglens evaluate` tells them apart by pixels.
"""

import shutil
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from lunglens_train import packed


def write(one, out):
    layers = {"ct": one.grey, "lesion": one.lesion.astype(np.uint8) * 255, "lung": one.lung.astype(np.uint8) * 255}
    for name, layer in layers.items():
        Image.fromarray(layer).save(out / name / one.name, compress_level=1)


def main(manifest, out, files):
    for name in ("ct", "lesion", "lung"):
        (out / name).mkdir(parents=True, exist_ok=True)
    count = 0
    for file in files:
        for one in packed.read(file):
            if one.source == "covid":
                write(one, out)
                count += 1
    shutil.copy(manifest, out / "manifest.csv")
    print(f"{count} slices: {out}")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
