"""The stages of torchvision's MaskRCNN for one image, as named tensors.

Shared by make_fixtures.py and full_size.py; the names are listed in README.md. Runs on torch 1.13 with
torchvision 0.14 and on torch 2.
"""

import numpy as np
import torch
from safetensors.numpy import save_file
from torchvision.models.detection.image_list import ImageList

LEVELS = ["2", "3", "4", "5", "6"]


@torch.no_grad()
def collect(model, image):
    """Runs `model` (MaskRCNN, eval mode) stage by stage on `image` (1, 3, S, S), already in network pixels.

    Returns an ordered dict from stage name to tensor; all coordinates are network pixels. The stages are the
    model's own modules in the order of GeneralizedRCNN.forward; `check_against_forward` proves it.
    """
    size = tuple(image.shape[-2:])
    out = {"input": image}

    body = model.backbone.body(image)
    for level, feature in zip(LEVELS, body.values()):
        out[f"c{level}"] = feature
    features = model.backbone.fpn(body)
    for level, feature in zip(LEVELS, features.values()):
        out[f"p{level}"] = feature

    logits, deltas = model.rpn.head(list(features.values()))
    for level, logit, delta in zip(LEVELS, logits, deltas):
        out[f"rpn_logits_p{level}"] = logit
        out[f"rpn_deltas_p{level}"] = delta
    images = ImageList(image, [size])
    proposals, _ = model.rpn(images, features)
    out["proposals"] = proposals[0]

    heads = model.roi_heads
    box_features = heads.box_roi_pool(features, proposals, [size])
    out["box_features"] = box_features
    box_head = heads.box_head(box_features)
    out["box_head"] = box_head
    class_logits, box_regression = heads.box_predictor(box_head)
    out["class_logits"] = class_logits
    out["box_regression"] = box_regression
    boxes, scores, labels = heads.postprocess_detections(class_logits, box_regression, proposals, [size])
    out["detection_boxes"] = boxes[0]
    out["detection_scores"] = scores[0]
    out["detection_labels"] = labels[0].to(image.dtype)

    mask_features = heads.mask_roi_pool(features, boxes, [size])
    out["mask_features"] = mask_features
    mask_logits = heads.mask_predictor(heads.mask_head(mask_features))
    own = mask_logits[torch.arange(len(labels[0])), labels[0]]
    out["mask_logits"] = own
    out["mask_probabilities"] = own.sigmoid()
    return out


@torch.no_grad()
def check_against_forward(model, image, stages):
    """Stops unless the model's own forward gives the detections of `stages`."""
    want = model([image[0]])[0]
    for name, key in [("boxes", "detection_boxes"), ("scores", "detection_scores"), ("labels", "detection_labels")]:
        assert want[name].shape == stages[key].shape, (name, want[name].shape, stages[key].shape)
        assert torch.allclose(want[name].to(image.dtype), stages[key], atol=1e-3), name


def save(tensors, path, metadata=None):
    """Writes `tensors` as safetensors, little endian, contiguous; the same input gives the same bytes."""
    arrays = {name: np.ascontiguousarray(t.detach().cpu().numpy()) for name, t in tensors.items()}
    save_file(arrays, str(path), metadata=metadata)
