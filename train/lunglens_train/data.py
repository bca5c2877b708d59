"""Labelled slices as arrays: the same preprocessing, labels and patients as `lunglens evaluate` (docs/evaluation.md)."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

EIGHT = np.ones((3, 3), bool)
MIN_LESION_PIXELS = 4
HU_WINDOW = (-1250.0, 250.0)


@dataclass
class Slice:
    """One slice: 8-bit grey, masks of its size, and whose it is. `lung` is None where lungs are not labelled.

    `volume` is where it lies, if that is known: the case, the slice's place in it, and how many slices the case has.
    """

    name: str
    patient: str
    source: str
    grey: np.ndarray
    lesion: np.ndarray
    lung: np.ndarray | None
    volume: tuple[str, int, int] | None = None


def read_grey(path):
    return np.array(Image.open(path).convert("L"))


def read_mask(path, shape):
    """White is inside; a mask of another size than its picture is an error."""
    mask = read_grey(path) > 127
    if mask.shape != shape:
        raise ValueError(f"{path}: the mask is {mask.shape}, the picture {shape}")
    return mask


def patient_of(case):
    """`radiopaedia_10_85902_3` and `_1` are one patient, and so are `radiopaedia_29_86490_1` and `29_86491_1`."""
    found = re.match(r"(radiopaedia_\d+)", case)
    return found[1] if found else case


def read_covid(folder):
    """covid-ct-slices: `manifest.csv`, `ct/`, `lesion/`, `lung/`."""
    folder = Path(folder)
    slices = []
    with open(folder / "manifest.csv", newline="") as rows:
        for row in csv.DictReader(rows):
            grey = read_grey(folder / "ct" / row["file"])
            lesion = read_mask(folder / "lesion" / row["file"], grey.shape)
            lung = read_mask(folder / "lung" / row["file"], grey.shape)
            volume = row["case"], int(row["slice"]), int(row["n_slices_in_volume"])
            slices.append(Slice(row["file"], patient_of(row["case"]), "covid", grey, lesion, lung, volume))
    return slices


def read_medseg(folder):
    """medseg-50: pictures that lie on their side, turned clockwise here; every slice counts as a patient."""
    folder = Path(folder)
    slices = []
    for path in sorted((folder / "ct").iterdir()):
        grey = np.rot90(read_grey(path), -1).copy()
        lesion = np.array(Image.open(folder / "lesion" / f"{path.stem}.png").convert("L")) > 0
        lesion = np.rot90(lesion, -1).copy()
        if lesion.shape != grey.shape:
            raise ValueError(f"{path}: the mask is {lesion.shape}, the picture {grey.shape}")
        slices.append(Slice(path.name, path.stem, "medseg", grey, lesion, None))
    return slices


def preprocess_hu(hu, clahe=True):
    """Hounsfield units to 8-bit grey as LungLens's `preprocess`: clamp, OpenCV's cubic to 256, min-max, CLAHE."""
    import cv2

    low, high = HU_WINDOW
    inside = hu[hu > low]
    floor = min(inside.min(), high) if inside.size else low
    rows, columns = hu.shape
    scale = 256 / max(rows, columns)
    side = lambda n: max(1, int(n * scale + 0.5))
    small = cv2.resize(np.clip(hu, floor, high).astype(np.float32), (side(columns), side(rows)), interpolation=cv2.INTER_CUBIC)
    spread = small.max() - small.min()
    grey = np.rint((small - small.min()) / spread * 255).clip(0, 255).astype(np.uint8) if spread > 0 else np.zeros(small.shape, np.uint8)
    return cv2.createCLAHE(7.0, (8, 8)).apply(grey) if clahe else grey


def lungs_of_hu(hu):
    """Aerated lungs of a slice without disease: air inside the body, holes filled. For slices nobody labelled."""
    air = hu < -400
    labels, _ = ndimage.label(air)
    border = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    inside = air & ~np.isin(labels, border)
    inside = ndimage.binary_opening(inside, iterations=2)
    labels, count = ndimage.label(inside)
    sizes = ndimage.sum(inside, labels, range(1, count + 1))
    # Gas in stomach and bowel is darker than lung.
    medians = ndimage.median(hu, labels, range(1, count + 1))
    lung = np.isin(labels, 1 + np.flatnonzero((sizes > 0.004 * hu.size) & (np.asarray(medians) > -960)))
    return ndimage.binary_fill_holes(ndimage.binary_closing(lung, iterations=3))


def read_negatives(folder):
    """A DICOM series of a patient without COVID-19: no lesion, lungs by their air. With and without CLAHE."""
    import pydicom

    slices = []
    for path in sorted(Path(folder).glob("*.dcm")):
        image = pydicom.dcmread(path)
        hu = image.pixel_array.astype(np.float32) * float(image.RescaleSlope) + float(image.RescaleIntercept)
        lung = lungs_of_hu(hu)[::2, ::2]
        for clahe in (True, False):
            grey = preprocess_hu(hu, clahe)
            name = f"{path.stem}-{'clahe' if clahe else 'plain'}"
            slices.append(Slice(name, "siemens", "negative", grey, np.zeros(grey.shape, bool), lung))
    return slices


def equalised(slices):
    """Copies with OpenCV's CLAHE, as a picture is read with `--clahe on`."""
    import cv2

    clahe = cv2.createCLAHE(7.0, (8, 8))
    return [Slice(f"{s.name}-clahe", s.patient, "medseg-clahe", clahe.apply(s.grey), s.lesion, s.lung) for s in slices]


