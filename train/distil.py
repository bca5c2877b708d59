"""Distils the CT-pretrained ResNet-152 into a smaller body: `python train/distil.py DEPTH --data slices.bin --teacher body152.npz --out body50.npz`.

No labels are used, and no slice of fold 0. Then prints, as JSON, what a linear classifier on the frozen features of each body finds
on the patients of fold 0: of a body at random, of the one cut from the teacher, of the distilled one and of the teacher.
"""

import argparse
import json
from pathlib import Path

import torch

from lunglens_train import backbone, folds, packed, probe
from lunglens_train.augment import Views
from lunglens_train.distil import differences, distil
from lunglens_train.network import build


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("depth", type=int, choices=(50, 101))
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--teacher", type=Path, required=True, help="make_backbone.py --whole")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--every", type=int, default=8, help="of the labelled slices, how few the classifier takes")
    args = parser.parse_args()
    torch.manual_seed(1)

    slices = [one for path in args.data for one in packed.read(path)]
    order = [one.name for one in slices if one.source == "medseg"]
    seen = [one for one in slices if folds.fold_of(one, order) != 0]
    covid = [one for one in seen if one.source == "covid"]
    held_out = [one for one in slices if one.source == "covid" and folds.fold_of(one, order) == 0]
    views = Views(*packed.canvas(seen, 320, torch.device("cpu")), 0.25)
    draw = lambda size: views.draw(torch.randint(len(seen), (args.batch,)), size)[0]

    whole = backbone.load_small(args.teacher)
    bodies = {"random": build(args.depth), "cut": build(args.depth), "distilled": build(args.depth), "teacher": build(152)}
    for name in ("cut", "distilled"):
        backbone.initialise(bodies[name], backbone.cut(whole, args.depth))
    backbone.initialise(bodies["teacher"], whole)
    bodies = {name: model.backbone.body for name, model in bodies.items()}

    def log(step, losses):
        if step % 10 == 0:
            print(step, [round(one, 4) for one in losses], flush=True)

    spread = distil(bodies["distilled"], bodies["teacher"], draw, args.steps, size=args.size, log=log)
    backbone.save_small({k: v for k, v in bodies["distilled"].state_dict().items() if "num_batches" not in k}, args.out)
    pictures = draw(args.size)
    found = {}
    for name, body in bodies.items():
        body.eval()
        with torch.no_grad():
            apart = [round(float(one), 4) for one in differences(body, bodies["teacher"], pictures, spread)]
        found[name] = {"difference": apart} | probe.probe(body, covid[:: args.every], held_out[:: args.every // 2])
        print(name, json.dumps(found[name]), flush=True)
    args.out.with_suffix(".json").write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
