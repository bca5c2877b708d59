"""Random views of slices, made on the device for a whole batch: geometry, tone, noise, and crops to the lungs."""

import math

import torch
import torch.nn.functional as F


def uniform(count, low, high, device):
    return torch.rand(count, device=device) * (high - low) + low


def chance(count, p, device):
    return torch.rand(count, device=device) < p


class Views:
    """Draws views of slices of one canvas size.

    grey: (N, C, C) 0 to 1, the slice top left; ids: (N, 2, C, C) uint8, lesions (layer 0) and lungs (layer 1), 0 outside;
    content: (N, 2) width and height of the slice in canvas pixels; chest: (N, 4) x1 y1 x2 y2 around lungs and lesions;
    around: None, or (N, 3) which slices are the channels of a view (`data.around`).
    """

    def __init__(self, grey, ids, content, chest, crop_chance, around=None):
        self.grey, self.ids, self.content, self.chest, self.crop_chance = grey, ids, content, chest, crop_chance
        self.around = around

    def draw(self, index, size, augment=True):
        """(B, 1, S, S) grey, with `around` (B, 3, S, S), and (B, 2, S, S) ids of the slices `index`."""
        device, count = self.grey.device, len(index)
        canvas = self.grey.shape[-1]
        width, height = self.content[index].unbind(1)
        cx, cy, sw, sh = width / 2, height / 2, width.clone(), height.clone()
        angle, flip_x, flip_y = torch.zeros(count, device=device), torch.ones(count, device=device), torch.ones(count, device=device)
        if augment:
            scale = torch.exp(uniform(count, math.log(0.72), math.log(1.3), device))
            aspect = torch.exp(uniform(count, -0.1, 0.1, device))
            sw, sh = sw * scale * aspect, sh * scale / aspect
            cx = cx + uniform(count, -0.1, 0.1, device) * width
            cy = cy + uniform(count, -0.1, 0.1, device) * height
            # A crop to the lungs, as pictures in papers are.
            x1, y1, x2, y2 = self.chest[index].unbind(1)
            margin = lambda: uniform(count, -0.03, 0.12, device)
            x1, x2 = x1 - margin() * (x2 - x1), x2 + margin() * (x2 - x1)
            y1, y2 = y1 - margin() * (y2 - y1), y2 + margin() * (y2 - y1)
            crop = chance(count, self.crop_chance, device)
            cx, cy = torch.where(crop, (x1 + x2) / 2, cx), torch.where(crop, (y1 + y2) / 2, cy)
            sw, sh = torch.where(crop, (x2 - x1).clamp(min=32), sw), torch.where(crop, (y2 - y1).clamp(min=32), sh)
            angle = torch.where(chance(count, 0.7, device), uniform(count, -0.22, 0.22, device), angle)
            flip_x = torch.where(chance(count, 0.5, device), -flip_x, flip_x)
            flip_y = torch.where(chance(count, 0.15, device), -flip_y, flip_y)
        longest = torch.maximum(sw, sh)
        out_w, out_h = (size * sw / longest).round().clamp(min=8), (size * sh / longest).round().clamp(min=8)

        at = torch.arange(size, device=device) + 0.5
        u = (at[None, None] / out_w[:, None, None] - 0.5).expand(count, size, size)
        v = (at[None, :, None] / out_h[:, None, None] - 0.5).expand(count, size, size)
        outside = (u > 0.5) | (v > 0.5)
        dx, dy = u * (sw * flip_x)[:, None, None], v * (sh * flip_y)[:, None, None]
        if augment:
            bend = torch.randn(count, 2, 6, 6, device=device) * (chance(count, 0.4, device) * canvas * 0.008)[:, None, None, None]
            bend = F.interpolate(bend, size=(size, size), mode="bicubic", align_corners=True)
            dx, dy = dx + bend[:, 0], dy + bend[:, 1]
        cos, sin = angle.cos()[:, None, None], angle.sin()[:, None, None]
        x = cx[:, None, None] + cos * dx - sin * dy
        y = cy[:, None, None] + sin * dx + cos * dy
        inside = ~outside & (x >= 0) & (y >= 0) & (x <= width[:, None, None]) & (y <= height[:, None, None])
        # Values at the slice's edge go on for half a pixel, as in a resize.
        x = torch.minimum(x.clamp(min=0.5), width[:, None, None] - 0.5)
        y = torch.minimum(y.clamp(min=0.5), height[:, None, None] - 0.5)
        grid = torch.stack((x, y), -1) * (2 / canvas) - 1
        shown = self.grey[index][:, None] if self.around is None else self.grey[self.around[index]]
        grey = F.grid_sample(shown.float(), grid, mode="bilinear", align_corners=False)
        ids = F.grid_sample(self.ids[index].float(), grid, mode="nearest", align_corners=False)
        inside = inside[:, None]
        if augment:
            grey = tone(grey)
        return (grey * inside).clamp(0, 1), (ids * inside).to(torch.uint8)


