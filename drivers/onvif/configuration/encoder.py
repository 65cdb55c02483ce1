"""A device's video encoders, by the second media service where it has one, else by the first.

What is not asked for stays as the device told it. What is asked for of one encoder goes in one call: each call may
restart its stream, and a pair that is good together may be refused one by one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from lxml import etree

from drivers.contract import Feature, FeatureCategory, FeatureKind, Value
from drivers.errors import DriverError, Malformed, Unsupported
from drivers.onvif import xml
from drivers.onvif.configuration.encoder_form import (
    MODES,
    Form,
    put_knob,
    read_knob,
    request_of,
)
from drivers.onvif.configuration.encoder_options import (
    CodecOptions,
    Limits,
    Offered,
    codec_name,
    size_of,
    with_bitrate,
)
from drivers.onvif.configuration.part import Send, step

#: What devices say where they do not tell a bitrate.
_NO_BITRATE = (1 << 31) - 1
_UNITS = {"fps": "fps", "bitrate": "kbit/s", "gop": ""}


@dataclass(frozen=True, slots=True)
class _Encoder:
    """One encoder, as a profile has it."""

    token: str
    offered: Offered


class Encoders:
    """One encoder a profile.

    Args:
        forms: Of the media services, the better one first.
    """

    def __init__(self, forms: Sequence[Form]) -> None:
        self._forms = forms
        self._form = forms[0]
        self._encoders: dict[str, _Encoder] = {}  # by the feature's id

    async def features(self) -> tuple[Feature, ...]:
        """Ask what each profile's encoder takes; a service that tells nothing of it gives way to the next."""
        failure: DriverError | None = None
        for form in self._forms:
            self._form = form
            try:
                found = await self._by(form)
            except (Unsupported, Malformed) as error:
                failure = failure or error
                continue
            if found:
                return found
        if failure is not None:
            raise failure
        return ()

    async def read(self, feature: Feature) -> Value:
        """Return what the encoder is set to."""
        told = await self._form.configuration(self._encoders[feature.id].token)
        return read_knob(self._form, told, _knob(feature))

    async def write(self, feature: Feature, value: Value) -> None:
        """Set one thing, and hand all others back as they came."""
        for send in await self.prepare({feature: value}):
            await send()

    async def prepare(self, values: Mapping[Feature, Value]) -> list[Send]:
        """Return one call for each encoder, checked against what it takes in the codec that it will have.

        Raises:
            Unsupported: ``driver.value``: not in that codec.
        """
        wanted: dict[str, dict[Feature, Value]] = {}
        for feature, value in values.items():
            wanted.setdefault(self._encoders[feature.id].token, {})[feature] = value
        return [await self._prepared(token, each) for token, each in wanted.items()]

    async def _prepared(self, token: str, values: Mapping[Feature, Value]) -> Send:
        told = await self._form.configuration(token)
        before = codec_name(xml.text(told, "Encoding"))
        asked = {_knob(feature): feature for feature in values}
        codec = str(values[asked["codec"]]) if "codec" in asked else before
        options = self._encoders[next(iter(values)).id].offered.get(codec, CodecOptions(codec))
        fitted = {knob: _fitted(feature, values[feature], options) for knob, feature in asked.items()}
        if codec != before:
            if "resolution" not in asked:
                _check_size(size_of(xml.find(told, "Resolution")), options, asked["codec"])
            self._form.change_codec(told, options)
            self._bring_within(told, options)
        for knob, value in fitted.items():
            put_knob(self._form, told, knob, value)
        return partial(self._form.set, request_of(told, self._form.service))

    def _bring_within(self, told: etree._Element, options: CodecOptions) -> None:
        """Hold numbers of another codec within what this one takes: nobody asked for what it would refuse."""
        for knob, limits in options.limits.items():
            with suppress(Malformed):
                present = read_knob(self._form, told, knob)
                assert isinstance(present, (int, float))  # noqa: S101 - knobs with limits are numbers
                put_knob(self._form, told, knob, limits.held(present))

    async def _by(self, form: Form) -> tuple[Feature, ...]:
        """Ask one service; a profile whose encoder does not tell is left out."""
        found: list[Feature] = []
        for profile in await form.profiles():
            encoder = xml.find(profile, form.encoder)
            if encoder is not None:
                with suppress(Unsupported, Malformed):
                    found += await self._of(form, profile, encoder)
        return tuple(found)

    async def _of(self, form: Form, profile: etree._Element, encoder: etree._Element) -> list[Feature]:
        token, configuration = xml.attribute(profile, "token"), xml.attribute(encoder, "token")
        offered = await form.offered(configuration, token)
        if 0 < (xml.number(xml.text(encoder, "RateControl", "BitrateLimit")) or 0) < _NO_BITRATE:
            offered = with_bitrate(offered)
        present = offered.get(codec_name(xml.text(encoder, "Encoding")))
        if present is None:
            return []
        source = xml.text(profile, form.source, "SourceToken")
        feature = partial(
            Feature, category=FeatureCategory.ENCODER, source=source, readable=True, writable=True
        )
        found = list(_described(f"encoder.{step(token)}", offered, present, feature))
        self._encoders |= dict.fromkeys((each.id for each in found), _Encoder(configuration, offered))
        return found