def around(slices):
    """For each slice the places in `slices` of the one below it, itself, and the one above: an (N, 3) int array.

    Neighbours are a sixtieth of the volume away, so about equally far in thick and thin slices; where that one is not there a
    nearer one, else the slice itself.
    """
    at = {one.volume[:2]: i for i, one in enumerate(slices) if one.volume}
    out = np.repeat(np.arange(len(slices))[:, None], 3, 1)
    for i, one in enumerate(slices):
        if one.volume is None:
            continue
        case, place, count = one.volume
        for column, side in ((0, -1), (2, 1)):
            steps = range(max(1, round(count / 60)), 0, -1)
            out[i, column] = next((at[case, place + side * s] for s in steps if (case, place + side * s) in at), i)
    return out


def mirrored(one):
    """A lesion-free slice made of one with a lesion-free lung: that half of the body, mirrored over the other. Else None."""
    labels, count = ndimage.label(one.lung, EIGHT)
    if count < 2:
        return None
    sizes = ndimage.sum(one.lung, labels, range(1, count + 1))
    first, second = np.argsort(-sizes)[:2] + 1
    if min(sizes[first - 1], sizes[second - 1]) < 0.02 * one.lung.size:
        return None
    centres = [ndimage.center_of_mass(labels == i)[1] for i in (first, second)]
    middle = sum(centres) / 2
    columns = np.arange(one.lung.shape[1])
    for centre in centres:
        own = (columns < middle) if centre < middle else (columns >= middle)
        partner = np.rint(2 * middle - columns).astype(int).clip(0, len(columns) - 1)
        source = np.where(own, columns, partner)
        if not one.lesion[:, own].any() and not one.lesion[:, source].any():
            grey, lesion, lung = one.grey[:, source], one.lesion[:, source], one.lung[:, source]
            return Slice(one.name, one.patient, "mirrored", grey, lesion, lung)
    return None


def lesion_instances(mask):
    """8-connected components of at least 4 pixels, the largest first, as a label image."""
    labels, count = ndimage.label(mask, EIGHT)
    sizes = ndimage.sum(mask, labels, range(1, count + 1))
    out = np.zeros(mask.shape, np.uint8)
    order = [i for i in np.argsort(-sizes, kind="stable") if sizes[i] >= MIN_LESION_PIXELS]
    for new, old in enumerate(order[:255], 1):
        out[labels == old + 1] = new
    return out


def lung_instances(mask):
    """8-connected components; one below a tenth of the largest is joined to the nearest."""
    labels, count = ndimage.label(mask, EIGHT)
    out = np.zeros(mask.shape, np.uint8)
    if count == 0:
        return out
    sizes = ndimage.sum(mask, labels, range(1, count + 1))
    large = [i for i in np.argsort(-sizes, kind="stable") if sizes[i] >= sizes.max() / 10]
    for new, old in enumerate(large[:4], 1):
        out[labels == old + 1] = new
    small = mask & (out == 0)
    if small.any():
        nearest = ndimage.distance_transform_edt(out == 0, return_distances=False, return_indices=True)
        for old in np.unique(labels[small]):
            where = labels == old
            values = out[tuple(axis[where] for axis in nearest)]
            out[where] = np.bincount(values).argmax()
    return out
