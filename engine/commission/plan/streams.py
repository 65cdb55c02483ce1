"""The two streams that a site wants of a camera: which profiles they are, and how their encoders are set. Pure.

Which profile is which is asked of what the profiles *could* be, before what they are: so the choice stays the same
after it was carried out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import unquote

from drivers.contract import Feature, Profile, Value
from engine.commission.plan.wish import Offer, Plan, Wish, same
from engine.commission.record import Risk
from engine.commission.standard import StreamSettings
from rules.model import Sentence

#: Pixels across that a stream for analysis needs at least (the configuration's own default goes by the same).
LEAST = 320
#: What codecs are called besides.
_CODECS = {"h265": "hevc", "avc": "h264", "jpeg": "mjpeg"}


@dataclass(frozen=True, slots=True)
class Streams:
    """Which profiles are for what, by token; empty: there is none.

    Attributes:
        sub: For analysis; the same as `main` where there is one alone.
    """

    main: str = ""
    sub: str = ""


@dataclass(slots=True)
class _Encoder:
    """A profile with what can be set of it."""

    profile: Profile
    knobs: dict[str, Feature] = field(default_factory=dict)

    @property
    def size(self) -> tuple[int, int]:
        return self.profile.width, self.profile.height

    def reach(self, wanted: StreamSettings) -> tuple[int, int]:
        """Return the size nearest to a wanted one that it can have; what cannot be set stays."""
        feature = self.knobs.get("resolution")
        sizes = [size for each in (feature.choices if feature else ()) if (size := as_size(each))]
        return nearest(sizes or [self.size], wanted)


def choose(
    offer: Offer, profiles: Sequence[Profile], main: StreamSettings, sub: StreamSettings, asked: str = ""
) -> Streams:
    """Return which of a camera's profiles are for recording and for analysis.

    Args:
        asked: The profile that the sheet names for analysis, by token or name; empty: none.
    """  # fmt: skip
    encoders = _encoders(offer, profiles)
    if not encoders:
        return Streams()
    named = [each for each in encoders if asked and asked in (each.profile.token, each.profile.name)]
    seconds = (
        named or [each for each in encoders if each.reach(sub)[0] >= LEAST or not each.size[0]] or encoders
    )
    pairs = [(one, other) for one in encoders for other in seconds if one is not other]
    if not pairs:
        return Streams(encoders[0].profile.token, encoders[0].profile.token)
    mains, subs = ({id(each): _cost(offer, each, wanted) for each in encoders} for wanted in (main, sub))
    first, second = min(pairs, key=lambda pair: _together(mains[id(pair[0])], subs[id(pair[1])]))
    return Streams(first.profile.token, second.profile.token)


#: How far an encoder can be brought from what is wanted, how far it is now, and how much is to be set.
_Cost: TypeAlias = tuple[float, float, int]


def _cost(offer: Offer, encoder: _Encoder, wanted: StreamSettings) -> _Cost:
    reach = distance(encoder.reach(wanted), wanted)
    return reach, distance(encoder.size, wanted), len(_plan(offer, encoder, wanted)[0])


def _together(main: _Cost, sub: _Cost) -> tuple[float, float, float, int]:
    """Order pairs: once one is set, none that wants more setting comes before it."""
    return main[0], sub[0], main[1] + sub[1], main[2] + sub[2]


def plan_streams(
    offer: Offer, profiles: Sequence[Profile], chosen: Streams, main: StreamSettings, sub: StreamSettings
) -> Plan:
    """Return how the chosen profiles' encoders are to be set, as near to what is wanted as they can be."""
    encoders = {each.profile.token: each for each in _encoders(offer, profiles)}
    if not chosen.main:
        return Plan(told=(Sentence("commission.no_streams"),))
    wishes, told = _plan(offer, encoders[chosen.main], main)
    if chosen.sub == chosen.main:
        return Plan(tuple(wishes), (*told, Sentence("commission.one_stream", {"profile": chosen.main})))
    more, besides = _plan(offer, encoders[chosen.sub], sub)
    return Plan((*wishes, *more), (*told, *besides))


