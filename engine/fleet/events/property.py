"""Which property of a device a signal is about: its topic, with all that is named as its source and key. Pure."""

from __future__ import annotations

import re
from hashlib import blake2s

from drivers.contract import Signal

#: Characters of a topic, of a source, and of what else a subject shows; the whole is bounded with them.
TOPIC, SOURCE, SHOWN = 200, 64, 40
#: Names of items that say what a signal is about, where a driver does not tell them from data: of ONVIF and makers.
_NAMES = re.compile(
    r"(?i)\w*(Token|Source)|(\w*_)?(Rule|Region|Zone|Area|Line|Window|Field|Channel|Port|Module|Detector|Input|Relay)"
    r"(Name|Id|Index|No|Number)?"
)
#: What topics begin with that are about what is seen; Foscam's are its device's.
_SEEING = frozenset({"videosource", "videoanalytics", "ruleengine", "device"})


def subject(signal: Signal) -> str:
    """Return what a signal continues: one text per property, the same each time, at most some 320 characters.

    Topic and source are enough for most and stand as they are; what else names the property follows, with a digest.
    """
    more = [pair for pair in identity(signal) if pair[1] != signal.source]
    topic, source = signal.topic[:TOPIC], signal.source[:SOURCE]
    if not more and (topic, source) == (signal.topic, signal.source):
        return f"signal:{topic}:{source}"
    digest = blake2s(
        repr((signal.topic, signal.source, more)).encode(errors="replace"), digest_size=6
    ).hexdigest()
    shown = "/".join(value for _, value in more)[:SHOWN]
    return (
        f"signal:{topic}:{source}:{''.join(sign if sign.isprintable() else '?' for sign in shown)}~{digest}"
    )


def is_motion(topic: str) -> bool:
    """Return whether a topic (normalised) says that something moves in the picture.

    ONVIF's ``VideoSource/MotionAlarm`` and ``RuleEngine/CellMotionDetector/Motion`` (Profile M calls its cells
    ``MotionInCells``), and what makers call alike.

    >>> is_motion("RuleEngine/MotionRegionDetector/Motion"), is_motion("Device/Trigger/DigitalInput")
    (True, False)
    """
    root, *steps = topic.lower().split("/")
    return root in _SEEING and any("motion" in step for step in steps)


def topic_of(subject: str) -> str:
    """Return the topic in a subject: topics have no colon."""
    return subject.split(":", 2)[1]


def is_of(subject: str, source: str) -> bool:
    """Return whether a subject is about a source."""
    rest = subject.split(":", 2)[2]
    return rest == source or rest.startswith(f"{source}:")


def identity(signal: Signal) -> tuple[tuple[str, str], ...]:
    """Return the items that tell a property from others of its topic and source.

    A driver that tells them (`Signal.about`) is believed. Else they are known by their names. What is not known by its
    name is data: a counter taken for a name would make a property of each signal, which nothing would ever end.
    """
    return signal.about or tuple(sorted(pair for pair in signal.items.items() if _NAMES.fullmatch(pair[0])))