def tone(grey):
    """Other windows, gammas, noise, blur, shading: what scanners, films and phones do to grey values."""
    device, count = grey.device, len(grey)
    pick = lambda p: chance(count, p, device)[:, None, None, None]
    one = lambda low, high: uniform(count, low, high, device)[:, None, None, None]
    # A random rising curve through five points.
    steps = torch.rand(count, 6, device=device) + 0.35
    knots = torch.cat((torch.zeros(count, 1, device=device), steps.cumsum(1) / steps.sum(1, keepdim=True)), 1)
    place = (grey.clamp(0, 1) * 6).flatten(1)
    left = place.floor().clamp(max=5).long()
    low, high = knots.gather(1, left), knots.gather(1, left + 1)
    curved = (low + (high - low) * (place - left)).view_as(grey)
    grey = torch.where(pick(0.5), curved, grey)
    grey = torch.where(pick(0.5), grey.clamp(min=1e-4) ** torch.exp(one(-0.55, 0.55)), grey)
    # A narrower or wider window.
    grey = torch.where(pick(0.5), ((grey - 0.5) * one(0.7, 1.35) + 0.5 + one(-0.12, 0.12)).clamp(0, 1), grey)
    # Less local contrast, as without CLAHE.
    base = F.interpolate(F.avg_pool2d(grey, 16), size=grey.shape[-2:], mode="bilinear", align_corners=False)
    grey = torch.where(pick(0.25), grey + one(-0.5, 0.5) * (base - base.mean((2, 3), keepdim=True)), grey)
    soft = F.avg_pool2d(F.pad(grey, (1, 1, 1, 1), mode="replicate"), 3, 1)
    grey = torch.where(pick(0.3), grey + one(-0.7, 1.0) * (soft - grey), grey)
    coarse = F.interpolate(F.interpolate(grey, scale_factor=0.6, mode="bilinear"), size=grey.shape[-2:], mode="bilinear")
    grey = torch.where(pick(0.12), coarse, grey)
    shade = F.interpolate(torch.randn(count, 1, 3, 3, device=device) * 0.12, size=grey.shape[-2:], mode="bicubic", align_corners=True)
    grey = torch.where(pick(0.15), grey * (1 + shade), grey)
    noise = torch.randn_like(grey)
    noise = torch.where(pick(0.5), noise, F.avg_pool2d(F.pad(noise, (1, 1, 1, 1), mode="replicate"), 3, 1) * 2)
    return torch.where(pick(0.5), grey + noise * one(0, 0.07), grey)


def targets(ids, lesions=28, lungs=4, smallest=10):
    """Boxes, labels, validity and masks of (B, 2, S, S) ids: (B, G, 4), (B, G), (B, G), (B, G, S, S) with G = lesions + lungs."""
    device = ids.device
    masks = torch.cat(
        (
            ids[:, :1] == torch.arange(1, lesions + 1, device=device, dtype=torch.uint8)[None, :, None, None],
            ids[:, 1:] == torch.arange(1, lungs + 1, device=device, dtype=torch.uint8)[None, :, None, None],
        ),
        1,
    )
    columns, rows = masks.any(2), masks.any(3)
    first = lambda line: line.float().argmax(-1)
    last = lambda line: line.shape[-1] - line.flip(-1).float().argmax(-1)
    boxes = torch.stack((first(columns), first(rows), last(columns), last(rows)), -1).float()
    valid = masks.flatten(2).sum(2) >= smallest
    valid &= ((boxes[..., 2:] - boxes[..., :2]) >= 2).all(-1)
    labels = torch.cat((torch.ones(lesions, device=device), torch.full((lungs,), 2.0, device=device))).long()
    return boxes, labels[None].expand(len(ids), -1), valid, masks
