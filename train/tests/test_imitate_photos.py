"""Labels lie where the photographed slice lies. Run: python -m unittest discover -s train/tests -t train"""

import tempfile
import unittest
from pathlib import Path

import cv2
import numpy as np

import imitate_photos
from imitate_photos import KINDS, LAYERS, imitate

LONG = 480
JPEG = b"\xff\xd8\xff"


def square():
    """A grey slice with a white square, which is its lesion; all of the slice is its lung."""
    grey = np.full((128, 112), 40, np.uint8)
    grey[30:75, 50:90] = 255
    return grey, (grey > 40) * np.uint8(255), np.full(grey.shape, 255, np.uint8)


def decoded(data, how=cv2.IMREAD_COLOR):
    return cv2.imdecode(np.frombuffer(data, np.uint8), how)


def colourful(picture):
    """How far apart a pixel's channels are."""
    return np.ptp(picture.astype(int), axis=2)


def write_folder(folder, names):
    for layer, pixels in zip(LAYERS, square()):
        (folder / layer).mkdir(parents=True)
        for name in names:
            cv2.imwrite(str(folder / layer / name), pixels)
    lesion, lung = ((layer > 0).sum() for layer in square()[1:])
    lines = ["file,case,slice,lesion_px,lung_px,split", *(f"{name},a_1,{i},{lesion},{lung},val" for i, name in enumerate(names))]
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")


class Pictures(unittest.TestCase):
    def test_labels_land_where_the_slice_lands(self):
        for kind in KINDS:
            for seed in range(3):
                with self.subTest(kind=kind, seed=seed):
                    jpeg, (lesion, lung) = imitate("a.png", square(), kind, seed, LONG)
                    light = cv2.GaussianBlur(decoded(jpeg, cv2.IMREAD_GRAYSCALE), (0, 0), 1.5).astype(float)
                    self.assertEqual(lesion.shape, light.shape)
                    self.assertEqual(set(np.unique(lesion)), {0, 255})
                    inside, slice_ = lesion > 0, cv2.erode(lung, np.ones((9, 9))) > 0
                    middle = (np.median(light[inside]) + np.median(light[slice_ & ~inside])) / 2
                    white = (light > middle) & slice_
                    # Letters and the arrow are as bright; the label's own neighbourhood has none.
                    near = cv2.dilate(lesion, np.ones((25, 25))) > 0
                    overlap = (white & inside & near).sum() / ((white | inside) & near).sum()
                    self.assertGreater(overlap, 0.93)

    def test_the_whole_slice_is_in_the_picture_and_fills_it(self):
        for kind in KINDS:
            for seed in range(8):
                with self.subTest(kind=kind, seed=seed):
                    _, (lesion, lung) = imitate("a.png", square(), kind, seed, LONG)
                    self.assertEqual(max(lung.shape), LONG)
                    self.assertFalse(np.concatenate([lung[[0, -1]].ravel(), lung[:, [0, -1]].ravel()]).any())
                    wide, high = cv2.boundingRect(lung)[2:]
                    self.assertTrue(0.5 < max(wide, high) / min(lung.shape) < 1, (wide, high))
                    # Both are warped alike: their areas keep their ratio, up to perspective.
                    ratio = (lesion > 0).sum() / (lung > 0).sum() / (45 * 40 / (128 * 112))
                    self.assertTrue(0.8 < ratio < 1.25, ratio)

    def test_chance_depends_on_seed_kind_and_name(self):
        one = imitate("a.png", square(), "screen", 0, LONG)
        again = imitate("a.png", square(), "screen", 0, LONG)
        self.assertEqual(one[0], again[0])
        np.testing.assert_array_equal(one[1], again[1])
        others = [imitate(*given, LONG)[0] for given in (("b.png", square(), "screen", 0), ("a.png", square(), "screen", 1))]
        self.assertEqual(len({one[0], *others}), 3)

    def test_photos_are_tinted_and_screenshots_have_coloured_letters(self):
        for seed in range(3):
            for kind in ("screen", "film"):
                spread = colourful(decoded(imitate("a.png", square(), kind, seed, LONG)[0]))
                self.assertGreater((spread > 8).mean(), 0.2, (kind, seed))
            spread = colourful(decoded(imitate("a.png", square(), "screenshot", seed, LONG)[0]))
            self.assertTrue(0.0005 < (spread > 60).mean() < 0.05, seed)
            self.assertGreater((spread <= 8).mean(), 0.9, seed)

    def test_a_screen_has_lifted_black_and_a_film_a_bright_border(self):
        for seed in range(3):
            black = decoded(imitate("a.png", [np.zeros_like(each) for each in square()], "screen", seed, LONG)[0])
            self.assertGreater(np.median(black), 8)
            jpeg, (_, lung) = imitate("a.png", square(), "film", seed, LONG)
            film = decoded(jpeg, cv2.IMREAD_GRAYSCALE)
            self.assertGreater(np.median(film[lung == 0]), 2 * np.median(film[lung > 0]))

    def test_stripes_of_pixels_are_even_on_average_and_coloured(self):
        light = imitate_photos.stripes(np.diag([0.29, 0.29, 1.0]), (400, 300), 0.5)
        np.testing.assert_allclose(light.mean((0, 1)), 1, atol=0.01)
        self.assertGreater(np.ptp(light, axis=2).mean(), 0.5)
        # Out of focus they vanish.
        np.testing.assert_allclose(imitate_photos.stripes(np.diag([0.29, 0.29, 1.0]), (400, 300), 4.0), 1, atol=0.01)


class Folders(unittest.TestCase):
    def test_the_layout_is_that_of_the_data(self):
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder) / "data"
            write_folder(data, [f"{i}.png" for i in range(6)])
            for kind in KINDS:
                out, grey = Path(folder) / kind, Path(folder) / f"{kind}-grey"
                imitate_photos.main(data, out, kind, limit=3, long_side=LONG)
                imitate_photos.main(data, grey, kind, limit=3, long_side=LONG, grey=True)
                header, *lines = (out / "manifest.csv").read_text().splitlines()
                self.assertEqual(header, (data / "manifest.csv").read_text().splitlines()[0])
                self.assertEqual([line.split(",")[0] for line in lines], ["0.png", "2.png", "4.png"])
                for line in lines:
                    name, _, _, lesion_px, lung_px, _ = line.split(",")
                    self.assertEqual((out / "ct" / name).read_bytes()[:3], JPEG)
                    picture = decoded((out / "ct" / name).read_bytes())
                    for layer, counted in (("lesion", lesion_px), ("lung", lung_px)):
                        mask = cv2.imread(str(out / layer / name), cv2.IMREAD_UNCHANGED)
                        self.assertEqual(mask.shape, picture.shape[:2])
                        self.assertEqual(str((mask > 127).sum()), counted)
                    same = decoded((grey / "ct" / name).read_bytes(), cv2.IMREAD_UNCHANGED)
                    np.testing.assert_array_equal(same, cv2.imread(str(out / "ct" / name), cv2.IMREAD_GRAYSCALE))

    def test_clean_slices_are_the_same_files(self):
        with tempfile.TemporaryDirectory() as folder:
            data, out = Path(folder) / "data", Path(folder) / "clean"
            write_folder(data, ["0.png", "1.png"])
            imitate_photos.main(data, out, None)
            for path in ("manifest.csv", *(f"{layer}/{name}.png" for layer in LAYERS for name in (0, 1))):
                self.assertEqual((out / path).read_bytes(), (data / path).read_bytes(), path)


if __name__ == "__main__":
    unittest.main()
