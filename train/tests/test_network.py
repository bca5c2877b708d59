"""The batched losses against torchvision's own parts. Run: python -m unittest discover -s train/tests -t train"""

import unittest

import torch
import torch.nn.functional as F
from torchvision.models.detection._utils import BoxCoder
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import nms

from lunglens_train import llw, network


def boxes(count, size, seed):
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=generator) * size * 0.7
    side = torch.rand(count, 2, generator=generator) * size * 0.28 + 3
    return torch.cat((corner, corner + side), 1)


class Parts(unittest.TestCase):
    def test_box_coder(self):
        reference, true = boxes(50, 300, 0), boxes(50, 300, 1)
        for weights in ((1.0,) * 4, (10.0, 10.0, 5.0, 5.0)):
            coder = BoxCoder(weights)
            want = coder.encode_single(true, reference)
            got = network.encode(true, reference, weights)
            self.assertLess((want - got).abs().max(), 1e-4)
            back = coder.decode_single(want, reference)
            self.assertLess((back - network.decode(got, reference, weights)).abs().max(), 1e-2)

    def test_nms(self):
        for seed in range(5):
            found, scores = boxes(200, 200, seed), torch.rand(200, generator=torch.Generator().manual_seed(seed)).sort(descending=True)[0]
            keep = network.nms_batch(found[None], 0.5)[0]
            self.assertEqual(keep.nonzero().squeeze(1).tolist(), sorted(nms(found, scores, 0.5).tolist()))

    def test_sample(self):
        positive = torch.zeros(3, 100, dtype=torch.bool)
        positive[0, :40], positive[1, :2] = True, True
        chosen, rest = network.sample(positive, ~positive, 32, 8)
        self.assertEqual(chosen.sum(1).tolist(), [8, 2, 0])
        self.assertEqual(rest.sum(1).tolist(), [24, 30, 32])
        self.assertFalse((chosen & ~positive).any() or (rest & positive).any())


class GoOn(unittest.TestCase):
    def test_weights_of_another_run(self):
        first = network.build(50, 64)
        again = network.build(50, 64, anchor_sizes=(8, 16, 32, 64, 128))
        network.go_on_from(again, first.state_dict())
        self.assertTrue(all(torch.equal(a, b) for a, b in zip(first.state_dict().values(), again.state_dict().values())))

    def test_a_finer_mask_head_takes_what_it_can(self):
        first, finer = network.build(50, 64), network.build(50, 64, mask_side=56)
        new = finer.roi_heads.mask_predictor[2].weight.clone()
        network.go_on_from(finer, first.state_dict())
        self.assertTrue(torch.equal(finer.roi_heads.mask_predictor[0].weight, first.roi_heads.mask_predictor.conv5_mask.weight))
        self.assertTrue(torch.equal(finer.roi_heads.mask_predictor[2].weight, new))

    def test_a_name_that_the_model_does_not_know(self):
        model = network.build(50, 64)
        with self.assertRaises(ValueError):
            network.go_on_from(model, model.state_dict() | {"other.weight": torch.zeros(1)})


