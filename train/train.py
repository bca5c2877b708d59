"""Trains one model: `python train/train.py CONFIG --data slices.bin --body body.npz --out DIR [--fold K] [--stop-after SECONDS]`.

Run it again to go on where it stopped: model, average, optimiser and random state are kept in DIR/state.pt. At the end it writes
DIR/model.safetensors (f16 matrices, torchvision's names), DIR/log.csv and, with a fold, DIR/held_out.json.
"""

import argparse
import csv
import json
import math
import time
import tomllib
from pathlib import Path

import torch
from safetensors.torch import save_file

from lunglens_train import backbone, folds, packed
from lunglens_train.augment import Views, targets
from lunglens_train.data import mirrored
from lunglens_train.measure import predict, summarise
from lunglens_train.network import SIZE, Trainer, build


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="files of pack_data.py")
    parser.add_argument("--body", type=Path, help="starting backbone (make_backbone.py); without it the body is random")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--fold", type=int, help="hold this fold out, 0 to 3; without it all slices are trained on")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="change a setting of the config")
    parser.add_argument("--stop-after", type=float, default=math.inf, metavar="SECONDS")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser.parse_args()


def learning_rate(step, steps, warm_up):
    """Factor of the learning rate: a linear start, then half a cosine to zero."""
    start = max(1, warm_up * steps)
    if step < start:
        return (step + 1) / start
    return 0.5 * (1 + math.cos(math.pi * min(1, (step - start) / (steps - start))))


def floats(model):
    """Every floating-point tensor of the model's state, also the running statistics of BatchNorm."""
    return [t for t in model.state_dict().values() if t.is_floating_point()]


@torch.no_grad()
def average(mean, current, step, decay):
    """Moves the running mean of the weights towards the current ones, both as `floats` lists them."""
    keep = min(decay, (1 + step) / (10 + step))
    torch._foreach_mul_(mean, keep)
    torch._foreach_add_(mean, current, alpha=1 - keep)


def draw_batch(groups, size):
    """One batch from (views, indices, labelled, count) groups."""
    grey, ids, labelled = [], [], []
    for views, indices, has_lungs, count in groups:
        if count == 0 or len(indices) == 0:
            continue
        index = indices[torch.randint(len(indices), (count,), device=indices.device)]
        picture, layers = views.draw(index, size)
        grey.append(picture)
        ids.append(layers)
        labelled.append(has_lungs[index])
    ids = torch.cat(ids)
    return (torch.cat(grey), *targets(ids), torch.cat(labelled))


def group(slices, canvas_size, count, device, crop_chance):
    """The views of some slices, `count` of them a batch; slices of rarer sources are drawn more often."""
    if not slices:
        return None
    views = Views(*packed.canvas(slices, canvas_size, device), crop_chance)
    often = {"medseg": 2, "medseg-clahe": 1, "negative": 1}
    indices = [i for i, s in enumerate(slices) for _ in range(often.get(s.source, 1))]
    has_lungs = torch.tensor([s.lung is not None for s in slices], device=device)
    return views, torch.tensor(indices, device=device), has_lungs, count


