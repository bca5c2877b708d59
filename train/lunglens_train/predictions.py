"""What `lunglens evaluate --fold` keeps in predictions.json, read and joined as the app does."""

import numpy as np
from scipy import ndimage

from .data import EIGHT, MIN_LESION_PIXELS


def decode(rle):
    """COCO's compressed run lengths as booleans [rows, columns]."""
    runs, value, shift = [], 0, 0
    for letter in rle["counts"]:
        bits = ord(letter) - 48
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value, shift = 0, 0
    rows, columns = rle["size"]
    inside = np.arange(len(runs)) % 2 == 1
    return np.repeat(inside, runs).reshape(columns, rows).T


def joined(lesions, shape, limit, share=0.5):
    """The lesion pixels that LungLens reports (`report::join_lesions`), of (score, mask) lesions: faint ones, from `share` of the score
    limit on, only where they touch one above it, and no specks.
    """
    above = lambda score: np.logical_or.reduce([np.zeros(shape, bool), *(mask for s, mask in lesions if s > score)])
    labels, count = ndimage.label(above(limit * share), EIGHT)
    area = np.bincount(labels.ravel(), minlength=count + 1)
    sure = np.bincount(labels[above(limit)], minlength=count + 1) > 0
    keep = sure & (area >= MIN_LESION_PIXELS)
    keep[0] = False
    return keep[labels]
