"""Measures LungLens on Vulkan and torchvision on CUDA in turn and prints a Markdown table.

Usage, from the repository root, with a built `segment` bench:

    python benches/native_gpu.py --program SEGMENT [--sizes 512 320] [--rounds 3] [--repeats 20] [--slices 200]

It needs Python with torch (CUDA), torchvision, numpy and Pillow, but no network: weights, picture and caps come from
models/ and samples/. torchvision gets the values of LungLens's packed weights, widened to f32, so that both compute the
same network; where the model has a semantic head, LungLens runs it too and torchvision does not, so areas differ a little. Where the machine has no Vulkan loader, name a bundled one:

    LUNGLENS_VULKAN_LOADER   a folder with libvulkan.so.1
    VK_DRIVER_FILES          the driver's JSON, such as nvidia_icd.json

Each round runs every engine in a process of its own: warm-up, then the repeats. All times run from
decoded 8-bit pixels on the host to masks pasted at the picture's size there (the peers' with their areas); LungLens's time
from the PNG's bytes to the report follows the table. From score 0 on
there are 100 detections, the cap. `--slices N` then runs N slices on LungLens alone and reports the GPU's memory in use.
"""

import argparse
import contextlib
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benches"))
from native_cpu import LABELS, differences, timed  # noqa: E402

PEERS = ("torchvision fp32", "torchvision fp16", "onnxruntime CUDA")


def model_entry():
    """The first model of models/manifest.json."""
    return json.loads((ROOT / "models" / "manifest.json").read_text())["models"][0]


def network(size, score):
    """torchvision's MaskRCNN with the packed weights' values; BatchNorm is folded in them, so it does nothing."""
    sys.path.insert(0, str(ROOT / "train"))
    from lunglens_train import llw
    from lunglens_train.network import build, has_semantic_head

    entry = model_entry()
    tensors = llw.packed_tensors(ROOT / "models" / entry["file"])
    model = build(int(entry["backbone"].removeprefix("resnet")), size, semantic=has_semantic_head(tensors))
    llw.load_folded(model, tensors)
    model.transform._skip_resize = True
    model.roi_heads.score_thresh = score
    return model.eval()


def grey(size):
    """The sample as size x size 8-bit grey."""
    import numpy as np
    from PIL import Image

    image = Image.open(ROOT / "samples" / "covid-slice.png").convert("L")
    return np.array(image.resize((size, size), Image.BILINEAR))


def floats(pixels):
    import numpy as np

    return np.repeat(pixels.astype(np.float32)[None] / 255, 3, 0)


def on_host(found):
    """Boxes, labels, scores and mask areas as numpy, so that all work on the device has ended."""
    areas = (found["masks"] > 0.5).sum((1, 2, 3)).cpu().numpy()
    return *(found[name].float().cpu().numpy() for name in ("boxes", "labels", "scores")), areas


def torchvision(size, score, repeats, half, device):
    import torch

    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    net = network(size, score).to(device)
    pixels = grey(size)

    def run():
        narrow = torch.autocast(device, torch.float16) if half else contextlib.nullcontext()
        with torch.inference_mode(), narrow:
            (found,) = net([torch.from_numpy(pixels).to(device).float().div(255).expand(3, -1, -1)])
        return on_host(found)

    run(), run()
    return timed(run, repeats)


def onnxruntime(size, score, repeats):
    import onnxruntime as ort
    import torch

    if "CUDAExecutionProvider" not in ort.get_available_providers():
        raise RuntimeError(f"onnxruntime {ort.__version__} has no CUDA provider")
    pixels = grey(size)
    values = floats(pixels)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        names = ["boxes", "labels", "scores", "masks"]
        torch.onnx.export(
            network(size, score),
            ([torch.from_numpy(values)],),
            str(path),
            opset_version=17,
            dynamo=False,
            input_names=["image"],
            output_names=names,
            dynamic_axes={name: [0] for name in names},
        )
        providers = [("CUDAExecutionProvider", {"use_tf32": 0}), "CPUExecutionProvider"]
        session = ort.InferenceSession(str(path), providers=providers)

        def run():
            boxes, labels, scores, masks = session.run(None, {"image": floats(pixels)})
            return boxes, labels, scores, (masks > 0.5).sum((1, 2, 3))

        run()
        return timed(run, repeats)


def one(engine, size, score, repeats, device):
    """One block of a peer in this process, as JSON."""
    size, score, repeats = int(size), float(score), int(repeats)
    if engine == "onnxruntime CUDA":
        times, found = onnxruntime(size, score, repeats)
    else:
        times, found = torchvision(size, score, repeats, engine.endswith("fp16"), device)
    rows = [
        {"label": int(label), "score": float(score), "box": [float(v) for v in box], "area": int(area)}
        for box, label, score, area in zip(*found)
    ]
    print(json.dumps({**times, "found": rows}))


def models_folder(folder, size):
    """A models folder with the shipped weights at another input size."""
    entry = model_entry()
    entry["config"]["input_size"] = entry["preprocessing"]["input_size"] = size
    # The peers compute one network once.
    entry["preprocessing"].pop("lung_crop", None)
    target = Path(folder) / entry["file"]
    target.symlink_to(ROOT / "models" / entry["file"])
    assert hashlib.sha256(target.read_bytes()).hexdigest() == entry["sha256"], "the shipped weights are the manifest's"
    (Path(folder) / "manifest.json").write_text(json.dumps({"schema_version": 1, "models": [entry]}))


