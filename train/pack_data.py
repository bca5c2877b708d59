"""Packs the data folders into files: `python train/pack_data.py DATA OUT...` (DATA holds covid-ct-slices, medseg-50, dicom-chest).

With several OUT the slices are dealt to them in order, where a machine takes only so much at a time.
"""

import sys
from pathlib import Path

from lunglens_train import data, packed

root, outs = Path(sys.argv[1]), sys.argv[2:]
medseg = data.read_medseg(root / "medseg-50")
slices = data.read_covid(root / "covid-ct-slices") + medseg + data.equalised(medseg)
slices += data.read_negatives(root / "dicom-chest" / "siemens-b40f-30")
for part, out in enumerate(outs):
    some = slices[part * len(slices) // len(outs) : (part + 1) * len(slices) // len(outs)]
    packed.write(some, out)
    print(f"{len(some)} slices, {Path(out).stat().st_size / 1e6:.1f} MB")