def _described(
    name: str, offered: Offered, present: CodecOptions, feature: Callable[..., Feature]
) -> Iterator[Feature]:
    """Yield what the present codec has; how far it goes is told of all codecs together, for they are set together."""
    if len(offered) > 1 or present.sizes or present.limits:
        yield feature(f"{name}.codec", FeatureKind.CHOICE, choices=tuple(offered))
    sizes = tuple(
        dict.fromkeys((*present.sizes, *(size for each in offered.values() for size in each.sizes)))
    )
    if sizes:
        yield feature(f"{name}.resolution", FeatureKind.CHOICE, choices=sizes)
    for knob in (knob for knob in _UNITS if knob in present.limits):
        every = [each.limits[knob] for each in offered.values() if knob in each.limits]
        yield feature(f"{name}.{knob}", FeatureKind.NUMBER, unit=_UNITS[knob],
                      whole=not any(limits.listed for limits in every),
                      least=math.floor(min(limits.least for limits in every)),
                      most=_upwards(max(limits.most for limits in every)),
        )  # fmt: skip
    if present.constant:
        yield feature(f"{name}.mode", FeatureKind.CHOICE, choices=MODES)


def _upwards(most: float) -> int | None:
    return math.ceil(most) if math.isfinite(most) else None


def _fitted(feature: Feature, value: Value, options: CodecOptions) -> Value:
    """Return a value as an encoder takes it in one codec; a listed rate in the device's own number.

    Raises:
        Unsupported: ``driver.value``: it does not.
    """
    knob = _knob(feature)
    limits = options.limits.get(knob)
    if limits is not None and isinstance(value, (int, float)):
        near = limits.nearest(value)
        if near is None:
            raise _unfit(feature, value, _shown(limits, feature))
        return near
    if knob == "resolution" and value not in options.sizes:
        raise _unfit(feature, value, "|".join(options.sizes))
    if knob in _UNITS or (knob == "mode" and not options.constant):
        raise _unfit(feature, value, f"- ({options.encoding})")
    return value


def _check_size(size: str, options: CodecOptions, codec: Feature) -> None:
    """Refuse a codec that does not have the present size: nobody said which other one it should be."""
    if options.sizes and size not in options.sizes:
        raise _unfit(codec, f"{options.encoding} {size}", "|".join(options.sizes))


def _unfit(feature: Feature, value: Value, takes: str) -> Unsupported:
    return Unsupported("driver.value", feature=feature.id, value=value, range=takes)


def _shown(limits: Limits, feature: Feature) -> str:
    return f"{limits.shown} {feature.unit}".rstrip()


def _knob(feature: Feature) -> str:
    return feature.id.rpartition(".")[2]
