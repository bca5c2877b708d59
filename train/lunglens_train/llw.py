"""LungLens's packed weights (src/weights/packed.rs) as arrays, and as weights that training can go on from."""

import json
import struct

import numpy as np
import torch

NORMS = {"bn1": "conv1", "bn2": "conv2", "bn3": "conv3", "1": "0"}


def packed_tensors(path):
    """The tensors of a `.llw` file as f32 arrays, BatchNorm folded."""
    data = path.read_bytes()
    if data[:8] != b"LUNGLENS":
        raise SystemExit(f"{path} is no LungLens weights file")
    (length,) = struct.unpack("<I", data[12:16])
    out = {}
    for entry in json.loads(data[16 : 16 + length])["tensors"]:
        shape, start = entry["shape"], 16 + length + entry["offset"]
        count = int(np.prod(shape))
        if entry["dtype"] in ("f32", "f16"):
            dtype = {"f32": "<f4", "f16": "<f2"}[entry["dtype"]]
            values = np.frombuffer(data, dtype, count, start).astype(np.float32)
        elif entry["dtype"] == "i8":
            scales = np.frombuffer(data, "<f4", shape[0], start)
            values = np.frombuffer(data, np.int8, count, start + 4 * shape[0]).astype(np.float32)
            values = values.reshape(shape[0], -1) * scales[:, None]
        else:
            raise SystemExit(f"{path}: {entry['dtype']} cannot be widened here")
        out[entry["name"]] = values.reshape(shape)
    return out


def load_folded(model, tensors):
    """Loads tensors of `packed_tensors` into a model of `network.build`, whose BatchNorm then changes nothing in evaluation: scale 1
    and the folded bias of the convolution before it, exactly, since epsilon is taken out of the variance.
    """
    state = {name: value.clone() for name, value in model.state_dict().items()}
    folded = {name: torch.from_numpy(values.copy()) for name, values in tensors.items()}
    norms = {name.removesuffix(".running_mean") for name in state if name.endswith(".running_mean")}
    for norm in norms:
        parent, _, leaf = norm.rpartition(".")
        state[f"{norm}.running_mean"].zero_()
        state[f"{norm}.running_var"].fill_(1.0 - model.get_submodule(norm).eps)
        state[f"{norm}.weight"].fill_(1.0)
        state[f"{norm}.bias"] = folded.pop(f"{parent}.{NORMS[leaf]}.bias")
    unknown = set(folded) - set(state)
    if unknown:
        raise SystemExit(f"tensors that torchvision does not know: {sorted(unknown)}")
    state.update(folded)
    model.load_state_dict(state)


@torch.no_grad()
def unfold(model, images, body):
    """Gives each BatchNorm of a `load_folded` model the statistics of what it sees on `images` (N, 3, S, S), and a scale and shift that
    take them back, so that the model computes the same in evaluation, and nearly so while it trains. Each of the body's convolutions gets the
    magnitude that it has in `body` (torchvision's names): folding changed it, and with it how far a step of training takes it.
    """
    seen = {}

    def look(norm):
        def hook(_, inputs):
            x = inputs[0].double()
            count, total, squares = seen.get(norm, (0, 0.0, 0.0))
            seen[norm] = count + x.numel() // x.shape[1], total + x.sum((0, 2, 3)), squares + (x * x).sum((0, 2, 3))

        return hook

    norms = {name: module for name, module in model.named_modules() if isinstance(module, torch.nn.BatchNorm2d)}
    hooks = [norm.register_forward_pre_hook(look(norm)) for norm in norms.values()]
    model.eval()
    for some in images.split(8):
        model.backbone(some)
    for hook in hooks:
        hook.remove()
    magnitude = lambda weight: weight.float().square().mean().sqrt()
    for name, norm in norms.items():
        count, total, squares = seen[norm]
        mean = total / count
        variance = (squares / count - mean * mean).clamp(min=1e-8)
        parent, _, leaf = name.rpartition(".")
        before = f"{parent}.{NORMS[leaf]}"
        weight = model.get_submodule(before).weight
        like = body.get(before.removeprefix("backbone.body.") + ".weight")
        scale = 1.0 if like is None else float(magnitude(like) / magnitude(weight))
        weight.mul_(scale)
        norm.running_mean.copy_(mean * scale)
        norm.running_var.copy_(variance * scale**2)
        norm.weight.copy_((variance * scale**2 + norm.eps).sqrt() / scale)
        norm.bias.add_(mean)
