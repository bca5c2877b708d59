"""Measures the folds' models with the app, each as soon as it is trained:

    python train/evaluate_folds.py RUNS DATA OUT [--program lunglens] [--wait SECONDS]

RUNS is where train.py puts its results (r50-0 to r101-3), DATA holds covid-ct-slices, medseg-50 and dicom-chest. Every model is packed
to 8 bit and segments its held-out slices; OUT/r50/covid-0/predictions.json and the like go to `lunglens evaluate --merge`. What is
there already is not made again, and what fails is named and left.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lunglens_train import folds

BACKBONES = {"r50": "resnet50", "r101": "resnet101"}
DATA = {"covid": ("covid-ct-slices",), "medseg": ("medseg-50",), "negatives": ("dicom-chest/siemens-b40f-30", "--negatives")}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--program", default="lunglens")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--limit", type=int, help="at most so many slices of all folds of each data")
    parser.add_argument("--at-once", type=int, default=4, help="models measured side by side")
    parser.add_argument("--threads", type=int, default=3, help="of each")
    parser.add_argument("--wait", type=float, default=0, metavar="SECONDS", help="for models that are not trained yet")
    return parser.parse_args()


def write_folds(args):
    """A folds file a backbone; the models' paths are absolute."""
    pictures = [path.name for path in sorted((args.data / DATA["medseg"][0] / "ct").iterdir())]
    for name in BACKBONES:
        model = lambda fold: str((args.runs / f"{name}-{fold}" / f"{name}.llw").resolve())
        entries = [{"model": model(k), "held_out": folds.held_out(k, pictures)} for k in range(folds.FOLDS)]
        (args.out / f"{name}.json").write_text(json.dumps({"folds": entries}, indent=1))


def measure(args, name, fold):
    """One model: packs it, then segments what it never saw."""
    run = args.runs / f"{name}-{fold}"
    environment = os.environ | {"RAYON_NUM_THREADS": str(args.threads)}
    with open(args.out / f"{name}-{fold}.log", "a") as log:
        call = lambda *command: subprocess.run([args.program, *map(str, command)], check=True, stdout=log, stderr=log, env=environment)
        try:
            model = run / f"{name}.llw"
            if not (run / "manifest.json").exists():
                trained = f"fold {fold}, to measure only"
                call("pack", run / "model.safetensors", "--backbone", BACKBONES[name], "--out", model, "--manifest", "--trained-on", trained)
            for data, (folder, *more) in DATA.items():
                out = args.out / name / f"{data}-{fold}"
                if (out / "predictions.json").exists() or (data == "negatives" and "siemens" not in folds.PATIENTS[fold]):
                    continue
                more += ["--limit", args.limit] if args.limit else []
                more += ["--device", args.device, "--quiet"]
                begun = time.time()
                call("evaluate", "--data", args.data / folder, "--folds", args.out / f"{name}.json", "--fold", fold, "--out", out, *more)
                print(f"{name} fold {fold}, {data}: {time.time() - begun:.0f} s", flush=True)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{name} fold {fold}: {error}", flush=True)
            return False
    return True


def main():
    args = arguments()
    args.out.mkdir(parents=True, exist_ok=True)
    write_folds(args)
    left = [(name, fold) for name in BACKBONES for fold in range(folds.FOLDS)]
    end, results = time.time() + args.wait, []
    with ThreadPoolExecutor(args.at_once) as pool:
        while left:
            # run.json is written after the weights.
            ready = [(name, fold) for name, fold in left if (args.runs / f"{name}-{fold}" / "run.json").exists()]
            results += [pool.submit(measure, args, *one) for one in ready]
            left = [one for one in left if one not in ready]
            if time.time() > end:
                break
            time.sleep(0.5 if left else 0)
    for name, fold in left:
        print(f"{name} fold {fold}: not trained")
    sys.exit(not (all(r.result() for r in results) and not left))


if __name__ == "__main__":
    main()
