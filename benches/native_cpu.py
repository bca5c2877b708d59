"""Measures LungLens, onnxruntime and torchvision in turn on the CPU and prints a Markdown table.

Usage, from the repository root, after benches/peers/export_onnx.py has written OUT:

    python benches/native_cpu.py OUT [--models r50-320 r50-512 r101-320] [--threads 2 1] [--rounds 2] [--repeats 3]

Each round runs every engine in a process of its own: one run to warm up, then the repeats. Every engine gets the same
weights (f32), picture, proposals and score threshold; LungLens also runs with the weights in 8 bit, as its models ship. LungLens's time runs from decoded pixels to pasted masks; the
peers get the picture as floats and end with pasted masks too. From score 0 on there are 100 detections, the cap; from 0.05
on what the manifest lets through; from 0.5 on what a user sees. CPU ms is what the process used, which other work on the
machine disturbs less than the wall time.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = "LungLens, 8 bit"
ENGINES = ("LungLens", SHIPPED, "onnxruntime", "torchvision")
LABELS = {"lesion": 1, "lung": 2}
SUFFIX = {0.0: "-full", 0.05: "", 0.5: "-at50"}


def segment_program():
    """The built `segment` bench."""
    command = ["cargo", "bench", "--locked", "--bench", "segment", "--no-run", "--message-format=json"]
    lines = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    found = [m["executable"] for m in map(json.loads, lines) if m.get("target", {}).get("name") == "segment"]
    return found[-1]


def timed(run, repeats):
    """Wall and CPU times of `run` after a first one, in ms, and its last result."""
    run()
    times = {"ms": [], "cpu_ms": []}
    for _ in range(repeats):
        began, spent = time.perf_counter(), time.process_time()
        result = run()
        times["ms"].append(1e3 * (time.perf_counter() - began))
        times["cpu_ms"].append(1e3 * (time.process_time() - spent))
    return times, result


def picture(out, size):
    import numpy as np

    grey = np.fromfile(out / f"slice-{size}.u8", np.uint8).reshape(size, size).astype(np.float32) / 255
    return np.repeat(grey[None], 3, 0)


def onnxruntime(out, model, score, threads, repeats):
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    path = out / f"{model}{SUFFIX[score]}.onnx"
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    values = picture(out, int(model.split("-")[1]))
    times, (boxes, labels, scores, masks) = timed(lambda: session.run(None, {"image": values}), repeats)
    return times, boxes, labels, scores, (masks > 0.5).sum((1, 2, 3))


def torchvision(out, model, score, threads, repeats):
    sys.path.insert(0, str(ROOT / "benches" / "peers"))
    import torch
    from export_onnx import network

    torch.set_num_threads(threads)
    depth, size = model[1:].split("-")
    net = network(int(depth), int(size), out / f"r{depth}.safetensors", score)
    values = torch.from_numpy(picture(out, int(size)))
    with torch.inference_mode():
        times, (found,) = timed(lambda: net([values]), repeats)
    areas = (found["masks"] > 0.5).sum((1, 2, 3))
    return times, *(found[name].numpy() for name in ("boxes", "labels", "scores")), areas.numpy()


def one(engine, arguments):
    """One block of one engine in this process, as JSON."""
    out, model, score, threads, repeats = arguments
    run = {"onnxruntime": onnxruntime, "torchvision": torchvision}[engine]
    times, boxes, labels, scores, areas = run(Path(out), model, float(score), int(threads), int(repeats))
    found = [
        {"label": int(label), "score": float(score), "box": [float(v) for v in box], "area": int(area)}
        for box, label, score, area in zip(boxes, labels, scores, areas)
    ]
    print(json.dumps({**times, "found": found}))


def block(engine, program, out, model, score, threads, repeats):
    """One block in a process of its own."""
    environment = {**os.environ, "RAYON_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    environment["OPENBLAS_NUM_THREADS"] = environment["MKL_NUM_THREADS"] = str(threads)
    arguments = [str(v) for v in (out, model, score, threads, repeats)]
    command = [sys.executable, "-W", "ignore", __file__, "--engine", engine, *arguments]
    if engine in ("LungLens", SHIPPED):
        picture = out / f"slice-{model.split('-')[1]}.png"
        models = out / "models" / (model if engine == "LungLens" else f"{model}-int8")
        command = [str(v) for v in (program, models, picture, repeats, "cpu", score)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment, text=True)
    result = json.loads(done.stdout.splitlines()[-1])
    if engine in ("LungLens", SHIPPED):
        result["found"] = [
            {"label": LABELS[i["class"]], "score": i["score"], "box": i["bbox"], "area": i["area_pixels"]}
            for i in result["instances"]
        ]
    return result


def differences(ours, theirs):
    """How far two lists of detections are apart, in words."""
    key = lambda found: (-found["score"], found["label"])  # noqa: E731
    ours, theirs = sorted(ours, key=key), sorted(theirs, key=key)
    if len(ours) != len(theirs):
        return f"{len(theirs)} detections, not {len(ours)}"
    if any(a["label"] != b["label"] for a, b in zip(ours, theirs)):
        return "other labels"
    box = max((abs(p - q) for a, b in zip(ours, theirs) for p, q in zip(a["box"], b["box"])), default=0)
    area = max((abs(a["area"] - b["area"]) for a, b in zip(ours, theirs)), default=0)
    return f"same {len(ours)}, boxes within {box:.2f} px, areas within {area} px"


def iou(one, other):
    """Intersection over union of two boxes."""
    sides = [min(one[2 + i], other[2 + i]) - max(one[i], other[i]) for i in (0, 1)]
    shared = max(sides[0], 0) * max(sides[1], 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return shared / max(sum(areas) - shared, 1e-9)


def matched(ours, theirs):
    """How many detections of other weights are the same, in words."""
    same = sum(any(a["label"] == b["label"] and iou(a["box"], b["box"]) >= 0.9 for b in theirs) for a in ours)
    return f"{same} of {len(ours)} there, boxes with an IoU from 0.9 on"


def measure(arguments, program, model, score, threads):
    times, cpu, found = {e: [] for e in ENGINES}, {e: [] for e in ENGINES}, {}
    for _ in range(arguments.rounds):
        for engine in ENGINES:
            result = block(engine, program, arguments.out, model, score, threads, arguments.repeats)
            times[engine] += result["ms"]
            cpu[engine] += result["cpu_ms"]
            found[engine] = result["found"]
    ours = statistics.median(times["LungLens"])
    for engine in ENGINES:
        median = statistics.median(times[engine])
        spent, our_cpu = statistics.median(cpu[engine]), statistics.median(cpu["LungLens"])
        spread = f"{min(times[engine]):.0f} to {max(times[engine]):.0f}"
        compare = {"LungLens": lambda *_: "", SHIPPED: matched}.get(engine, differences)
        check = compare(found["LungLens"], found[engine])
        row = [model, score, threads, engine, f"{median:.0f}", spread, f"{ours / median:.2f}"]
        row += [f"{spent:.0f}", f"{our_cpu / spent:.2f}", check]
        print("| " + " | ".join(map(str, row)) + " |", flush=True)


def main():
    if sys.argv[1:2] == ["--engine"]:
        return one(sys.argv[2], sys.argv[3:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--models", nargs="+", default=["r50-320", "r50-512", "r101-320", "r101-512"])
    parser.add_argument("--scores", nargs="+", type=float, default=[0.0, 0.5], choices=list(SUFFIX))
    parser.add_argument("--threads", nargs="+", type=int, default=[2, 1])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--program", help="a built `segment` bench instead of building it")
    arguments = parser.parse_args()
    program = arguments.program or segment_program()
    import onnxruntime as ort
    import torch
    import torchvision as vision

    print(f"Load before: {os.getloadavg()[0]:.2f}; onnxruntime {ort.__version__}, torch {torch.__version__}, ", end="")
    print(f"torchvision {vision.__version__}, Python {platform.python_version()}\n")
    print("| model | score from | threads | engine | median ms | spread ms | LungLens / it |", end="")
    print(" CPU ms | LungLens / it | its detections |\n|---|---|---|---|---|---|---|---|---|---|")
    for model in arguments.models:
        for score in arguments.scores:
            for threads in arguments.threads:
                measure(arguments, program, model, score, threads)
    print(f"\nLoad after: {os.getloadavg()[0]:.2f}")


if __name__ == "__main__":
    main()