class Semantic(unittest.TestCase):
    def test_loss_by_hand(self):
        logits = torch.randn(2, 2, 2, 3, generator=torch.Generator().manual_seed(3))
        masks = torch.zeros(2, 3, 8, 12, dtype=torch.bool)
        # A lesion over half of a cell, a lung beside and under it; the second picture's lung is not labelled.
        masks[0, 0, 0:4, 2:4], masks[0, 1, 0:8, 0:8], masks[1, 2, 4:8, 4:12] = True, True, True
        labels = torch.tensor([[network.LESION, network.LUNG, network.LESION]] * 2)
        got = network.semantic_loss(logits, masks, labels, torch.tensor([True, False]))
        lesion = torch.tensor([[[0.5, 0, 0], [0, 0, 0]], [[0, 0, 0], [0, 1.0, 1]]])
        lung = torch.tensor([[[1.0, 1, 0], [1, 1, 0]]])
        want = 0.0
        for found, truth in ((logits[:, 0], lesion), (logits[:1, 1], lung)):
            p = found.sigmoid()
            cross = -(truth * p.log() + (1 - truth) * (1 - p).log()).mean()
            want += cross + 1 - (2 * (p * truth).sum() + 1) / (p.sum() + truth.sum() + 1)
        self.assertAlmostEqual(float(got), float(want) / 2, places=5)

    def test_training_reaches_it_and_inference_leaves_it_alone(self):
        torch.manual_seed(0)
        model = network.build(50, 64, semantic=True)
        plain = network.build(50, 64)
        plain.load_state_dict({k: v for k, v in model.state_dict().items() if "semantic" not in k})
        image = torch.rand(3, 64, 64)
        with torch.no_grad():
            found, same = model.eval()([image])[0], plain.eval()([image])[0]
        self.assertTrue(torch.equal(found["boxes"], same["boxes"]))
        model.train()
        masks = torch.zeros(1, 2, 64, 64, dtype=torch.bool)
        masks[0, 0, 8:30, 8:30], masks[0, 1, 4:60, 4:40] = True, True
        given = torch.tensor([[[8.0, 8, 30, 30], [4, 4, 40, 60]]]), torch.tensor([[network.LESION, network.LUNG]])
        trainer = network.Trainer(model, 64, semantic=1.0)
        losses = trainer(image[None, :1], *given, torch.ones(1, 2, dtype=torch.bool), masks, torch.ones(1, dtype=torch.bool))
        losses["semantic"].backward()
        self.assertTrue(all(p.grad.abs().max() > 0 for p in model.semantic_head.parameters()))


class Packed(unittest.TestCase):
    def test_unfolding_changes_nothing_but_the_scale_of_weights(self):
        torch.manual_seed(0)
        model, original = network.build(50, 64), network.build(50, 64)
        tensors = {}
        for name, value in original.state_dict().items():
            if name.endswith(("weight", "bias")) and ".bn" not in name and "downsample.1" not in name:
                tensors[name] = value.numpy()
        for name, module in original.named_modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                parent, _, leaf = name.rpartition(".")
                tensors[f"{parent}.{llw.NORMS[leaf]}.bias"] = torch.randn(module.num_features).mul(0.1).numpy()
        llw.load_folded(model, tensors)
        images = torch.rand(8, 3, 64, 64)
        body = {k.removeprefix("backbone.body."): 3 * v for k, v in original.state_dict().items() if k.startswith("backbone.body.")}
        with torch.no_grad():
            before = model.eval().backbone(images)
            llw.unfold(model, images, body)
            after = model.eval().backbone(images)
        for level in before:
            self.assertLess(float((before[level] - after[level]).abs().max() / before[level].abs().max()), 1e-4)
        magnitude = lambda m: m.backbone.body.layer3[1].conv2.weight.square().mean().sqrt()
        self.assertAlmostEqual(float(magnitude(model) / magnitude(original)), 3.0, places=3)
        # What a batch of the same pictures is normalised by is what was written down.
        norm, seen = model.backbone.body.layer2[0].bn1, []
        norm.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        with torch.no_grad():
            model.backbone(images)
        self.assertLess(float((seen[0].mean((0, 2, 3)) - norm.running_mean).abs().max()), 1e-4)


