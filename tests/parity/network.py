"""torchvision's MaskRCNN as LungLens configures it (models/manifest.json), for the comparisons at full size."""

from torch import nn
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone

SIZE = 320
ANCHORS = (12, 24, 48, 96, 192)
RATIOS = (0.5, 1.0, 2.0)


def build(depth, size=SIZE):
    """The full-size MaskRCNN with LungLens's settings, without torchvision's normalisation."""
    return MaskRCNN(
        resnet_fpn_backbone(backbone_name=f"resnet{depth}", weights=None, norm_layer=nn.BatchNorm2d, trainable_layers=5),
        num_classes=3,
        min_size=size,
        max_size=size,
        image_mean=[0.0] * 3,
        image_std=[1.0] * 3,
        rpn_anchor_generator=AnchorGenerator(tuple((a,) for a in ANCHORS), (RATIOS,) * len(ANCHORS)),
        rpn_pre_nms_top_n_test=300,
        rpn_post_nms_top_n_test=300,
    )
