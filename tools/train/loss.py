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
from tools.train.settings import CLASSES

_TOP = 10
#: A level learns objects whose longer side is so many strides.
_RANGE = (0.7, 10.0)
#: A label of score s is worth `_FLOOR` + (1 - `_FLOOR`) * s.
_FLOOR = 0.4
_BOX = 2.0


@dataclass(frozen=True, slots=True)
class Targets:
    """What each point should say: boxes (b, p, 4), scores (b, p, 4); `weight` 0 where it is not judged."""

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
    """Return (b, n, p): which point lies in which box."""
    left = places[None, None] - boxes[..., None, :2]
    right = boxes[..., None, 2:] - places[None, None]
    return torch.cat([left, right], -1).amin(-1) > 0


@torch.no_grad()
def assign(batch: Batch, scores: Tensor, found: Tensor, places: Tensor, strides: Tensor) -> Targets:
    """Choose the points that are responsible; (b, n) objects against (p,) points."""
    labels, truth = batch.boxes[..., 0].long(), batch.boxes[..., 1:5]
    there = labels >= 0
    overlap, _ = iou(truth[:, :, None], found[:, None])
    said = torch.gather(
        scores.transpose(1, 2), 1, labels.clamp(min=0)[..., None].expand(-1, -1, scores.shape[1])
    )
    longer = (truth[..., 2:] - truth[..., :2]).amax(-1)[..., None] / strides[None, None, :, 0]
    finest, coarsest = strides.min(), strides.max()
    fits = (longer > _RANGE[0]) | (strides[None, None, :, 0] == finest)
    fits &= (longer < _RANGE[1]) | (strides[None, None, :, 0] == coarsest)
    centre = (truth[..., :2] + truth[..., 2:]) / 2
    near = (places[None, None] - centre[..., None, :]).abs().amax(-1) < 0.8 * strides[None, None, :, 0]
    allowed = (_inside(places, truth) | near) & fits & there[..., None]
    align = torch.where(allowed, (said.clamp(min=1e-4)).sqrt() * overlap.pow(4) + 1e-9, 0.0)
    best = align.topk(_TOP, dim=-1).indices
    mask = torch.zeros_like(allowed).scatter_(2, best, value=True) & allowed
    contested = torch.where(
        mask, overlap + 1e-6, 0.0
    )  # a point of two objects goes to the better fitting one
    owner = contested.argmax(1)
    chosen = contested.amax(1) > 0
    mine = mask & (owner[:, None] == torch.arange(mask.shape[1])[None, :, None])
    quality = torch.where(mine, align, 0.0)
    peak = torch.where(mine, overlap, 0.0).amax(-1, keepdim=True)
    quality = quality / quality.amax(-1, keepdim=True).clamp(min=1e-9) * peak
    trust = _FLOOR + (1 - _FLOOR) * batch.boxes[..., 5].clamp(min=0)
    value = torch.gather(quality * trust[..., None], 1, owner[:, None]).squeeze(1) * chosen
    label = torch.gather(labels.clamp(min=0), 1, owner)
    hard = functional.one_hot(label, len(CLASSES)) * value[..., None]
    target = torch.gather(truth, 1, owner[..., None].expand(-1, -1, 4))
    return Targets(target, *_softened(batch, places, hard, chosen), chosen)


def _softened(batch: Batch, places: Tensor, hard: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Return scores with the teacher's where no label rules, and where nothing is judged at all."""
    scores = torch.where(chosen[..., None], hard, batch.soft)
    labels = batch.unsure[..., 0].long()
    inside = _inside(places, batch.unsure[..., 1:5]) & (labels >= 0)[..., None]
    kinds = functional.one_hot(labels.clamp(min=0), len(CLASSES)).float()
    unsure = torch.einsum("bmp,bmc->bpc", inside.float(), kinds) > 0
    return scores, (~unsure | (hard > 0)).float()


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
