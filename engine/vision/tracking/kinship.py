"""Which boxes are of one object: the same one twice, a part of it, a rider and what is ridden. Pure."""

from __future__ import annotations

from math import inf

from engine.vision.boxes import Box, area, overlap, shared

#: What one of two labels costs that the other one was taken for; the same for both ways.
TAKEN_FOR = {
    frozenset({"car", "heavy"}): 0.5,
    frozenset({"person", "two_wheeler"}): 1.0,
    frozenset({"person", "animal"}): 1.5,
    frozenset({"two_wheeler", "car"}): 2.0,
}
#: The same of any other two: one thing may be one only where boxes say so clearly.
STRANGE = 3.0
#: What stands before something else, or on it, and is no part of it though it lies wholly in its box: the inner label
#: first. Who leads a buffalo is somebody, and a motorcycle beside a car is one.
BEFORE = frozenset({("person", "animal"), ("two_wheeler", "car")})
#: What no detector classified is nothing else.
UNCLASSIFIED = "moving"
#: A rider is part of what he rides.
RIDER = frozenset({"person", "two_wheeler"})
#: Least overlap (IoU) of two boxes of one object, where their labels may be taken for each other, and where not.
TWICE, TWICE_STRANGE = 0.45, 0.7
#: Least part of a box that lies in the box that it is part of, and most size of it.
INSIDE, PART = 0.8, 0.7
#: Most height of what was cut off, by a body before it or by the detector; least and most width of it.
CUT, ACROSS = 0.6, (0.5, 1.4)
#: Least part of the smaller of two boxes that lies in the other where the one was lost as the other was found:
#: somebody sat down, stood up, or came out from behind a desk.
CHANGED = 0.5
#: Least part of the smaller of a rider's two boxes that lies in the other, and of its width.
MOUNTED, ASTRIDE = 0.4, 0.7


def taken_for(a: str, b: str) -> float:
    """Return what it costs to believe that two labels are of one object; infinite where they cannot be."""
    if a == b:
        return 0.0
    if UNCLASSIFIED in (a, b):
        return inf
    return TAKEN_FOR.get(frozenset({a, b}), STRANGE)


def within(inner: Box, outer: Box) -> float:
    """Return how much of a box lies in another, 0..1."""
    return shared(inner, outer) / max(area(inner), 1e-9)


def is_part(inner: Box, outer: Box) -> bool:
    """Return whether a box may be that of a part: head and shoulders, or the trunk."""
    return area(inner) <= PART * area(outer) and within(inner, outer) >= INSIDE


def is_part_of(label: str, box: Box, other_label: str, other: Box) -> bool:
    """Return whether a box may be that of a part of another object, by their labels too."""
    alike = taken_for(label, other_label) < STRANGE and (label, other_label) not in BEFORE
    return alike and is_part(box, other)


def is_cut(box: Box, whole: Box) -> bool:
    """Return whether a box is as wide as a whole, and much lower: head and shoulders, or the legs."""
    wide, high = whole[2] - whole[0], whole[3] - whole[1]
    return box[3] - box[1] < CUT * high and ACROSS[0] * wide < box[2] - box[0] < ACROSS[1] * wide


def completed(part: Box, whole: Box) -> Box:
    """Return where a whole is of which a part was found: the part's nearer end, and its middle, are its own."""
    high = whole[3] - whole[1]
    y = part[1] if is_upper(part, whole) else part[3] - high
    half, x = (whole[2] - whole[0]) / 2, (part[0] + part[2]) / 2
    return x - half, y, x + half, y + high


def is_upper(part: Box, whole: Box) -> bool:
    """Return whether a part is nearer to the upper end of its whole."""
    return abs(part[1] - whole[1]) <= abs(part[3] - whole[3])


def mounted(a: Box, b: Box) -> bool:
    """Return whether a person's and a two-wheeler's box lie on each other as a rider's do."""
    across = min(a[2], b[2]) - max(a[0], b[0])
    narrow = min(a[2] - a[0], b[2] - b[0])
    return across >= ASTRIDE * narrow and max(within(a, b), within(b, a)) >= MOUNTED


def is_one(label: str, box: Box, other_label: str, other: Box) -> bool:
    """Return whether two boxes, found in one picture, are most likely of one object."""
    cost = taken_for(label, other_label)
    if frozenset({label, other_label}) == RIDER and mounted(box, other):
        return True
    if overlap(box, other) >= (TWICE if cost < STRANGE else TWICE_STRANGE):
        return cost < inf
    return cost < 1.0 and (is_part(box, other) or is_part(other, box))


def is_changed(label: str, box: Box, other_label: str, other: Box) -> bool:
    """Return whether a box is that of an object that was lost in this picture, found in another extent."""
    return taken_for(label, other_label) < 1.0 and max(within(box, other), within(other, box)) >= CHANGED
