"""torchvision's MaskRCNN with LungLens's settings, and its training losses over whole batches.

torchvision trains image by image, with many small launches. Here the same matching, sampling and losses (torchvision's
`rpn.py`, `roi_heads.py`) run on tensors of fixed size for the whole batch, so that a GPU is kept busy.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
from torchvision.ops import roi_align

SIZE = 320
ANCHOR_SIZES = (12, 24, 48, 96, 192)
RATIOS = (0.5, 1.0, 2.0)
LEVELS = ("0", "1", "2", "3", "pool")
STRIDES = (4, 8, 16, 32, 64)
BBOX_CLAMP = math.log(1000.0 / 16)
LESION, LUNG = 1, 2


class FineMasks(nn.Sequential):
    """A mask predictor of 56 x 56: torchvision's with one more up-sampling, of half the channels."""

    def __init__(self, channels, classes):
        super().__init__(
            nn.ConvTranspose2d(channels, channels, 2, 2),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(channels, channels // 2, 2, 2),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels // 2, classes, 1),
        )
        for name, weight in self.named_parameters():
            if weight.dim() > 1:
                nn.init.kaiming_normal_(weight, mode="fan_out", nonlinearity="relu")


class SemanticHead(nn.Sequential):
    """Which pixels are lesion and which lung, as logits (B, 2, S / 4, S / 4) of the finest level of the feature pyramid. A lesion's
    pixels are lung too. After the semantic branch of Hybrid Task Cascade (doi 10.1109/CVPR.2019.00511).
    """

    def __init__(self, channels=256, width=64):
        layers = []
        for inputs in (channels, width, width):
            layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU(inplace=True)]
            nn.init.kaiming_normal_(layers[-2].weight, nonlinearity="relu")
            nn.init.zeros_(layers[-2].bias)
        super().__init__(*layers, nn.Conv2d(width, 2, 1))


def build(depth, size=SIZE, anchor_sizes=ANCHOR_SIZES, mask_side=28, semantic=False):
    """The full-size MaskRCNN with LungLens's settings, without torchvision's normalisation. `depth` is 50 or 101; `semantic` adds
    a `SemanticHead` as `semantic_head`, which torchvision's inference leaves alone.
    """
    model = MaskRCNN(
        resnet_fpn_backbone(backbone_name=f"resnet{depth}", weights=None, norm_layer=nn.BatchNorm2d, trainable_layers=5),
        num_classes=3,
        min_size=size,
        max_size=size,
        image_mean=[0.0] * 3,
        image_std=[1.0] * 3,
        rpn_anchor_generator=AnchorGenerator(tuple((a,) for a in anchor_sizes), (RATIOS,) * len(anchor_sizes)),
        rpn_pre_nms_top_n_test=300,
        rpn_post_nms_top_n_test=300,
    )
    if mask_side not in (28, 56):
        raise ValueError(f"there is no mask head of {mask_side} x {mask_side}")
    if mask_side == 56:
        model.roi_heads.mask_predictor = FineMasks(256, 3)
    if semantic:
        model.semantic_head = SemanticHead()
    return model


def has_semantic_head(weights):
    """Whether a checkpoint's names are those of a model with a `SemanticHead`."""
    return any(name.startswith("semantic_head.") for name in weights)


def go_on_from(model, weights):
    """Loads `weights` (torchvision's names) into a model of `build`. Layers that they lack, such as the last of a finer mask head, stay
    as they are; a name or shape that the model does not know is an error.
    """
    if isinstance(model.roi_heads.mask_predictor, FineMasks):
        predictor = "roi_heads.mask_predictor."
        weights = {k.replace(f"{predictor}conv5_mask.", f"{predictor}0."): v for k, v in weights.items() if f"{predictor}mask_fcn_logits" not in k}
    report = model.load_state_dict(weights, strict=False)
    if report.unexpected_keys:
        raise ValueError(f"unexpected {report.unexpected_keys}")


