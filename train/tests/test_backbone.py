"""Which blocks of a deeper body are kept. Run: python -m unittest discover -s train/tests -t train"""

import unittest

import torch

from lunglens_train import backbone


class Cut(unittest.TestCase):
    def test_each_depth_is_cut_from_a_deeper_one(self):
        sizes = {"layer1": 3, "layer2": 8, "layer3": 36, "layer4": 3}
        whole = {f"{layer}.{i}.x": torch.tensor(i) for layer, count in sizes.items() for i in range(count)} | {"conv1.weight": torch.tensor(9)}
        kept = lambda state, layer: [int(v) for k, v in state.items() if k.startswith(layer)]
        r101 = backbone.cut(whole, 101)
        self.assertEqual((len(kept(r101, "layer3")), kept(r101, "layer2")), (23, [0, 1, 2, 5]))
        r50 = backbone.cut(whole, 50)
        self.assertEqual(kept(r50, "layer3"), [0, 6, 14, 21, 29, 35])
        self.assertEqual([k for k in r50 if k.startswith("layer3")], [f"layer3.{i}.x" for i in range(6)])
        self.assertEqual(backbone.cut(r101, 50), r50)
        self.assertEqual(backbone.cut(r101, 101), r101)
        self.assertEqual(backbone.cut(r50, 50), r50)


if __name__ == "__main__":
    unittest.main()
