"""What the sheet of the worst slices shows. Run: python -m unittest discover -s train/tests -t train"""

import json
import tempfile
import unittest
from pathlib import Path

import numpy as np
from PIL import Image

import worst_slices
from lunglens_train.predictions import decode, joined

SHAPES = Path(__file__).parents[2] / "tests/fixtures/masks/shapes.json"


def write(path, mask):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask.astype(np.uint8) * 255).save(path)


class WorstSlices(unittest.TestCase):
    def test_run_lengths_are_those_of_pycocotools(self):
        shapes = json.loads(SHAPES.read_text())
        self.assertGreater(len(shapes), 3)
        for shape in shapes:
            size = [shape["rows"], shape["columns"]]
            bits = np.unpackbits(np.frombuffer(bytes.fromhex(shape["mask"]), np.uint8))
            expected = bits[: size[0] * size[1]].reshape(size).astype(bool)
            np.testing.assert_array_equal(decode({"size": size, "counts": shape["counts"]}), expected)

    def test_faint_lesions_count_where_they_touch_one_that_is_sure(self):
        mask = lambda columns: np.isin(np.arange(12), columns)[None].repeat(4, 0)
        sure, faint, fainter, alone = mask([0, 1]), mask([2, 3]), mask([4, 5]), mask([8, 9])
        lesions = [(0.31, sure), (0.16, faint), (0.15, fainter), (0.3, alone)]
        np.testing.assert_array_equal(joined(lesions, sure.shape, 0.3), sure | faint)
        self.assertFalse(joined([], sure.shape, 0.3).any())

    def test_each_patient_has_the_slice_with_the_most_wrong_pixels(self):
        with tempfile.TemporaryDirectory() as folder:
            data, part = Path(folder), Path(folder) / "part"
            part.mkdir()
            whole, half = np.zeros((2, 3), bool), np.zeros((2, 3), bool)
            whole[:] = True
            half[:, 0] = True
            rows = ["file,case", "0.png,a_1_x", "1.png,a_1_y", "2.png,b_1"]
            (data / "manifest.csv").write_text("\n".join(rows) + "\n")
            for name, labelled in (("0.png", half), ("1.png", whole), ("2.png", half)):
                write(data / "lesion" / name, labelled)
            # "33" is the second half of a 2 x 3 mask's columns; the second of these is below the limit.
            found = [{"class": "lesion", "score": 0.9, "mask": {"size": [2, 3], "counts": "33"}}]
            below = [{**found[0], "score": 0.3}]
            slices = [{"name": "0.png", "found": found}, {"name": "1.png", "found": below}, {"name": "2.png", "found": []}]
            (part / "predictions.json").write_text(json.dumps({"slices": slices}))
            worst = [(wrong, name, patient) for wrong, name, patient, *_ in worst_slices.worst(data, [part])]
        self.assertEqual(worst, [(6, "1.png", "a_1"), (2, "2.png", "b_1")])


if __name__ == "__main__":
    unittest.main()
