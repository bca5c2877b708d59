"""Regenerates tests/fixtures/parity: narrow Mask R-CNNs in torchvision, their weights and every stage.

Usage, from the repository root, with torch, torchvision, numpy<2 and safetensors (tests/parity/README.md):

    python tests/parity/make_fixtures.py [--out tests/fixtures/parity]

It writes, for r50 and r101 (the real block counts, an eighth of the width):
    weights_<depth>.safetensors   torchvision's names, matrices f16 (exact: rounded before the run), vectors f32
    stages_<depth>.safetensors    every stage of one 64x64 image, f32, computed in f64 (names in tests/parity/README.md)
and:
    roi_align.safetensors         MultiScaleRoIAlign and roi_align on random boxes and odd feature sizes
    fold.safetensors              a convolution, its BatchNorm, an input and the output
    semantic.safetensors          LungLens's semantic head (train/lunglens_train/network.py) on stages_r50's p2

Weights are random (fixed seeds), with BatchNorm statistics of real activations, and heads scaled so that scores
spread. A seed is taken only if noise of 1e-4 on the logits and deltas leaves proposals and detections the same,
so that a test may ask for the same detections.
"""

import argparse
import math
import sys
from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.resnet import Bottleneck, ResNet
from torchvision.ops import MultiScaleRoIAlign, roi_align

from stages import check_against_forward, collect, save

sys.path.insert(0, str(Path(__file__).parents[2] / "train"))
from lunglens_train.network import SemanticHead  # noqa: E402

BLOCKS = {"r50": [3, 4, 6, 3], "r101": [3, 4, 23, 3]}
WIDTH = 8
FPN_CHANNELS = 16
REPRESENTATION = 32
CLASSES = 3
SIZE = 64
ANCHORS = (8, 16, 32, 64, 128)
RATIOS = (0.5, 1.0, 2.0)
PROPOSALS = 20
DETECTIONS = 10


class NarrowResNet(ResNet):
    """torchvision's ResNet with a stem of `width` channels; parameter names unchanged."""

    def __init__(self, blocks, width):
        nn.Module.__init__(self)
        self._norm_layer = nn.BatchNorm2d
        self.inplanes = width
        self.dilation = 1
        self.groups = 1
        self.base_width = 64
        self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = self._make_layer(Bottleneck, width, blocks[0])
        self.layer2 = self._make_layer(Bottleneck, width * 2, blocks[1], stride=2)
        self.layer3 = self._make_layer(Bottleneck, width * 4, blocks[2], stride=2)
        self.layer4 = self._make_layer(Bottleneck, width * 8, blocks[3], stride=2)


def build(blocks):
    """A narrow MaskRCNN without torchvision's resizing and normalisation."""
    layers = {"layer1": "0", "layer2": "1", "layer3": "2", "layer4": "3"}
    channels = [WIDTH * 4 * 2**i for i in range(4)]
    backbone = BackboneWithFPN(NarrowResNet(blocks, WIDTH), layers, channels, FPN_CHANNELS)
    return MaskRCNN(
        backbone,
        num_classes=None,
        min_size=SIZE,
        max_size=SIZE,
        image_mean=[0.0] * 3,
        image_std=[1.0] * 3,
        rpn_anchor_generator=AnchorGenerator(tuple((a,) for a in ANCHORS), (RATIOS,) * len(ANCHORS)),
        rpn_pre_nms_top_n_test=100,
        rpn_post_nms_top_n_test=PROPOSALS,
        box_head=TwoMLPHead(FPN_CHANNELS * 49, REPRESENTATION),
        box_predictor=FastRCNNPredictor(REPRESENTATION, CLASSES),
        box_detections_per_img=DETECTIONS,
        mask_head=MaskRCNNHeads(FPN_CHANNELS, (FPN_CHANNELS,) * 4, 1),
        mask_predictor=MaskRCNNPredictor(FPN_CHANNELS, FPN_CHANNELS, CLASSES),
    )


def picture(generator):
    """A grey image of smooth blobs and fine noise, 0 to 1, on three equal channels."""
    coarse = torch.rand(1, 1, 8, 8, generator=generator)
    smooth = nn.functional.interpolate(coarse, size=(SIZE, SIZE), mode="bilinear", align_corners=False)
    noise = torch.rand(1, 1, SIZE, SIZE, generator=generator)
    return (0.7 * smooth + 0.3 * noise).repeat(1, 3, 1, 1)


