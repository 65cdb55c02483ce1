"""Encoders: what they take, and what a person hears of what they do not."""

from dataclasses import replace

import pytest

from drivers.contract import Codec
from drivers.virtual.encoding import PAIR, Encoders, Encoding, Limits, Stream

MAIN, SUB = Stream(PAIR[0]), Stream(PAIR[1])


@pytest.fixture
def changed() -> list[Stream]:
    return []


@pytest.fixture
def encoders(changed: list[Stream]) -> Encoders:
    return Encoders((MAIN, SUB), Limits(codecs=(Codec.H264,)), changed.append)


def test_one_encoder_is_set_and_told_of_once(encoders: Encoders, changed: list[Stream]) -> None:
    wanted = Encoding((640, 360), 8.0, 512, 16)
    for _ in range(2):
        encoders.set(SUB, wanted)
    assert encoders.encodings == {"main": PAIR[0].encoding, "sub": wanted}
    assert changed == [SUB]


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ({"size": (641, 360)}, "641x360"), ({"fps": 26.0}, "1..25"), ({"bitrate": 63}, "64..8192"),
        ({"gop": 0}, "1..100"), ({"codec": Codec.H265}, "codec"),
    ],
)  # fmt: skip
def test_what_is_not_offered_is_named(
    encoders: Encoders, changed: list[Stream], odd: dict[str, object], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        encoders.set(MAIN, replace(PAIR[0].encoding, **odd))  # type: ignore[arg-type]
    assert encoders.encodings["main"] == PAIR[0].encoding
    assert changed == []


def test_the_rate_of_a_clip_is_not_rounded_away() -> None:
    clip = replace(MAIN, profile=replace(PAIR[0], encoding=Encoding((320, 180), 24.975)))
    encoders = Encoders((clip,), Limits(sizes=((320, 180),), fps=(1, 25)))
    encoders.set(clip, Encoding((320, 180), 25, 300))
    assert encoders.encodings["main"] == Encoding((320, 180), 24.975, 300)


def test_streams_of_a_recorder_have_tokens_of_their_own() -> None:
    third = Stream(PAIR[1], 2)
    assert (third.token, third.configuration, third.path, third.name) == (
        "sub2", "encoder_sub2", "/sub2", "Sub stream 3",
    )  # fmt: skip
    assert Encoders((MAIN, third), Limits()).configured("encoder_sub2") == third
    assert Encoders((MAIN, third), Limits()).stream("sub") is None
