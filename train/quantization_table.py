"""What each kind of storage costs: quantizes a checkpoint, measures every kind, and prints a Markdown table.

    python train/quantization_table.py MODEL.safetensors DATA OUT [--depth 101] [--kinds f32 f16 int8 int4] [--calibration FILE] [--limit N]

MODEL must not have been trained on the slices of DATA that are measured (`--split`, by default the validation split): a fold's checkpoint
of train.py. Kinds that OUT has an evaluation of are not measured again. LUNGLENS names the program (default: lunglens).
"""

import argparse
import json
import os
import subprocess
from pathlib import Path

SHOWN = ("lesion_box_ap", "lesion_mask_ap", "mean_box_ap", "mean_mask_ap", "lesion_pixel_f1", "lesion_instance_f1", "lung_dice")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--depth", type=int, choices=(50, 101), default=50)
    parser.add_argument("--kinds", nargs="+", default=["f32", "f16", "int8", "int4"])
    parser.add_argument("--calibration", type=Path, help="of train/calibrate.py, for int4")
    parser.add_argument("--split", default="val")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--device", default="auto")
    args = parser.parse_args()
    program = os.environ.get("LUNGLENS", "lunglens")
    name = f"r{args.depth}"
    print("| stored as | MB | lesion box AP | lesion mask AP | box AP, both classes | mask AP, both classes | pixel F1 | instance F1 | lung Dice |")
    print("|---|---|---|---|---|---|---|---|---|")
    for kind in args.kinds:
        folder = args.out / kind
        packed, found = folder / f"{name}.llw", folder / "evaluation.json"
        if not found.exists():
            calibration = ["--calibration", args.calibration] if args.calibration and kind == "int4" else []
            command = [program, "quantize", args.model, "--backbone", f"resnet{args.depth}", "--to", kind, "--out", packed, "--manifest"]
            subprocess.run([*command, *calibration, "--report", folder / "layers.csv"], check=True, stdout=subprocess.DEVNULL)
            limit = ["--limit", str(args.limit)] if args.limit else []
            command = [program, "evaluate", "--data", args.data, "--model", packed, "--out", folder, "--split", args.split]
            subprocess.run([*command, "--device", args.device, "--quiet", *limit], check=True)
        metrics = json.loads(found.read_text())["metrics"]
        values = [metrics[key]["value"] if key in metrics else None for key in SHOWN]
        cells = ["" if value is None else f"{value:.3f}" for value in values]
        print(f"| {kind} | {packed.stat().st_size / 1e6:.1f} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
