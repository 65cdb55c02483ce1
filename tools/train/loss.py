"""What the net is told: who is responsible for which object, and how wrong it was.

Assignment: Feng et al., *TOOD: Task-aligned One-stage Object Detection*, 2021: the points that already see
an object best learn it, with the quality of their box as the score to reach. What no label covers learns
the teacher's own score there instead of a plain "no" (dense distillation): a missing label does no harm.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from tools.train.batches import Batch
from tools.train.net import boxes as to_boxes

_TOP = 10
#: A level learns objects whose longer side is so many strides.
_RANGE = (0.7, 10.0)
#: A label of score s is worth `_FLOOR` + (1 - `_FLOOR`) * s.
_FLOOR = 0.4
_BOX = 2.0


@dataclass(frozen=True, slots=True)
class Targets:
    """What each point should say: boxes (b, p, 4), scores (b, p, classes); `weight` 0 where it is not judged."""

    boxes: Tensor
    scores: Tensor
    weight: Tensor
    chosen: Tensor


def iou(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Return intersection over union and its generalised form of boxes that broadcast."""
    low, high = torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])
    both = (high - low).clamp(min=0).prod(-1)
    area = (
        (a[..., 2:] - a[..., :2]).clamp(min=0).prod(-1)
        + (b[..., 2:] - b[..., :2]).clamp(min=0).prod(-1)
        - both
    )
    hull = (
        (torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])).clamp(min=0).prod(-1)
    )
    share = both / area.clamp(min=1e-6)
    return share, share - (hull - area) / hull.clamp(min=1e-6)


def _inside(places: Tensor, boxes: Tensor) -> Tensor:
    """Return (k, p): which point lies in which box."""
    left = places[None] - boxes[:, None, :2]
    right = boxes[:, None, 2:] - places[None]
    return torch.minimum(left, right).amin(-1) > 0


def _flat(padded: Tensor) -> tuple[Tensor, Tensor]:
    """Return the rows that are there, (k, 6), and the picture of each: most of the padding is empty."""
    there = padded[..., 0] >= 0
    return padded[there], there.nonzero()[:, 0]


@torch.no_grad()
def assign(batch: Batch, scores: Tensor, found: Tensor, places: Tensor, strides: Tensor) -> Targets:
    """Choose the points that are responsible: k objects against p points."""
    rows, picture = _flat(batch.boxes)
    labels, truth = rows[:, 0].long(), rows[:, 1:5]
    overlap, _ = iou(truth[:, None], found[picture])
    said = scores[picture, :, labels].clamp(min=1e-4)
    allowed = _allowed(truth, places, strides[:, 0])
    align = torch.where(allowed, said.sqrt() * overlap.pow(4) + 1e-9, 0.0)
    mask = torch.zeros_like(allowed).scatter_(1, align.topk(_TOP, dim=1).indices, value=True) & allowed
    wanted = torch.where(mask, overlap + 1e-6, 0.0)  # a point of two objects goes to the better fitting one
    most = torch.zeros(found.shape[:2], device=found.device)
    most.scatter_reduce_(0, picture[:, None].expand_as(wanted), wanted, "amax")
    mine = mask & (wanted >= most[picture])
    quality = torch.where(mine, align, 0.0)
    peak = torch.where(mine, overlap, 0.0).amax(1, keepdim=True)
    trust = _FLOOR + (1 - _FLOOR) * rows[:, 5:]
    quality = quality / quality.amax(1, keepdim=True).clamp(min=1e-9) * peak * trust
    row, point = mine.nonzero(as_tuple=True)
    hard, target = torch.zeros_like(batch.soft), torch.zeros_like(found)
    chosen = torch.zeros(found.shape[:2], dtype=torch.bool, device=found.device)
    hard[picture[row], point, labels[row]] = quality[row, point]
    target[picture[row], point], chosen[picture[row], point] = truth[row], True
    return Targets(target, *_softened(batch, places, hard, chosen), chosen)


def _allowed(truth: Tensor, places: Tensor, strides: Tensor) -> Tensor:
    """Return (k, p): points in or near the middle of an object whose level learns its size."""
    longer = (truth[:, 2:] - truth[:, :2]).amax(1)[:, None] / strides
    fits = (longer > _RANGE[0]) | (strides == strides.min())
    fits &= (longer < _RANGE[1]) | (strides == strides.max())
    centre = (truth[:, :2] + truth[:, 2:]) / 2
    near = (places[None] - centre[:, None]).abs().amax(-1) < 0.8 * strides
    return (_inside(places, truth) | near) & fits


def _softened(batch: Batch, places: Tensor, hard: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Return scores with the teacher's where no label rules, and where nothing is judged at all."""
    scores = torch.where(chosen[..., None], hard, batch.soft)
    rows, picture = _flat(batch.unsure)
    row, point = _inside(places, rows[:, 1:5]).nonzero(as_tuple=True)
    weight = torch.ones_like(scores)
    weight[picture[row], point, rows[row, 0].long()] = 0.0
    return scores, torch.maximum(weight, (hard > 0).float())


def loss(
    batch: Batch, logits: Tensor, reach: Tensor, places: Tensor, strides: Tensor
) -> tuple[Tensor, dict[str, float]]:
    """Return the loss of a batch and its parts."""
    logits, found = logits.float(), to_boxes(reach.float(), places, strides)
    targets = assign(batch, logits.sigmoid(), found, places, strides)
    total = targets.scores.sum().clamp(min=float(len(logits)))
    missed = functional.binary_cross_entropy_with_logits(logits, targets.scores, reduction="none")
    classes = (missed * targets.weight).sum() / total
    share, general = iou(found[targets.chosen], targets.boxes[targets.chosen])
    worth = targets.scores[targets.chosen].sum(-1)
    box = ((1 - general) * worth).sum() / worth.sum().clamp(min=1.0)
    parts = {"classes": classes.item(), "box": box.item(), "iou": share.mean().item() if len(share) else 0.0}
    return classes + _BOX * box, parts
