"""Decoders in hardware are used where they are wanted and there; software takes over, and it is known what decodes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest

from drivers.contract import Codec
from engine.vision import hardware
from engine.vision.decode import FRUITLESS, Decoder
from engine.vision.hardware import NODES, Hardware, opened, present


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with every device that there can be, and a PyAV that offers all of them."""
    for node in NODES.values():
        (tmp_path / node).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / node).touch()
    monkeypatch.setattr(hardware, "hwdevices_available", lambda: ["cuda", "vaapi"])
    return tmp_path


def test_what_is_there_is_what_is_offered_and_has_a_device(machine: Path, tmp_path: Path) -> None:
    assert present(machine) == [Hardware.CUDA, Hardware.VAAPI, Hardware.V4L2]
    (machine / NODES[Hardware.CUDA]).unlink()
    assert present(machine) == [Hardware.VAAPI, Hardware.V4L2]
    assert present(tmp_path / "nowhere") == []


@pytest.mark.parametrize("wanted", list(Hardware))
def test_what_cannot_be_opened_is_done_in_software(machine: Path, wanted: Hardware) -> None:
    """The real PyAV is asked: whatever this machine has or has not, a decoder comes out."""
    context, by = opened(Codec.H264, wanted, machine)
    assert isinstance(context, av.VideoCodecContext)
    assert by in (wanted, Hardware.SOFTWARE) or wanted is Hardware.AUTO


def test_what_is_wanted_is_tried_and_nothing_else(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Hardware] = []

    def context(codec: Codec, kind: Hardware) -> Any:
        tried.append(kind)
        if kind is Hardware.CUDA:
            raise LookupError(kind)
        return av.CodecContext.create(codec.value, "r")

    monkeypatch.setattr(hardware, "_context", context)
    assert opened(Codec.H264, Hardware.AUTO, machine)[1] is Hardware.VAAPI
    assert opened(Codec.H264, Hardware.V4L2, machine)[1] is Hardware.V4L2
    assert opened(Codec.H264, Hardware.CUDA, machine)[1] is Hardware.SOFTWARE
    assert opened(Codec.H264, Hardware.SOFTWARE, machine)[1] is Hardware.SOFTWARE
    assert tried == [Hardware.CUDA, Hardware.VAAPI, Hardware.V4L2, Hardware.CUDA]


def test_a_device_that_gives_no_pictures_is_given_up_for_software(
    film: Callable[..., Any], scene: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Mute:
        sample_aspect_ratio = None

        def decode(self, packet: object) -> list[Any]:
            return []

    real, first = opened, [True]

    def open_once(codec: Codec, wanted: Hardware) -> Any:
        if first.pop() if first else False:
            return Mute(), Hardware.CUDA
        return real(codec, wanted)

    monkeypatch.setattr("engine.vision.decode.opened", open_once)
    made = film(scene(FRUITLESS + 20))
    decoder = Decoder(made.codec, hardware=Hardware.CUDA)
    seen = [bool(decoder.feed(packet)) for packet in made.packets]
    assert decoder.by is Hardware.SOFTWARE
    assert not any(seen[:FRUITLESS])
    assert all(seen[FRUITLESS:])  # a keyframe comes each ten pictures