def anchors(model, size, device):
    """Anchors of a `size` x `size` image, one tensor (A, 4) a level, as torchvision orders them."""
    generator = model.rpn.anchor_generator
    levels = []
    for cell, stride in zip(generator.cell_anchors, STRIDES):
        side = -(-size // stride)
        shifts = torch.arange(side, device=device, dtype=torch.float32) * (size // side)
        y, x = torch.meshgrid(shifts, shifts, indexing="ij")
        shift = torch.stack((x.reshape(-1), y.reshape(-1), x.reshape(-1), y.reshape(-1)), 1)
        levels.append((shift[:, None] + cell.to(device)[None]).reshape(-1, 4))
    return levels


def encode(boxes, reference, weights):
    """Regression targets of `boxes` against `reference`, both (..., 4) as x1 y1 x2 y2 (torchvision's BoxCoder)."""
    rw, rh = (reference[..., 2] - reference[..., 0]).clamp(min=1e-3), (reference[..., 3] - reference[..., 1]).clamp(min=1e-3)
    rx, ry = reference[..., 0] + rw / 2, reference[..., 1] + rh / 2
    w, h = (boxes[..., 2] - boxes[..., 0]).clamp(min=1e-3), (boxes[..., 3] - boxes[..., 1]).clamp(min=1e-3)
    x, y = boxes[..., 0] + w / 2, boxes[..., 1] + h / 2
    wx, wy, ww, wh = weights
    return torch.stack((wx * (x - rx) / rw, wy * (y - ry) / rh, ww * torch.log(w / rw), wh * torch.log(h / rh)), -1)


def decode(deltas, reference, weights):
    """The boxes that `deltas` make of `reference`; the inverse of `encode`, with torchvision's clamp."""
    w, h = reference[..., 2] - reference[..., 0], reference[..., 3] - reference[..., 1]
    x, y = reference[..., 0] + w / 2, reference[..., 1] + h / 2
    dx, dy, dw, dh = (deltas[..., i] / weights[i] for i in range(4))
    dw, dh = dw.clamp(max=BBOX_CLAMP), dh.clamp(max=BBOX_CLAMP)
    x, y, w, h = x + dx * w, y + dy * h, w * dw.exp(), h * dh.exp()
    return torch.stack((x - w / 2, y - h / 2, x + w / 2, y + h / 2), -1)


def iou_batch(a, b):
    """IoU of (B, N, 4) and (B, M, 4) as (B, N, M)."""
    low = torch.maximum(a[:, :, None, :2], b[:, None, :, :2])
    high = torch.minimum(a[:, :, None, 2:], b[:, None, :, 2:])
    inter = (high - low).clamp(min=0).prod(-1)
    area = lambda t: (t[..., 2] - t[..., 0]).clamp(min=0) * (t[..., 3] - t[..., 1]).clamp(min=0)
    return inter / (area(a)[:, :, None] + area(b)[:, None] - inter).clamp(min=1e-6)


def nms_batch(boxes, threshold, rounds=12):
    """Which of (B, N, 4) boxes, sorted by falling score, greedy suppression keeps.

    A fixed number of rounds of parallel suppression: exact for chains of up to `rounds` boxes, which is enough to train.
    """
    over = torch.triu(iou_batch(boxes, boxes) > threshold, diagonal=1)
    keep = torch.ones(boxes.shape[:2], dtype=torch.bool, device=boxes.device)
    for _ in range(rounds):
        keep = ~(over & keep[:, :, None]).any(1)
    return keep


def sample(positive, negative, total, positives):
    """Draws up to `positives` of `positive` and fills to `total` from `negative`, both (B, N) masks; a (B, N) mask each."""
    def draw(mask, limit):
        keys = torch.where(mask, torch.rand(mask.shape, device=mask.device), -torch.ones((), device=mask.device))
        order = keys.argsort(1, descending=True).argsort(1)
        return mask & (order < limit)

    chosen = draw(positive, positives)
    left = total - chosen.sum(1, keepdim=True)
    return chosen, draw(negative, left)


def smooth_l1(difference, beta=1 / 9):
    """torchvision's smooth L1, summed over the last axis."""
    size = difference.abs()
    return torch.where(size < beta, 0.5 * size * size / beta, size - 0.5 * beta).sum(-1)


def semantic_loss(logits, masks, labels, lungs_labelled):
    """Mean cross-entropy and Dice loss of a `SemanticHead`'s logits (B, 2, h, w); the rest as in `Trainer.forward`. The targets are the
    shares of each class in the pixels of the logits.
    """
    side = masks.shape[-1] // logits.shape[-1]
    of = lambda label: (masks & (labels == label)[..., None, None]).any(1)
    want = F.avg_pool2d(torch.stack((of(LESION), of(LESION) | of(LUNG)), 1).float(), side)
    weight = torch.stack((torch.ones_like(lungs_labelled), lungs_labelled), 1).float()[..., None, None]
    pixels = (F.binary_cross_entropy_with_logits(logits, want, reduction="none") * weight).mean((2, 3)).sum(0) / weight.sum((0, 2, 3)).clamp(min=1)
    probability, want = logits.sigmoid() * weight, want * weight
    overlap = 2 * (probability * want).sum((0, 2, 3)) + 1
    dice = 1 - overlap / (probability.sum((0, 2, 3)) + want.sum((0, 2, 3)) + 1)
    return (pixels + dice).mean()


class Trainer(nn.Module):
    """The losses of a batch.

    `settings`: rois an image, positives among them, masks of these, proposals and anchors kept for training, weights of the Dice loss
    and of the semantic losses.
    """

    def __init__(self, model, size=SIZE, rois=128, positives=32, masks=16, proposals=300, dice=0.5, semantic=0.0):
        super().__init__()
        self.model, self.size = model, size
        self.rois, self.positives, self.masks, self.proposals, self.dice = rois, positives, masks, proposals, dice
        self.semantic = semantic

    def forward(self, images, boxes, labels, valid, masks, lungs_labelled):
        """Losses by name.

        images (B, 1 or 3, S, S) 0 to 1; boxes (B, G, 4) pixels; labels (B, G); valid (B, G) bool; masks (B, G, S, S) bool;
        lungs_labelled (B,) bool: where false, lungs are there but not labelled, and nothing is learnt about them.
        """
        model, dtype = self.model, torch.bfloat16
        with torch.autocast(images.device.type, dtype=dtype, enabled=images.is_cuda):
            features = model.backbone(images.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last))
            logits, deltas = model.rpn.head(list(features.values()))
            pixels = model.semantic_head(features["0"]) if self.semantic else None
        # (B, A, H, W) to (B, H * W * A), as torchvision's permute_and_flatten.
        logits = [t.float().permute(0, 2, 3, 1).flatten(1) for t in logits]
        deltas = [t.float().unflatten(1, (-1, 4)).permute(0, 3, 4, 1, 2).flatten(1, 3) for t in deltas]
        levels = anchors(model, self.size, images.device)
        losses = self.rpn_losses(torch.cat(logits, 1), torch.cat(deltas, 1), torch.cat(levels), boxes, valid, lungs_labelled)
        with torch.no_grad():
            proposals = self.propose(logits, deltas, levels)
        losses.update(self.head_losses(features, proposals, boxes, labels, valid, masks, lungs_labelled))
        if self.semantic:
            losses["semantic"] = self.semantic * semantic_loss(pixels.float(), masks, labels, lungs_labelled)
        return losses

    def rpn_losses(self, logits, deltas, all_anchors, boxes, valid, lungs_labelled):
        with torch.no_grad():
            iou = iou_batch(all_anchors[None].expand(len(boxes), -1, -1), boxes)
            iou = torch.where(valid[:, None], iou, -torch.ones((), device=iou.device))
            best, match = iou.max(2)
            # Each true box also takes the anchors that overlap it most (allow_low_quality_matches).
            top = iou.amax(1, keepdim=True)
            low_quality = ((iou == top) & (top > 0) & valid[:, None]).any(2)
            positive = (best >= 0.7) | low_quality
            negative = (best < 0.3) & ~low_quality & lungs_labelled[:, None]
            chosen, rest = sample(positive, negative, 256, 128)
        picked = chosen | rest
        count = picked.sum().clamp(min=1)
        objectness = F.binary_cross_entropy_with_logits(logits, chosen.float(), reduction="none")
        target = boxes.gather(1, match[..., None].expand(-1, -1, 4))
        wanted = encode(target, all_anchors[None], (1.0,) * 4)
        offset = smooth_l1(deltas - torch.where(chosen[..., None], wanted, deltas.detach()))
        return {"rpn_objectness": (objectness * picked).sum() / count, "rpn_box": (offset * chosen).sum() / count}

    def propose(self, logits, deltas, levels):
        """(B, P, 4) proposals; boxes that suppression dropped have no area."""
        found, scores = [], []
        for logit, delta, anchor in zip(logits, deltas, levels):
            count = min(self.proposals, logit.shape[1])
            score, index = logit.topk(count, 1)
            delta = delta.gather(1, index[..., None].expand(-1, -1, 4))
            box = decode(delta, anchor[index], (1.0,) * 4).clamp(0, self.size)
            keep = nms_batch(box, 0.7)
            found.append(box)
            scores.append(torch.where(keep, score, torch.full((), -1e9, device=score.device)))
        found, scores = torch.cat(found, 1), torch.cat(scores, 1)
        top, index = scores.topk(min(self.proposals, scores.shape[1]), 1)
        boxes = found.gather(1, index[..., None].expand(-1, -1, 4))
        return torch.where((top > -1e8)[..., None], boxes, torch.zeros((), device=boxes.device))

    def head_losses(self, features, proposals, boxes, labels, valid, masks, lungs_labelled):
        model, batch, size = self.model, len(boxes), [(self.size, self.size)]
        with torch.no_grad():
            candidates = torch.cat((proposals, torch.where(valid[..., None], boxes, torch.zeros((), device=boxes.device))), 1)
            usable = (candidates[..., 2:] - candidates[..., :2] > 0.5).all(-1)
            iou = torch.where(valid[:, None], iou_batch(candidates, boxes), -torch.ones((), device=boxes.device))
            best, match = iou.max(2)
            chosen, rest = sample(usable & (best >= 0.5), usable & (best < 0.5), self.rois, self.positives)
            # The drawn candidates first, so that each image has the same number of rois.
            order = (chosen.int() * 2 + rest.int()).sort(stable=True, dim=1, descending=True)[1][:, : self.rois]
            take = lambda t: t.gather(1, order.reshape(batch, -1, *[1] * (t.dim() - 2)).expand(-1, -1, *t.shape[2:]))
            rois, match, positive, real = take(candidates), take(match), take(chosen), take(chosen | rest)
            label = torch.where(positive, labels.gather(1, match), torch.zeros_like(match))
            target = boxes.gather(1, match[..., None].expand(-1, -1, 4))
            unknown = ~lungs_labelled[:, None].expand_as(positive)

        keys = [k for k in LEVELS if k != "pool"]
        maps = {k: features[k].float() for k in keys}
        pooled = model.roi_heads.box_roi_pool(maps, list(rois.unbind(0)), size * batch)
        with torch.autocast(pooled.device.type, dtype=torch.bfloat16, enabled=pooled.is_cuda):
            scores, offsets = model.roi_heads.box_predictor(model.roi_heads.box_head(pooled))
        scores, offsets = scores.float(), offsets.float().view(-1, 3, 4)
        label, real, positive, unknown = (t.reshape(-1) for t in (label, real, positive, unknown))
        log_p = F.log_softmax(scores, 1)
        nll = F.nll_loss(log_p, label, reduction="none")
        # Background where lungs are not labelled may be a lung: only "no lesion" is known.
        not_lesion = -torch.logsumexp(log_p[:, [0, LUNG]], 1)
        nll = torch.where(unknown & ~positive, not_lesion, nll)
        count = real.sum().clamp(min=1)
        foreground = positive.float()
        wanted = encode(target.reshape(-1, 4), rois.reshape(-1, 4), (10.0, 10.0, 5.0, 5.0))
        own = offsets.gather(1, label[:, None, None].expand(-1, 1, 4))[:, 0]
        offset = smooth_l1(own - torch.where(positive[:, None], wanted, own.detach()))
        losses = {"class": (nll * real).sum() / count, "box": (offset * foreground).sum() / count}

        # A fixed number of positives an image for the mask head; those beyond the real ones weigh nothing.
        keys = foreground.view(batch, -1) + torch.rand(batch, rois.shape[1], device=rois.device) * 0.5
        weight, index = keys.topk(min(self.masks, rois.shape[1]), 1)
        weight = (weight >= 1).float().flatten()
        mask_rois = rois.gather(1, index[..., None].expand(-1, -1, 4))
        plane = (match.gather(1, index) + torch.arange(batch, device=rois.device)[:, None] * masks.shape[1]).flatten()
        mask_label = label.view(batch, -1).gather(1, index).flatten()
        pooled = model.roi_heads.mask_roi_pool(maps, list(mask_rois.unbind(0)), size * batch)
        with torch.autocast(pooled.device.type, dtype=torch.bfloat16, enabled=pooled.is_cuda):
            logits = model.roi_heads.mask_predictor(model.roi_heads.mask_head(pooled))
        logits = logits.float()
        logits = logits.gather(1, mask_label[:, None, None, None].expand(-1, 1, *logits.shape[2:]))[:, 0]
        with torch.no_grad():
            planes = masks.flatten(0, 1)[:, None].float()
            corners = torch.cat((plane[:, None].float(), mask_rois.flatten(0, 1)), 1)
            want = roi_align(planes, corners, logits.shape[-1], 1.0)[:, 0]
        probability = logits.sigmoid()
        overlap = 2 * (probability * want).sum((1, 2)) + 1
        dice = 1 - overlap / (probability.sum((1, 2)) + want.sum((1, 2)) + 1)
        pixels = F.binary_cross_entropy_with_logits(logits, want, reduction="none").mean((1, 2))
        per_mask = weight.sum().clamp(min=1)
        losses["mask"] = (pixels * weight).sum() / per_mask
        losses["dice"] = self.dice * (dice * weight).sum() / per_mask
        return losses