def main():
    args = arguments()
    config = tomllib.loads(args.config.read_text())
    for change in args.set:
        name, value = change.split("=", 1)
        config[name] = type(config[name])(float(value))
    device = torch.device(args.device)
    torch.manual_seed(config["seed"])
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    args.out.mkdir(parents=True, exist_ok=True)

    slices = [one for file in args.data for one in packed.read(file)]
    order = [s.name for s in slices if s.source == "medseg"]
    plain = {"medseg-clahe": lambda s: s.name.removesuffix("-clahe")}
    fold_of = lambda s: order.index(plain.get(s.source, lambda s: s.name)(s)) * folds.FOLDS // len(order) if s.source.startswith("medseg") else folds.fold_of(s, order)
    held = [s for s in slices if args.fold is not None and fold_of(s) == args.fold]
    used = [s for s in slices if args.fold is None or fold_of(s) != args.fold]
    covid = [s for s in used if s.source == "covid"]
    others = [s for s in used if s.source != "covid"]
    halves = mirrored(covid)
    counts = config["batch"] - config["pictures"] - config["mirrored"], config["pictures"], config["mirrored"]
    groups = [
        group(covid, 256, counts[0], device, config["crop_chance"]),
        group(others, SIZE, counts[1], device, 0.1),
        group(halves, 256, counts[2], device, config["crop_chance"]),
    ]
    groups = [g for g in groups if g]
    print(f"{len(covid)} slices, {len(others)} others, {len(halves)} mirrored; {len(held)} held out", flush=True)

    model, mean = build(config["depth"]), build(config["depth"])
    if args.body:
        backbone.initialise(model, backbone.cut(backbone.load_small(args.body), config["depth"]))
    model.to(device, memory_format=torch.channels_last)
    mean.load_state_dict(model.state_dict())
    mean.to(device)
    body = [p for n, p in model.named_parameters() if n.startswith("backbone.body")]
    rest = [p for n, p in model.named_parameters() if not n.startswith("backbone.body")]
    rate = config["learning_rate"]
    decay = {"weight_decay": config["weight_decay"]}
    optimiser = torch.optim.AdamW(
        [{"params": body, "lr": rate * config["body_rate"], **decay}, {"params": rest, "lr": rate, **decay}],
        **({"fused": True} if device.type == "cuda" else {}),
    )
    base = [g["lr"] for g in optimiser.param_groups]
    trainer = Trainer(model, dice=config["dice"])
    state_file = args.out / "state.pt"
    step = 0
    if state_file.exists():
        state = torch.load(state_file, map_location=device)
        model.load_state_dict(state["model"])
        mean.load_state_dict(state["mean"])
        optimiser.load_state_dict(state["optimiser"])
        torch.set_rng_state(state["rng"].cpu())
        if device.type == "cuda":
            torch.cuda.set_rng_state(state["cuda_rng"].cpu())
        step = state["step"]

    def keep_state():
        state = {"model": model.state_dict(), "mean": mean.state_dict(), "optimiser": optimiser.state_dict(), "step": step, "rng": torch.get_rng_state()}
        if device.type == "cuda":
            state["cuda_rng"] = torch.cuda.get_rng_state()
        torch.save(state, state_file.with_suffix(".new"))
        state_file.with_suffix(".new").replace(state_file)

    steps, begun, sums, seen = config["steps"], time.time(), {}, 0
    log = open(args.out / "log.csv", "a", newline="")
    writer = csv.writer(log)
    model.train()
    mean_tensors, tensors = floats(mean), floats(model)
    while step < steps:
        factor = learning_rate(step, steps, config["warm_up"])
        for g, b in zip(optimiser.param_groups, base):
            g["lr"] = b * factor
        losses = trainer(*draw_batch(groups, SIZE))
        total = sum(losses.values())
        optimiser.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        average(mean_tensors, tensors, step, config["ema"])
        step, seen = step + 1, seen + 1
        for k, v in losses.items():
            sums[k] = sums.get(k, 0) + v.detach()
        if step % 50 == 0 or step == steps:
            row = {k: round(float(v) / seen, 5) for k, v in sums.items()}
            if step == 50:
                writer.writerow(["step", "seconds", *row])
            writer.writerow([step, round(time.time() - begun, 1), *row.values()])
            log.flush()
            print(step, f"{time.time() - begun:.0f} s", row, flush=True)
            if not all(math.isfinite(v) for v in row.values()):
                raise SystemExit("the losses are not finite")
            sums, seen = {}, 0
        if time.time() - begun > args.stop_after and step < steps:
            keep_state()
            print(f"stopped at step {step} of {steps}; run again to go on")
            return

    weights = {k: (v.half() if v.dim() > 1 else v.float()).contiguous().cpu() for k, v in mean.state_dict().items() if "num_batches" not in k}
    save_file(weights, args.out / "model.safetensors")
    state_file.unlink(missing_ok=True)
    if held:
        result = {"config": config, "fold": args.fold, "seconds": round(time.time() - begun, 1)}
        for source in ("covid", "medseg", "negative"):
            some = [s for s in held if s.source == source]
            if some:
                found = predict(mean, some, device)
                result[source] = [summarise(some, found, t) for t in (0.3, 0.4, 0.5, 0.6, 0.7)]
                print(source, *result[source], sep="\n  ", flush=True)
        (args.out / "held_out.json").write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