class Losses(unittest.TestCase):
    """With every anchor and every candidate drawn, the losses must be torchvision's."""

    @classmethod
    def setUpClass(cls):
        torch.manual_seed(0)
        cls.size = 128
        cls.model = network.build(50, cls.size)
        cls.images = torch.rand(2, 1, cls.size, cls.size)
        cls.boxes = torch.stack((boxes(3, cls.size, 5), boxes(3, cls.size, 6)))
        cls.labels = torch.tensor([[1, 2, 1], [2, 1, 1]])
        cls.valid = torch.tensor([[True, True, True], [True, True, False]])
        at = torch.arange(cls.size) + 0.5
        x, y = at[None, None, None], at[None, None, :, None]
        edge = lambda i: cls.boxes[..., i, None, None]
        cls.masks = (x > edge(0)) & (x < edge(2)) & (y > edge(1)) & (y < edge(3)) & ((x + y) % 7 > 2)
        cls.targets = [
            {"boxes": b[v], "labels": l[v], "masks": m[v].to(torch.uint8)}
            for b, l, m, v in zip(cls.boxes, cls.labels, cls.masks, cls.valid)
        ]
        cls.model.train()

    def test_anchors(self):
        with torch.no_grad():
            features = list(self.model.backbone(self.images.expand(-1, 3, -1, -1)).values())
        want = self.model.rpn.anchor_generator(ImageList(self.images, [(self.size,) * 2] * 2), features)[0]
        self.assertTrue(torch.equal(want, torch.cat(network.anchors(self.model, self.size, "cpu"))))

    def test_rpn(self):
        count = sum(len(a) for a in network.anchors(self.model, self.size, "cpu"))
        logits, deltas = torch.randn(2, count), torch.randn(2, count, 4)
        trainer = network.Trainer(self.model, self.size)
        everything = network.sample
        try:
            network.sample = lambda positive, negative, *_: (positive, negative)
            anchors = torch.cat(network.anchors(self.model, self.size, "cpu"))
            got = trainer.rpn_losses(logits, deltas, anchors, self.boxes, self.valid, torch.ones(2, dtype=torch.bool))
        finally:
            network.sample = everything
        rpn = self.model.rpn
        sampler, rpn.fg_bg_sampler = rpn.fg_bg_sampler, lambda labels: ([l == 1 for l in labels], [l == 0 for l in labels])
        try:
            labels, matched = rpn.assign_targets_to_anchors([anchors, anchors], self.targets)
            wanted = rpn.box_coder.encode(matched, [anchors, anchors])
            objectness, box = rpn.compute_loss(logits.reshape(-1, 1), deltas.reshape(-1, 4), labels, wanted)
        finally:
            rpn.fg_bg_sampler = sampler
        self.assertAlmostEqual(float(got["rpn_objectness"]), float(objectness), places=4)
        self.assertAlmostEqual(float(got["rpn_box"]), float(box), places=4)

    def test_heads(self):
        proposals = torch.stack((boxes(40, self.size, 8), boxes(40, self.size, 9)))
        proposals[:, :12] = self.boxes[:, [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]] + torch.rand(2, 12, 4) * 4
        with torch.no_grad():
            features = self.model.backbone(self.images.expand(-1, 3, -1, -1))
        heads = self.model.roi_heads
        trainer = network.Trainer(self.model, self.size, rois=43, positives=43, masks=43, dice=0.0)
        everything, sampler = network.sample, heads.fg_bg_sampler
        try:
            network.sample = lambda positive, negative, *_: (positive, negative)
            with torch.no_grad():
                got = trainer.head_losses(features, proposals, self.boxes, self.labels, self.valid, self.masks, torch.ones(2, dtype=torch.bool))
        finally:
            network.sample = everything
        heads.fg_bg_sampler = lambda labels: ([l > 0 for l in labels], [l == 0 for l in labels])
        try:
            with torch.no_grad():
                _, want = heads(features, list(proposals), [(self.size,) * 2] * 2, self.targets)
        finally:
            heads.fg_bg_sampler = sampler
        for mine, theirs in (("class", "loss_classifier"), ("box", "loss_box_reg"), ("mask", "loss_mask")):
            self.assertAlmostEqual(float(got[mine]), float(want[theirs]), places=3, msg=mine)

    def test_a_finer_mask_head_is_learnt_too(self):
        model = network.build(50, self.size, mask_side=56)
        losses = network.Trainer(model, self.size)(self.images, self.boxes, self.labels, self.valid, self.masks, torch.ones(2, dtype=torch.bool))
        losses["mask"].backward()
        self.assertTrue(all(p.grad.abs().max() > 0 for p in model.roi_heads.mask_predictor.parameters()))
        with torch.no_grad():
            self.assertEqual(model.roi_heads.mask_predictor(torch.rand(2, 256, 14, 14)).shape, (2, 3, 56, 56))

    def test_unlabelled_lungs_teach_nothing_about_lungs(self):
        trainer = network.Trainer(self.model, self.size)
        none = torch.zeros(2, 3, dtype=torch.bool)
        losses = trainer(self.images, self.boxes, self.labels, none, self.masks, torch.zeros(2, dtype=torch.bool))
        self.assertEqual(float(losses["rpn_objectness"]), 0.0)
        sum(losses.values()).backward()
        gradient = self.model.roi_heads.box_predictor.cls_score.bias.grad
        # Pushing "lesion" down is all that these slices may do; background and lung rise together.
        self.assertGreater(float(gradient[network.LESION]), 0)
        self.assertLess(float(gradient[0]), 0)
        self.assertLess(float(gradient[network.LUNG]), 0)


if __name__ == "__main__":
    unittest.main()