def _encoders(offer: Offer, profiles: Sequence[Profile]) -> list[_Encoder]:
    """Return the profiles with their knobs, in an order that does not hang on their present sizes."""
    found = {each.token: _Encoder(each) for each in profiles}
    for feature in offer.features:
        kind, _, rest = feature.id.partition(".")
        token, _, knob = rest.rpartition(".")
        if kind == "encoder" and feature.writable and unquote(token) in found:
            found[unquote(token)].knobs[knob] = feature
    return [found[token] for token in sorted(found)]


def _plan(offer: Offer, encoder: _Encoder, wanted: StreamSettings) -> tuple[list[Wish], list[Sentence]]:
    """Return how an encoder is set, and what it cannot."""
    values = dict(_values(encoder.knobs, wanted, encoder.reach(wanted)))
    wishes = [
        wish
        for knob, value in values.items()
        for wish in offer.wish(encoder.knobs[knob], value, Risk.RESTARTS)
        if not same(_known(offer.values.get(encoder.knobs[knob].id, "")), _known(value))
    ]
    token = encoder.profile.token
    if not encoder.knobs:
        return [], [Sentence("commission.fixed_encoder", {"profile": token})]
    return wishes, [
        Sentence("commission.no_codec", {"profile": token, "codec": wanted.codec})
        for _ in range("codec" in encoder.knobs and "codec" not in values)
    ]


def _values(
    knobs: Mapping[str, Feature], wanted: StreamSettings, size: tuple[int, int]
) -> list[tuple[str, Value]]:
    """Return the values that an encoder is to have, by knob: the nearest to what is wanted."""
    found: list[tuple[str, Value]] = []
    codec = knobs.get("codec")
    if codec is not None:
        found += [("codec", each) for each in codec.choices if _known(each) == wanted.codec][:1]
    if "resolution" in knobs and "x".join(map(str, size)) in knobs["resolution"].choices:
        found.append(("resolution", "x".join(map(str, size))))
    fps = wanted.fps
    if "fps" in knobs:
        told = held(knobs["fps"], wanted.fps)
        found.append(("fps", told))
        fps = float(told) if isinstance(told, (int, float, str)) else wanted.fps
    for knob, value in (("bitrate", wanted.bitrate), ("gop", max(1, round(fps * wanted.keyframe_seconds)))):
        if knob in knobs:
            found.append((knob, held(knobs[knob], value)))
    return found


def held(feature: Feature, value: float) -> Value:
    """Return the number nearest to a wanted one that a feature takes."""
    if feature.choices:
        return min(feature.choices, key=lambda each: abs(_float(each) - value))
    least, most = feature.least, feature.most
    within = max(value if least is None else least, min(value, value if most is None else most))
    if not feature.whole:
        return within
    whole = round(within)
    return whole if most is None or whole <= most else math.floor(within)


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.inf


def nearest(sizes: Sequence[tuple[int, int]], wanted: StreamSettings) -> tuple[int, int]:
    """Return the size nearest to a wanted one; the same shape counts more than the same number of pixels."""
    return min(sizes, key=lambda size: (distance(size, wanted), size))


def distance(size: tuple[int, int], wanted: StreamSettings) -> float:
    """Return how far a size is from a wanted one: 0 the same; infinite where it is not known."""
    width, height = size
    if width <= 0 or height <= 0:
        return math.inf
    area = math.log(width * height / (wanted.width * wanted.height))
    shape = math.log(width / height * wanted.height / wanted.width)
    return abs(area) + 2 * abs(shape)


def as_size(text: str) -> tuple[int, int] | None:
    """Return the size that a text like ``640x360`` says."""
    width, _, height = text.partition("x")
    return (int(width), int(height)) if width.isdecimal() and height.isdecimal() else None


def _known(value: Value) -> Value:
    """Return a codec by the name that the standard has for it; anything else as it is."""
    plain = value.lower().replace(".", "") if isinstance(value, str) else ""
    return _CODECS.get(plain, plain) or value
