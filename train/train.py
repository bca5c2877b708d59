"""Trains models: `python train/train.py JOB... --data slices.bin --body body.npz --out DIR [--stop-after SECONDS]`.

A job is a backbone and a fold to hold out, or `final` for all slices: `r50:0`, `r101:final`; `r50+neighbours:0` is one with the changes
of configs/tries.toml. Its results go to DIR/r50-0:
model.safetensors (f16 matrices, torchvision's names), log.csv, loss.png and, with a fold, held_out.json. Run it again to go on where it
stopped: model, average, optimiser and random state are kept in state.pt. Several processes may be given the same jobs; each job is
done once, and one that fails is left for the next.
"""

import argparse
import csv
import json
import math
import os
import subprocess
import sys
import time
import tomllib
import traceback
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from lunglens_train import backbone, folds, measure, packed
from lunglens_train.augment import Views, targets
from lunglens_train.data import around, mirrored
from lunglens_train.network import SIZE, Trainer, build, go_on_from


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("jobs", nargs="+", metavar="JOB")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="files of pack_data.py")
    parser.add_argument("--body", type=Path, help="starting backbone (make_backbone.py); without it the body is random")
    parser.add_argument("--start", type=Path, metavar="MODEL", help="go on from this model.safetensors; layers it lacks begin at random")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="change a setting of the configs")
    parser.add_argument("--seconds", type=float, metavar="S", help="train S seconds a job of a ResNet50 fold instead of the config's steps; "
                        "the other jobs in proportion to their steps and cost")
    parser.add_argument("--stop-after", type=float, default=math.inf, metavar="SECONDS")
    parser.add_argument("--start-until", type=float, default=math.inf, metavar="SECONDS", help="begin no job after so long")
    parser.add_argument("--figures", action=argparse.BooleanOptionalAction, default=True, help="write held_out.json of a fold; the app measures it too")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser.parse_args()


def learning_rate(progress, warm_up):
    """Factor of the learning rate at a progress of 0 to 1: a linear start, then half a cosine to zero."""
    if progress < warm_up:
        return max(progress, 1e-3) / warm_up
    return 0.5 * (1 + math.cos(math.pi * min(1, (progress - warm_up) / (1 - warm_up))))


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
    # Pictures without neighbours beside slices with: all channels the same.
    channels = max(picture.shape[1] for picture in grey)
    grey = [picture.expand(-1, channels, -1, -1) for picture in grey]
    return (torch.cat(grey), *targets(ids), torch.cat(labelled))


class Data:
    """All slices as views on the device, and which of them a fold may learn from."""

    # How often a slice of a rarer source is drawn beside the others of its group.
    OFTEN = {"medseg": 2}

    def __init__(self, files, device):
        self.slices = [one for file in files for one in packed.read(file)]
        order = [s.name for s in self.slices if s.source == "medseg"]
        covid = [s for s in self.slices if s.source == "covid"]
        others = [s for s in self.slices if s.source != "covid"]
        halves = [one for one in packed.in_parallel(mirrored, covid) if one]
        self.groups = []
        for slices, size in ((covid, 256), (others, SIZE), (halves, 256)):
            arrays = packed.canvas(slices, size, device) if slices else None
            fold = [folds.fold_of(s, order) for s in slices]
            self.groups.append((slices, arrays, fold, torch.tensor([s.lung is not None for s in slices], device=device)))
        self.order, self.device = order, device

    def held_out(self, fold, source):
        return [s for s in self.slices if s.source == source and folds.fold_of(s, self.order) == fold]

    def views(self, fold, config):
        """The groups of `draw_batch` without the slices of `fold`."""
        counts = config["batch"] - config["pictures"] - config["mirrored"], config["pictures"], config["mirrored"]
        crops = config["crop_chance"], config["picture_crop_chance"], config["crop_chance"]
        groups = []
        for (slices, arrays, where, lungs), count, crop in zip(self.groups, counts, crops):
            often = lambda one: self.OFTEN.get(one.source, 1)
            index = [i for i, (s, k) in enumerate(zip(slices, where)) if k != fold for _ in range(often(s))]
            if index:
                near = torch.from_numpy(around(slices)).to(self.device) if config["neighbours"] and slices[0].volume else None
                groups.append((Views(*arrays, crop, near), torch.tensor(index, device=self.device), lungs, count))
        return groups


