"""Distillation and the linear probe. Run: python -m unittest discover -s train/tests -t train"""

import unittest

import numpy as np
import torch
from torch import nn

from lunglens_train import probe
from lunglens_train.data import Slice
from lunglens_train.distil import differences, distil, spreads


class Body(nn.Module):
    """Four stages of one convolution each, with strides as a ResNet's."""

    def __init__(self, seed):
        super().__init__()
        torch.manual_seed(seed)
        self.layers = nn.ModuleList(nn.Conv2d(i, o, 3, s, 1) for i, o, s in ((3, 4, 4), (4, 6, 2), (6, 6, 2), (6, 8, 2)))

    def forward(self, x):
        found = {}
        for name, layer in enumerate(self.layers):
            x = layer(x).relu()
            found[str(name)] = x
        return found


class Distil(unittest.TestCase):
    def test_a_body_is_like_itself(self):
        body, pictures = Body(0), torch.rand(2, 1, 64, 64)
        self.assertEqual([float(one) for one in differences(body, body, pictures, spreads(body, pictures))], [0.0] * 4)

    def test_the_difference_is_in_the_teachers_spread(self):
        one, other, pictures = Body(0), Body(1), torch.rand(2, 1, 64, 64)
        spread = spreads(one, pictures)
        x = pictures.expand(-1, 3, -1, -1)
        want = (((other(x)["1"] - one(x)["1"]) / spread[1]) ** 2).mean()
        self.assertAlmostEqual(float(differences(other, one, pictures, spread)[1]), float(want), places=5)

    def test_the_student_comes_nearer(self):
        student, teacher = Body(0), Body(1)
        generator = torch.Generator().manual_seed(0)
        draw = lambda size: torch.rand(4, 1, size, size, generator=generator)
        pictures = draw(64)
        spread = spreads(teacher, pictures)
        before = sum(float(one) for one in differences(student, teacher, pictures, spread))
        distil(student, teacher, draw, 60, rate=3e-3, size=64)
        after = sum(float(one) for one in differences(student, teacher, pictures, spread))
        self.assertLess(after, before / 2)


class Probe(unittest.TestCase):
    def test_lesions_that_are_bright_are_found_and_those_of_chance_are_not(self):
        random = np.random.default_rng(0)

        def chest(bright):
            lesion = np.zeros((256, 256), bool)
            for y, x in random.integers(4, 28, (6, 2)) * 8:
                lesion[y : y + 16, x : x + 16] = True
            grey = random.integers(0, 40, (256, 256)).astype(np.uint8)
            if bright:
                grey[lesion] += 150
            return Slice("a", "a", "covid", grey, lesion, np.ones_like(lesion))

        for bright, low, high in ((True, 0.95, 1.0), (False, 0.3, 0.7)):
            found = probe.probe(Body(3), [chest(bright) for _ in range(6)], [chest(bright) for _ in range(4)])
            self.assertTrue(low <= found["auc"] <= high, found)


if __name__ == "__main__":
    unittest.main()
