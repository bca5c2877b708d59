"""A student body learns to see what a deeper teacher sees; labels are not needed (FitNets, Romero et al. 2015).

Loss: the mean squared difference of the stages C2 to C5, each channel in units of the teacher's standard deviation.
"""

import torch

from .network import SIZE

STAGES = ("0", "1", "2", "3")


def stages(body, grey):
    """C2 to C5 of (B, 1, S, S) pictures."""
    found = body(grey.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last))
    return [found[name] for name in STAGES]


@torch.no_grad()
def spreads(teacher, pictures):
    """The standard deviation of each channel of each stage, (1, C, 1, 1) each. Channels that hardly move count no more than others."""
    found = [stage.std((0, 2, 3), keepdim=True) for stage in stages(teacher, pictures)]
    return [one.clamp(min=float(one.mean()) / 2) for one in found]


def differences(student, teacher, grey, spread):
    """The mean squared difference of each stage, in the teacher's spread: four scalars."""
    with torch.no_grad():
        wanted = stages(teacher, grey)
    return [((a - b) / s).square().mean() for a, b, s in zip(stages(student, grey), wanted, spread)]


def distil(student, teacher, draw, steps, rate=3e-4, size=SIZE, log=lambda step, losses: None):
    """Trains `student` in place; `draw(size)` gives a batch (B, 1, S, S)."""
    teacher.eval()
    spread = spreads(teacher, draw(size))
    student.train()
    optimiser = torch.optim.AdamW(student.parameters(), rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.1)
    for step in range(steps):
        losses = differences(student, teacher, draw(size), spread)
        optimiser.zero_grad(set_to_none=True)
        sum(losses).backward()
        torch.nn.utils.clip_grad_norm_(student.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        log(step + 1, [float(one) for one in losses])
    return spread
