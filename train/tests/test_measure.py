"""The figures to choose by. Run: python -m unittest discover -s train/tests -t train"""

import tempfile
import unittest

import numpy as np
import torch

from lunglens_train import measure
from lunglens_train.data import Slice, around, lesion_instances
from lunglens_train.network import LESION, LUNG


def square(size, top, left, side):
    mask = np.zeros((size, size), bool)
    mask[top : top + side, left : left + side] = True
    return mask


def detections(*each):
    """(label, score, box, probability inside it) of a slice of 32 x 32."""
    labels, scores, boxes, masks = [], [], [], []
    for label, score, (x1, y1, x2, y2), probability in each:
        plane = torch.zeros(1, 32, 32)
        plane[0, y1:y2, x1:x2] = probability
        labels.append(label), scores.append(score), boxes.append([x1, y1, x2, y2]), masks.append(plane)
    return {"labels": torch.tensor(labels), "scores": torch.tensor(scores), "boxes": torch.tensor(boxes).float(), "masks": torch.stack(masks)}


class Figures(unittest.TestCase):
    def setUp(self):
        lesion, lung = square(32, 4, 4, 4) | square(32, 20, 20, 6), square(32, 2, 2, 28)
        self.slice = Slice("a", "p", "covid", np.zeros((32, 32), np.uint8), lesion, lung)

    def figures(self, found):
        all_of = measure.summarise([self.slice], [measure.planes(found, (32, 32))])
        return {(one["score"], one["mask"]): one for one in all_of}

    def test_thresholds_choose_pixels(self):
        found = detections((LESION, 0.45, (4, 4, 8, 8), 0.42), (LESION, 0.25, (20, 20, 26, 23), 0.9), (LUNG, 0.9, (2, 2, 30, 30), 0.8))
        at = self.figures(found)
        self.assertEqual(len(at), len(measure.SCORES) * len(measure.MASKS))
        self.assertEqual(at[0.5, 0.5]["counts"], [0, 0, 52, 0, 0, 2])
        self.assertEqual(at[0.3, 0.5]["counts"], [0, 0, 52, 0, 0, 2])
        self.assertEqual(at[0.3, 0.4]["counts"], [16, 0, 36, 1, 1, 2])
        # Half of the second one: IoU 0.5 is enough.
        self.assertEqual(at[0.2, 0.4]["counts"], [34, 0, 18, 2, 2, 2])
        self.assertEqual(at[0.2, 0.4]["pixel_f1"], round(2 * 34 / (2 * 34 + 18), 4))
        self.assertEqual(at[0.2, 0.4]["lung_dice"], 1.0)

    def test_touching_lesions_are_one(self):
        halves = detections((LESION, 0.9, (4, 4, 8, 6), 1.0), (LESION, 0.8, (4, 6, 8, 8), 1.0))
        self.assertEqual(self.figures(halves)[0.5, 0.5]["counts"], [16, 0, 36, 1, 1, 2])

    def test_nothing_found_and_saved_files(self):
        nothing = {k: v[:0] for k, v in detections((LESION, 0.9, (4, 4, 8, 6), 1.0)).items()}
        found = [measure.planes(nothing, (32, 32)), measure.planes(detections((LUNG, 0.9, (2, 2, 30, 30), 0.8)), (32, 32))]
        slices = [self.slice, Slice("b", "p", "covid", self.slice.grey, self.slice.lesion, self.slice.lung)]
        with tempfile.TemporaryDirectory() as folder:
            measure.save(f"{folder}/x.npz", [("covid", slices, found)])
            ((source, names, back),) = measure.load(f"{folder}/x.npz", {("covid", s.name): s for s in slices})
        self.assertEqual((source, [s.name for s in names]), ("covid", ["a", "b"]))
        for one, two in zip(found, back):
            self.assertTrue((one[0] == two[0]).all() and (one[1] == two[1]).all())
        self.assertEqual(measure.summarise(slices, back), measure.summarise(slices, found))


class Flips(unittest.TestCase):
    def test_seen_twice_is_the_same(self):
        found = detections((LESION, 0.8, (4, 4, 8, 8), 0.6), (LUNG, 0.9, (2, 2, 30, 30), 0.8))
        mirrored = detections((LUNG, 0.9, (2, 2, 30, 30), 0.8), (LESION, 0.8, (24, 4, 28, 8), 0.6))
        both = measure.merged(found, measure.flipped_back(mirrored, 32))
        self.assertEqual(both["labels"].tolist(), [LESION, LUNG])
        for key in ("scores", "boxes", "masks"):
            self.assertTrue(torch.allclose(both[key], found[key]), key)

    def test_seen_once_counts_half(self):
        one, two = detections((LESION, 0.8, (4, 4, 8, 8), 0.6)), detections((LESION, 0.6, (20, 20, 26, 26), 0.6))
        both = measure.merged(one, two)
        self.assertEqual([round(s, 5) for s in both["scores"].tolist()], [0.4, 0.3])
        self.assertEqual(both["boxes"].tolist(), [[4, 4, 8, 8], [20, 20, 26, 26]])
        # A lesion on a lung is no pair, and neither is nothing.
        lung = detections((LUNG, 0.6, (4, 4, 8, 8), 0.6))
        self.assertEqual(len(measure.merged(one, lung)["scores"]), 2)
        self.assertEqual(measure.merged(one, {k: v[:0] for k, v in two.items()})["scores"].tolist(), [0.4000000059604645])


class Neighbours(unittest.TestCase):
    def test_a_sixtieth_of_the_volume_away_or_nearer(self):
        def slices(case, places, count):
            return [Slice(str(p), case, "covid", None, None, None, (case, p, count)) for p in places]

        thick = slices("thick", (7, 8, 9, 20), 45)
        thin = slices("thin", (100, 102, 103, 108), 301)
        alone = [Slice("x", "x", "medseg", None, None, None)]
        want = [[0, 0, 1], [0, 1, 2], [1, 2, 2], [3, 3, 3], [4, 4, 6], [4, 5, 6], [5, 6, 7], [6, 7, 7], [8, 8, 8]]
        # 100 looks for 105 to 101: 103 is the farthest there is; 103 looks back for 98 to 102: 100 is.
        want[6] = [4, 6, 7]
        self.assertEqual(around(thick + thin + alone).tolist(), want)


if __name__ == "__main__":
    unittest.main()
