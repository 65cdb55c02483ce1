"""How right tracks are: CLEAR MOT's switches, IDF1, boxes on nothing. Pure.

Bernardin and Stiefelhagen, *Evaluating multiple object tracking performance: the CLEAR MOT metrics*, 2008; Ristani et
al., *Performance measures and a data set for multi-target, multi-camera tracking*, ECCV 2016. Checked against
motmetrics 1.4 on these scenes: the same switches, IDF1 and recall.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from scenes.tracks import Box, Truth

from engine.vision.boxes import overlap
from engine.vision.tracking.assignment import assigned

#: Overlap from which on a told box is a true one's, and below which it lies on nothing.
MATCH, NOTHING = 0.5, 0.3
#: Part of an object that must be seen for it to be asked for; what is hidden further counts neither way.
ASKED = 0.3
#: A told object: id and box.
Told = tuple[int, Box]


@dataclass
class Score:
    """Counts over any number of scenes."""

    asked: int = 0
    told: int = 0
    matched: int = 0
    switches: int = 0
    on_nothing: int = 0
    all_told: int = 0
    objects: int = 0
    told_objects: int = 0
    identified: int = 0
    parts: list[dict[str, int]] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        """Return what is told of them."""
        return {
            "IDF1": round(2 * self.identified / max(self.asked + self.told, 1), 3),
            "switches": self.switches,
            "recall": round(self.matched / max(self.asked, 1), 3),
            "precision": round(self.matched / max(self.told, 1), 3),
            "on_nothing_%": round(100 * self.on_nothing / max(self.all_told, 1), 1),
            "told_per_true": round(self.told_objects / max(self.objects, 1), 2),
        }


def judge(score: Score, pictures: Iterable[tuple[Sequence[Truth], Sequence[Told]]]) -> None:
    """Add one scene's pictures to a score."""
    last: dict[int, int] = {}
    pairs: Counter[tuple[int, int]] = Counter()
    true_ids, told_ids = set[int](), set[int]()
    for truth, told in pictures:
        asked = [each for each in truth if each.visible >= ASKED]
        score.all_told += len(told)
        score.on_nothing += sum(all(overlap(box, each.box) < NOTHING for each in truth) for _, box in told)
        told_ids |= {id for id, _ in told}
        matches, left = _matches(asked, truth, told, last)
        score.asked += len(asked)
        score.told += left
        score.matched += len(matches)
        score.switches += sum(last.get(true, id) != id for true, id in matches.items())
        last |= matches
        for each in asked:
            true_ids.add(each.id)
            for id, box in told:
                if overlap(each.box, box) >= MATCH:
                    pairs[each.id, id] += 1
    score.objects += len(true_ids)
    score.told_objects += len(told_ids)
    score.identified += sum(pairs[pair] for pair in assigned({pair: -n for pair, n in pairs.items()}, 0.0))


def _matches(
    asked: Sequence[Truth], truth: Sequence[Truth], told: Sequence[Told], last: dict[int, int]
) -> tuple[dict[int, int], int]:
    """Return who is matched to whom, and how many told boxes count: not those on what is hidden."""
    boxes = dict(told)
    kept = {
        each.id: last[each.id]
        for each in asked
        if last.get(each.id) in boxes and overlap(each.box, boxes[last[each.id]]) >= MATCH
    }
    free = [id for id in boxes if id not in kept.values()]
    open_ = [each for each in asked if each.id not in kept]
    costs = {
        (row, column): 1 - found
        for row, each in enumerate(open_)
        for column, id in enumerate(free)
        if (found := overlap(each.box, boxes[id])) >= MATCH
    }
    made = {open_[row].id: free[column] for row, column in assigned(costs, 2.0)}
    used = {*kept.values(), *made.values()}
    hidden = [each.box for each in truth if each.visible < ASKED]
    spared = sum(any(overlap(boxes[id], box) >= MATCH for box in hidden) for id in boxes if id not in used)
    return kept | made, len(boxes) - spared
