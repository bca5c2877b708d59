"""The slices that training reads are those that LungLens reads. Run: python -m unittest discover -s train/tests -t train"""

import unittest
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from lunglens_train import data, folds, packed
from lunglens_train.augment import Views, targets

FIXTURES = Path(__file__).resolve().parents[2] / "tests" / "fixtures" / "imaging"


def slice_of(name="a", patient="coronacases_001", source="covid"):
    grey = np.random.default_rng(1).integers(0, 255, (64, 80), dtype=np.uint8)
    lesion, lung = np.zeros(grey.shape, bool), np.zeros(grey.shape, bool)
    lung[10:50, 8:34], lung[10:50, 46:72] = True, True
    lesion[20:30, 12:20] = True
    return data.Slice(name, patient, source, grey, lesion, lung)


class Preprocessing(unittest.TestCase):
    def test_hounsfield_as_the_app(self):
        """The fixture is what the app's `preprocess` is tested against."""
        import pydicom

        image = pydicom.dcmread(FIXTURES / "dicom" / "siemens_crop.dcm")
        hu = image.pixel_array.astype(np.float32) * float(image.RescaleSlope) + float(image.RescaleIntercept)
        grey = data.preprocess_hu(hu)
        want = np.array(Image.open(FIXTURES / "expected" / "hounsfield_300.png")).astype(np.float64)
        want = want / (65535 if want.max() > 255 else 255)
        rows, columns = (max(1, int(side * 300 / max(hu.shape) + 0.5)) for side in hu.shape)
        unit = torch.from_numpy(grey).float()[None, None] / 255
        got = torch.nn.functional.interpolate(unit, size=(rows, columns), mode="bilinear", align_corners=False)[0, 0].numpy()
        self.assertLess(np.abs(got - want[:rows, :columns]).max(), 1.1 / 255)

    def test_plain_views_are_a_bilinear_resize(self):
        one = slice_of()
        views = Views(*packed.canvas([one], 96, "cpu"), 0.0)
        grey, ids = views.draw(torch.tensor([0]), 120, augment=False)
        unit = torch.from_numpy(one.grey).float()[None, None] / 255
        want = torch.nn.functional.interpolate(unit, size=(96, 120), mode="bilinear", align_corners=False)
        self.assertLess(float((grey[:, :, :96] - want).abs().max()), 2e-3)
        self.assertEqual(float(grey[:, :, 96:].abs().max()), 0.0)
        boxes, labels, valid, masks = targets(ids)
        self.assertEqual(int(valid.sum()), 3)
        self.assertEqual(labels[0][valid[0]].tolist(), [1, 2, 2])
        self.assertEqual(boxes[0][valid[0]][0].tolist(), [18.0, 30.0, 30.0, 45.0])


    def test_views_of_neighbours_are_cut_alike(self):
        slices = [slice_of("a"), slice_of("b")]
        slices[1].grey = slices[1].grey // 2
        near = torch.tensor([[0, 0, 1], [0, 1, 1]])
        views = Views(*packed.canvas(slices, 96, "cpu"), 0.0, near)
        three, _ = views.draw(torch.tensor([0, 1]), 120, augment=False)
        alone, _ = Views(*packed.canvas(slices, 96, "cpu"), 0.0).draw(torch.tensor([0, 1]), 120, augment=False)
        self.assertTrue(torch.equal(three, alone[near, 0]))
        seen, _ = views.draw(torch.tensor([0, 1]), 120)
        self.assertEqual(seen.shape, (2, 3, 120, 120))


class Labels(unittest.TestCase):
    def test_specks_are_no_lesions_and_corners_touch(self):
        mask = np.zeros((8, 8), bool)
        mask[0, 0:3] = True  # three pixels
        mask[3:5, 3:5], mask[5, 5] = True, True
        self.assertEqual(data.lesion_instances(mask).max(), 1)
        self.assertEqual((data.lesion_instances(mask) == 1).sum(), 5)

    def test_small_parts_join_the_nearest_lung(self):
        mask = np.zeros((20, 30), bool)
        mask[2:18, 2:12], mask[2:18, 18:28], mask[0, 13:15] = True, True, True
        ids = data.lung_instances(mask)
        self.assertEqual(ids.max(), 2)
        self.assertEqual(ids[0, 13], ids[5, 5])

    def test_mirrored_halves_have_no_lesion(self):
        made = data.mirrored(slice_of())
        self.assertFalse(made.lesion.any())
        self.assertTrue((made.lung == made.lung[:, ::-1]).mean() > 0.9)
        both = slice_of()
        both.lesion[20:30, 50:60] = True
        self.assertIsNone(data.mirrored(both))


class Folds(unittest.TestCase):
    def test_each_patient_is_in_one_fold(self):
        named = [p for fold in folds.PATIENTS for p in fold]
        self.assertEqual(len(named), len(set(named)))
        self.assertEqual(data.patient_of("radiopaedia_10_85902_3"), data.patient_of("radiopaedia_10_85902_1"))
        self.assertEqual(folds.fold_of(slice_of(patient="coronacases_006"), []), 0)
        with self.assertRaises(ValueError):
            folds.fold_of(slice_of(patient="nobody"), [])

    def test_the_app_is_told_the_same_folds(self):
        pictures = [f"{i}.jpg" for i in range(10)]
        told = [folds.held_out(k, pictures) for k in range(folds.FOLDS)]
        for i, name in enumerate(pictures):
            one = slice_of(name, patient=name, source="medseg")
            self.assertEqual([name in each for each in told].index(True), folds.fold_of(one, pictures))
        self.assertEqual(len(set(sum(told, []))), sum(map(len, told)))
        self.assertIn("siemens-b40f-30", told[folds.fold_of(slice_of(patient="siemens"), pictures)])

    def test_packed_slices_come_back(self):
        import tempfile

        slices = [slice_of("a"), slice_of("b")]
        slices[1].lung, slices[1].volume = None, ("case", 3, 40)
        with tempfile.TemporaryDirectory() as folder:
            packed.write(slices, f"{folder}/x.bin")
            back = packed.read(f"{folder}/x.bin")
        for one, two in zip(slices, back):
            self.assertEqual((one.name, one.patient, one.source), (two.name, two.patient, two.source))
            self.assertTrue((one.grey == two.grey).all() and (one.lesion == two.lesion).all())
            self.assertEqual(one.volume, two.volume)
        self.assertIsNone(back[1].lung)


if __name__ == "__main__":
    unittest.main()
