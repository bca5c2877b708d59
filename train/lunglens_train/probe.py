"""What a frozen body knows of lesions: a linear classifier of pixels in the lungs, learnt on some patients, judged on others."""

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from .distil import stages

STRIDE = 8
SIDE = 256


@torch.no_grad()
def pixels(body, slices):
    """Features C2 to C5 at every eighth pixel in a lung, (N, C) f16, and whether it is lesion, (N,) bool. C2 and C3 to C5 are brought to
    stride 8 by averaging and nearest neighbour."""
    body.eval()
    features, truth = [], []
    for one in slices:
        grey = torch.from_numpy(one.grey)[None, None].float() / 255
        grey = F.interpolate(grey, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
        side = SIDE // STRIDE
        found = [F.adaptive_avg_pool2d(s, side) if s.shape[-1] > side else F.interpolate(s, size=(side, side)) for s in stages(body, grey)]
        small = lambda mask: F.adaptive_avg_pool2d(torch.from_numpy(mask)[None, None].float(), side)[0, 0] >= 0.5
        inside = small(one.lung | one.lesion)
        features.append(torch.cat(found, 1)[0][:, inside].T.half().numpy())
        truth.append(small(one.lesion)[inside].numpy())
    return np.concatenate(features), np.concatenate(truth)


def probe(body, train, test):
    """Area under the ROC curve and the best pixel F1 of a logistic regression on `body`'s features."""
    features, truth = pixels(body, train)
    mean, spread = features.mean(0, dtype=np.float64), features.std(0, dtype=np.float64) + 1e-3
    scaled = lambda x: ((x - mean) / spread).astype(np.float32)
    model = LogisticRegression(C=1e-3, max_iter=200).fit(scaled(features), truth)
    features, truth = pixels(body, test)
    score = model.predict_proba(scaled(features))[:, 1]
    order = np.argsort(-score)
    hits = np.cumsum(truth[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + truth.sum())
    return {"auc": round(float(roc_auc_score(truth, score)), 4), "pixel_f1": round(float(f1.max()), 4), "pixels": len(truth)}