@torch.no_grad()
def randomise(model, generator):
    """Fills every weight so that activations stay near 1, BatchNorm statistics included."""
    for name, module in model.named_modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            fan_in = module.weight[0].numel()
            gain = 1.0 if "fpn" in name or "predictor" in name or "rpn.head.cls" in name else math.sqrt(2.0)
            module.weight.copy_(torch.randn(module.weight.shape, generator=generator) * gain / math.sqrt(fan_in))
            if module.bias is not None:
                module.bias.copy_(torch.randn(module.bias.shape, generator=generator) * 0.1)
        elif isinstance(module, nn.ConvTranspose2d):
            fan_in = module.weight.shape[0]
            module.weight.copy_(torch.randn(module.weight.shape, generator=generator) * math.sqrt(2.0 / fan_in))
            module.bias.copy_(torch.randn(module.bias.shape, generator=generator) * 0.1)
        elif isinstance(module, nn.BatchNorm2d):
            # The last normalisation of a block is small, so that 33 residual sums do not grow.
            scale = 0.15 if name.endswith("bn3") else 1.0
            module.weight.copy_(scale * (0.5 + torch.rand(module.weight.shape, generator=generator)))
            module.bias.copy_(torch.randn(module.bias.shape, generator=generator) * 0.2)
            module.momentum = None

    model.backbone.body.train()
    for _ in range(4):
        model.backbone.body(torch.cat([picture(generator) for _ in range(8)]))
    model.eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.add_(torch.randn(module.running_mean.shape, generator=generator) * 0.05)
            module.running_var.mul_(0.8 + 0.4 * torch.rand(module.running_var.shape, generator=generator))


@torch.no_grad()
def spread(module, outputs, std):
    """Rescales the last layer `module` so that `outputs` (its output, channels last) get mean 0 and `std`."""
    deviation = outputs.reshape(-1, outputs.shape[-1]).std(0).clamp(min=1e-3)
    scale = torch.as_tensor(std) / deviation
    shape = (-1,) + (1,) * (module.weight.dim() - 1)
    mean = outputs.reshape(-1, outputs.shape[-1]).mean(0) - module.bias
    module.weight.mul_(scale.reshape(shape))
    module.bias.copy_(-mean * scale)


@torch.no_grad()
def spread_heads(model, image):
    """Scales the four last layers on `image`, so that scores and boxes differ from place to place."""
    features = model.backbone(image)
    logits, deltas = model.rpn.head(list(features.values()))
    flat = lambda maps: torch.cat([m.permute(0, 2, 3, 1).reshape(-1, m.shape[1]) for m in maps])
    spread(model.rpn.head.cls_logits, flat(logits), [2.0] * 3)
    spread(model.rpn.head.bbox_pred, flat(deltas), [0.3] * 12)
    proposals, _ = model.rpn(ImageList(image, [(SIZE, SIZE)]), features)
    heads = model.roi_heads
    box_head = heads.box_head(heads.box_roi_pool(features, proposals, [(SIZE, SIZE)]))
    class_logits, box_regression = heads.box_predictor(box_head)
    spread(heads.box_predictor.cls_score, class_logits, [2.5] * CLASSES)
    spread(heads.box_predictor.bbox_pred, box_regression, [1.0, 1.0, 0.5, 0.5] * CLASSES)
    masks = heads.mask_predictor(heads.mask_head(heads.mask_roi_pool(features, proposals, [(SIZE, SIZE)])))
    spread(heads.mask_predictor.mask_fcn_logits, masks.permute(0, 2, 3, 1), [2.0] * CLASSES)


@torch.no_grad()
def round_matrices(model):
    """Rounds every matrix to f16, so that the stored weights are exactly those that ran."""
    for parameter in model.parameters():
        if parameter.dim() > 1:
            parameter.copy_(parameter.half().float())


def stored(model):
    """The state dict as it is shipped: matrices f16, vectors f32, no batch counters."""
    out = OrderedDict()
    for name, tensor in model.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            out[name] = tensor.half() if tensor.dim() > 1 else tensor.float()
    return out