def set_up(config, body, start, device):
    """The model, its running mean and the optimiser."""
    make = lambda: build(config["depth"], anchor_sizes=tuple(config["anchors"]), mask_side=config["mask_side"], semantic=config["semantic"] > 0)
    model, mean = make(), make()
    if body and config["pretrained"]:
        backbone.initialise(model, backbone.cut(backbone.load_small(body), config["depth"]))
    if start:
        go_on_from(model, load_file(start))
    model.to(device, memory_format=torch.channels_last)
    mean.load_state_dict(model.state_dict())
    mean.to(device)
    body = [p for n, p in model.named_parameters() if n.startswith("backbone.body")]
    rest = [p for n, p in model.named_parameters() if not n.startswith("backbone.body")]
    rate, decay = config["learning_rate"], {"weight_decay": config["weight_decay"]}
    groups = [{"params": body, "lr": rate * config["body_rate"], **decay}, {"params": rest, "lr": rate, **decay}]
    return model, mean, torch.optim.AdamW(groups, **({"fused": True} if device.type == "cuda" else {}))


def plot(log, out):
    """The losses of a log as a picture."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = list(csv.DictReader(open(log)))
    figure, axes = pyplot.subplots(figsize=(7, 4))
    for name in list(rows[0])[2:] if rows else []:
        axes.plot([int(r["step"]) for r in rows], [float(r[name]) for r in rows], label=name)
    axes.set(xlabel="step", ylabel="loss", yscale="log")
    axes.legend()
    figure.savefig(out, dpi=100, bbox_inches="tight")
    pyplot.close(figure)


def train(job, config, data, args):
    """One job, from where it stopped before. Whether it came to its end."""
    device, fold = data.device, None if job.endswith("final") else int(job.split(":")[1])
    out = args.out / job.replace(":", "-")
    steps = round(config["length"] * (config["final_steps"] if fold is None else config["fold_steps"]))
    seconds = args.seconds and args.seconds * config["cost"] * steps / config["fold_steps"]
    torch.manual_seed(config["seed"])
    groups = data.views(fold, config)
    model, mean, optimiser = set_up(config, args.body, args.start, device)
    base = [g["lr"] for g in optimiser.param_groups]
    trainer = Trainer(model, dice=config["dice"], semantic=config["semantic"])
    state_file, step, spent = out / "state.pt", 0, 0.0
    if state_file.exists():
        state = torch.load(state_file, map_location=device)
        model.load_state_dict(state["model"])
        mean.load_state_dict(state["mean"])
        optimiser.load_state_dict(state["optimiser"])
        torch.set_rng_state(state["rng"].cpu())
        if device.type == "cuda":
            torch.cuda.set_rng_state(state["cuda_rng"].cpu())
        step, spent = state["step"], state["spent"]

    begun, sums, seen = time.time() - spent, {}, 0
    log = open(out / "log.csv", "a", newline="")
    writer = csv.writer(log)
    model.train()
    mean_tensors, tensors = floats(mean), floats(model)
    while True:
        progress = (time.time() - begun) / seconds if seconds else step / steps
        if progress >= 1:
            break
        factor = learning_rate(progress, config["warm_up"])
        for g, b in zip(optimiser.param_groups, base):
            g["lr"] = b * factor
        losses = trainer(*draw_batch(groups, SIZE))
        optimiser.zero_grad(set_to_none=True)
        sum(losses.values()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        average(mean_tensors, tensors, step, config["ema"])
        step, seen = step + 1, seen + 1
        for k, v in losses.items():
            sums[k] = sums.get(k, 0) + v.detach()
        # Reading the sums waits for the device, which also keeps the clock honest.
        if step % 20 == 0:
            row = {k: round(float(v) / seen, 5) for k, v in sums.items()}
            if step == 20:
                writer.writerow(["step", "seconds", *row])
            writer.writerow([step, round(time.time() - begun, 1), *row.values()])
            log.flush()
            if step % 100 == 0:
                print(job, step, f"{time.time() - begun:.0f} s", row, flush=True)
            if not all(math.isfinite(v) for v in row.values()):
                raise ArithmeticError(f"{job}: the losses are not finite")
            sums, seen = {}, 0
        if time.time() - args.begun > args.stop_after:
            state = {"model": model.state_dict(), "mean": mean.state_dict(), "optimiser": optimiser.state_dict()}
            state |= {"step": step, "spent": time.time() - begun, "rng": torch.get_rng_state()}
            if device.type == "cuda":
                state["cuda_rng"] = torch.cuda.get_rng_state()
            torch.save(state, state_file.with_suffix(".new"))
            state_file.with_suffix(".new").replace(state_file)
            print(f"{job}: stopped at step {step}; run again to go on")
            return False

    log.close()
    weights = {k: (v.half() if v.dim() > 1 else v.float()).contiguous().cpu() for k, v in mean.state_dict().items() if "num_batches" not in k}
    save_file(weights, out / "model.safetensors")
    state_file.unlink(missing_ok=True)
    print(f"{job}: {step} steps in {time.time() - begun:.0f} s", flush=True)
    run = {"job": job, "config": config, "steps": step, "seconds": round(time.time() - begun, 1), "torch": torch.__version__}
    if device.type == "cuda":
        run |= {"device": torch.cuda.get_device_name(), "peak_memory_mb": torch.cuda.max_memory_allocated() // 2**20}
    (out / "run.json").write_text(json.dumps(run, indent=1))
    if fold is not None and args.figures:
        held = [(source, data.held_out(fold, source)) for source in ("covid", "medseg", "negative")]
        kinds = {"held_out": (mean, False), "raw": (model, False), "flips": (mean, True)}
        for kind in ("held_out", *config["also"]):
            judged, flips = kinds[kind]
            see = lambda some: measure.predict(judged, some, device, config["neighbours"], flips)
            measure.save(out / f"{kind}.npz", [(source, some, see(some)) for source, some in held if some])
    plot(out / "log.csv", out / "loss.png")
    return True


def read_config(job):
    """The settings of a job, such as `r50:0` or `r50+neighbours:0`."""
    read = lambda name: tomllib.loads((Path(__file__).parent / "configs" / f"{name}.toml").read_text())
    backbone_, *changes = job.split(":")[0].split("+")
    config = read(backbone_)
    for change in changes:
        config |= read("tries")[change]
    return config


def main():
    args = arguments()
    args.begun = time.time()
    device = torch.device(args.device)
    torch.backends.cudnn.benchmark, torch.backends.cudnn.benchmark_limit = True, 4
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    data, measuring, failed = None, [], False
    for job in args.jobs:
        out = args.out / job.replace(":", "-")
        if time.time() - args.begun > args.start_until:
            break
        out.mkdir(parents=True, exist_ok=True)
        try:
            # Whoever makes the file does the job.
            os.close(os.open(out / "taken", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            continue
        config = read_config(job)
        for change in args.set:
            name, value = change.split("=", 1)
            config[name] = type(config[name])(float(value))
        if config["pictures"] + config["mirrored"] > config["batch"]:
            sys.exit(f"{job}: pictures ({config['pictures']}) and mirrored ({config['mirrored']}) do not fit in a batch of {config['batch']}")
        if data is None:
            data = Data(args.data, device)
            print(f"data read after {time.time() - args.begun:.0f} s", flush=True)
        try:
            done = train(job, config, data, args)
        except Exception:
            traceback.print_exc()
            failed = True
            continue
        if not done:
            (out / "taken").unlink()
            break
        for found in out.glob("*.npz"):
            # On its own, since the device can go on.
            files = [str(path.resolve()) for path in (found, *args.data)]
            command = [sys.executable, "-m", "lunglens_train.measure", *files]
            measuring.append(subprocess.Popen(command, cwd=Path(__file__).parent, stdout=open(found.with_suffix(".json"), "w")))
    # All are waited for, whether or not one fails.
    failed |= any([each.wait() != 0 for each in measuring])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