def lunglens(program, size, score, repeats, device):
    from PIL import Image

    environment = dict(os.environ)
    if loader := environment.get("LUNGLENS_VULKAN_LOADER"):
        paths = [loader, *filter(None, [environment.get("LD_LIBRARY_PATH")])]
        environment["LD_LIBRARY_PATH"] = ":".join(paths)
    with tempfile.TemporaryDirectory() as folder:
        models_folder(folder, size)
        picture = Path(folder) / "slice.png"
        Image.fromarray(grey(size)).save(picture)
        command = [str(v) for v in (program, folder, picture, repeats, device, score)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment, text=True)
    result = json.loads(done.stdout.splitlines()[-1])
    result["found"] = [
        {"label": LABELS[i["class"]], "score": i["score"], "box": i["bbox"], "area": i["area_pixels"]}
        for i in result["instances"]
    ]
    return result


def block(engine, arguments, size, score):
    if engine == "LungLens":
        return lunglens(arguments.program, size, score, arguments.repeats, arguments.lunglens_device)
    command = [sys.executable, "-W", "ignore", __file__, "--engine", engine]
    command += [str(v) for v in (size, score, arguments.repeats, arguments.torch_device)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "it failed")
    return json.loads(done.stdout.splitlines()[-1])


def measure(arguments, size, score):
    engines = ["LungLens", *arguments.peers]
    times, last, failed = {e: [] for e in engines}, {}, {}
    for _ in range(arguments.rounds):
        for engine in engines:
            if engine in failed:
                continue
            try:
                last[engine] = block(engine, arguments, size, score)
                times[engine] += last[engine]["ms"]
                # What is known already, should the run be cut off.
                print(f"{size}, score {score}, {engine}: {statistics.median(last[engine]['ms']):.1f} ms", file=sys.stderr, flush=True)
            except (RuntimeError, subprocess.CalledProcessError) as error:
                failed[engine] = str(error)
    ours = statistics.median(times["LungLens"]) if times["LungLens"] else float("nan")
    for engine in engines:
        if engine in failed:
            print(f"| {size} | {score} | {engine} | failed: {failed[engine]} | | | |", flush=True)
            continue
        median, spread = statistics.median(times[engine]), f"{min(times[engine]):.1f} to {max(times[engine]):.1f}"
        check = ""
        if engine != "LungLens" and "LungLens" in last:
            check = differences(last["LungLens"]["found"], last[engine]["found"])
        print(f"| {size} | {score} | {engine} | {median:.1f} | {spread} | {ours / median:.2f} | {check} |", flush=True)
    if "LungLens" in last:
        found = last["LungLens"]
        stages = {}
        for run in filter(None, found["stages_ms"]):
            for name, value in run.items():
                stages.setdefault(name, []).append(value)
        parts = ", ".join(f"{name} {statistics.median(values):.1f}" for name, values in stages.items())
        print(f"\nLungLens on {found['device']['name']} ({found['device']['backend']}): loading {found['load_ms']:.0f} ms, ", end="")
        whole = statistics.median(found["whole_ms"])
        print(f"first slice {found['first_ms']:.0f} ms; from the PNG to the report {whole:.1f} ms; stages, ms: {parts}\n", flush=True)


def memory_in_use():
    """MB in use on the GPU by nvidia-smi, or None."""
    command = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    try:
        return int(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()[0])
    except (OSError, subprocess.CalledProcessError, ValueError, IndexError):
        return None


def memory(arguments, size, slices):
    """The GPU's memory while LungLens runs many slices, from which the memory before is taken."""
    before = memory_in_use()
    if before is None:
        return print("GPU memory: nvidia-smi tells none")
    samples, done = [], threading.Event()

    def sample():
        while not done.wait(0.1):
            samples.append(memory_in_use() - before)

    watcher = threading.Thread(target=sample)
    watcher.start()
    try:
        result = lunglens(arguments.program, size, 0.0, slices, arguments.lunglens_device)
    finally:
        done.set()
        watcher.join()
    running = [value for value in samples if value > 50]
    quarter = max(1, len(running) // 4)
    first, last = max(running[:quarter], default=0), max(running[-quarter:], default=0)
    print(f"GPU memory of {slices} slices at {size}: peak {max(running, default=0)} MB; first quarter of the time up to ", end="")
    print(f"{first} MB, last quarter up to {last} MB; median slice {statistics.median(result['ms']):.1f} ms")


def main():
    if sys.argv[1:2] == ["--engine"]:
        return one(*sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, required=True, help="the built `segment` bench")
    parser.add_argument("--sizes", nargs="+", type=int, default=[512, 320])
    parser.add_argument("--scores", nargs="+", type=float, default=[0.0, 0.5])
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=PEERS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--slices", type=int, default=0, help="also run so many slices and report the memory")
    parser.add_argument("--lunglens-device", default="gpu", choices=("gpu", "cpu"))
    parser.add_argument("--torch-device", default="cuda", choices=("cuda", "cpu"))
    arguments = parser.parse_args()
    import torch
    import torchvision as vision

    name = torch.cuda.get_device_name() if torch.cuda.is_available() else "no CUDA"
    print(f"{name}; torch {torch.__version__}, torchvision {vision.__version__}, TF32 off\n")
    print("| size | score from | engine | median ms | spread ms | LungLens / it | its detections |\n|---|---|---|---|---|---|---|")
    for size in arguments.sizes:
        for score in arguments.scores:
            measure(arguments, size, score)
    if arguments.slices:
        memory(arguments, arguments.sizes[0], arguments.slices)


if __name__ == "__main__":
    main()