@torch.no_grad()
def decisions(model, stages, generator, noise):
    """Proposals and labels after relative noise on what the decisions are made from, as a comparable value."""

    def shake(t):
        return t + noise * t.abs().max() * (2 * torch.rand(t.shape, generator=generator) - 1)

    rpn, heads, size = model.rpn, model.roi_heads, (SIZE, SIZE)
    saved = rpn.head
    logits = [shake(stages[f"rpn_logits_p{i}"]) for i in range(2, 7)]
    deltas = [shake(stages[f"rpn_deltas_p{i}"]) for i in range(2, 7)]
    features = OrderedDict((str(i), stages[f"p{i}"]) for i in range(2, 7))

    class Fixed(nn.Module):
        def forward(self, _):
            return logits, deltas

    rpn.head = Fixed()
    proposals, _ = rpn(ImageList(stages["input"], [size]), features)
    rpn.head = saved
    boxes, _, labels = heads.postprocess_detections(
        shake(stages["class_logits"]), shake(stages["box_regression"]), [stages["proposals"]], [size]
    )
    return proposals[0], boxes[0], labels[0]


def stable(model, stages):
    """Whether small noise leaves the proposals and the detections in place, with enough of both to test."""
    labels = stages["detection_labels"]
    scores = stages["detection_scores"]
    if len(stages["proposals"]) != PROPOSALS or not 6 <= len(labels) <= DETECTIONS or len(labels.unique()) < 2:
        return False
    if (scores[:-1] - scores[1:]).min() < 2e-3 or scores.max() - scores.min() < 0.3:
        return False
    sides = stages["detection_boxes"][:, 2:] - stages["detection_boxes"][:, :2]
    if sides.min() < 2:
        return False
    generator = torch.Generator().manual_seed(1)
    for _ in range(40):
        proposals, boxes, noisy = decisions(model, stages, generator, 1e-4)
        if proposals.shape != stages["proposals"].shape or noisy.shape != labels.shape:
            return False
        if (proposals - stages["proposals"]).abs().max() > 0.1 or not torch.equal(noisy.float(), labels):
            return False
        if (boxes - stages["detection_boxes"]).abs().max() > 0.1:
            return False
    return True


def relative(got, want):
    """The largest difference over the largest magnitude; infinite where the shapes differ."""
    if got.shape != want.shape:
        return math.inf
    return ((got - want).abs().max() / want.abs().max()).item()


def make_depth(depth, out):
    """Finds a stable seed for `depth` and writes its weights and stages."""
    for seed in range(1000):
        generator = torch.Generator().manual_seed(seed)
        torch.manual_seed(seed)
        model = build(BLOCKS[depth]).eval()
        randomise(model, generator)
        image = picture(generator)
        round_matrices(model)
        spread_heads(model, image)
        round_matrices(model)
        stages = collect(model, image)
        if not stable(model, stages):
            continue
        check_against_forward(model, image, stages)
        # The reference is f64, so that a test measures its own rounding only.
        exact = collect(model.double(), image.double())
        errors = {name: relative(stages[name], exact[name]) for name in stages}
        if max(errors.values()) < 1e-5:
            break
    else:
        raise SystemExit(f"no stable seed for {depth}")
    print(f"{depth}: seed {seed}, scores {[round(s, 4) for s in stages['detection_scores'].tolist()]}")
    for name, value in stages.items():
        print(f"  {name:20} {str(list(value.shape)):20} std {value.std():.3f}  f32 against f64 {errors[name]:.1e}")
    # .double() changed the model in place; f16 and f32 values survive it exactly.
    save(stored(model), out / f"weights_{depth}.safetensors", {"seed": str(seed)})
    exact = OrderedDict((name, value.float()) for name, value in exact.items())
    save(exact, out / f"stages_{depth}.safetensors", {"seed": str(seed)})


def make_roi_align(out):
    """RoIAlign on one odd map and over a pyramid of a 480x500 image: tiny, huge, outside and reversed boxes."""
    generator = torch.Generator().manual_seed(7)
    rand = lambda *shape: torch.rand(*shape, generator=generator)
    feature = torch.randn(1, 3, 13, 17, generator=generator)
    corner = rand(24, 2) * torch.tensor([70.0, 52.0]) - 4
    boxes = torch.cat([corner, corner + rand(24, 2) * torch.tensor([50.0, 40.0])], 1)
    boxes[0] = torch.tensor([0.0, 0.0, 68.0, 52.0])
    boxes[1] = torch.tensor([-30.0, -30.0, 120.0, 90.0])
    boxes[2] = torch.tensor([10.0, 10.0, 10.0, 10.0])
    boxes[3] = torch.tensor([20.0, 20.0, 10.0, 12.0])
    boxes[4] = torch.tensor([200.0, 200.0, 260.0, 240.0])
    tensors = OrderedDict(feature=feature, boxes=boxes)
    for pooled in (7, 14):
        tensors[f"aligned_{pooled}"] = roi_align(feature, [boxes], pooled, 0.25, 2, False)

    size = (480, 500)
    pyramid = OrderedDict()
    for i in range(4):
        stride = 4 * 2**i
        shape = (1, 2, math.ceil(size[0] / stride), math.ceil(size[1] / stride))
        pyramid[str(i)] = torch.randn(shape, generator=generator)
        tensors[f"pyramid_p{i + 2}"] = pyramid[str(i)]
    side = 2 ** (2 + 6.9 * rand(32, 1))
    aspect = 2 ** (rand(32, 1) - 0.5)
    half = torch.cat([side * aspect, side / aspect], 1) / 2
    centre = rand(32, 2) * torch.tensor([500.0, 480.0])
    limit = torch.tensor([500.0, 480.0])
    low, high = (centre - half).clamp(min=0), torch.minimum(centre + half, limit)
    rois = torch.cat([low, high], 1)
    rois[0] = torch.tensor([0.0, 0.0, 500.0, 480.0])
    rois[1] = torch.tensor([2.0, 3.0, 226.0, 227.0])  # exactly 224: the border between the levels
    tensors["pyramid_boxes"] = rois
    pool = MultiScaleRoIAlign(["0", "1", "2", "3"], 7, 2)
    tensors["pyramid_7"] = pool(pyramid, [rois], [size])
    levels = torch.floor(4 + torch.log2(((rois[:, 2:] - rois[:, :2]).prod(1).sqrt()) / 224) + 1e-6).clamp(2, 5)
    assert levels.unique().tolist() == [2, 3, 4, 5], levels
    tensors["pyramid_levels"] = levels
    save(tensors, out / "roi_align.safetensors", {"settings": "scale 0.25, sampling ratio 2, aligned false"})


@torch.no_grad()
def make_fold(out):
    """A convolution and its BatchNorm, for the folding test."""
    generator = torch.Generator().manual_seed(11)
    conv, norm = nn.Conv2d(5, 7, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(7).eval()
    conv.weight.copy_(torch.randn(conv.weight.shape, generator=generator))
    norm.weight.copy_(torch.randn(7, generator=generator))
    norm.bias.copy_(torch.randn(7, generator=generator))
    norm.running_mean.copy_(torch.randn(7, generator=generator))
    # One variance is as small as eps, so that a wrong eps shows.
    norm.running_var.copy_(torch.rand(7, generator=generator) + 0.1)
    norm.running_var[0] = 1e-5
    image = torch.randn(1, 5, 9, 11, generator=generator)
    tensors = OrderedDict(input=image, output=norm(conv(image)))
    tensors["backbone.body.conv1.weight"] = conv.weight
    for name, tensor in norm.state_dict().items():
        if name != "num_batches_tracked":
            tensors[f"backbone.body.bn1.{name}"] = tensor
    save(tensors, out / "fold.safetensors", {"settings": "stride 2, padding 1"})


@torch.no_grad()
def make_semantic(out):
    """A semantic head of 8 channels at random, and its logits of the narrow ResNet-50's P2."""
    generator = torch.Generator().manual_seed(13)
    head = SemanticHead(FPN_CHANNELS, 8)
    tensors = OrderedDict()
    for name, parameter in head.named_parameters():
        fan_in = parameter[0].numel() if parameter.dim() > 1 else 100
        value = (torch.randn(parameter.shape, generator=generator) * math.sqrt(2 / fan_in)).half()
        parameter.copy_(value)
        tensors[f"semantic_head.{name}"] = value if parameter.dim() > 1 else value.float()
    p2 = load_file(out / "stages_r50.safetensors")["p2"]
    tensors["logits"] = head.double()(p2.double()).float()
    save(tensors, out / "semantic.safetensors", {"settings": "three 3x3 convolutions with ReLU, then 1x1"})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "fixtures" / "parity")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    for depth in BLOCKS:
        make_depth(depth, arguments.out)
    make_roi_align(arguments.out)
    make_fold(arguments.out)
    make_semantic(arguments.out)


if __name__ == "__main__":
    main()
