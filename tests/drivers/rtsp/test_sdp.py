"""Session descriptions: videos, codecs and parameter sets, of any text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.contract import Codec
from drivers.rtsp import sdp
from drivers.rtsp.sdp import START


def test_a_description_tells_videos_codecs_and_parameter_sets() -> None:
    text = (
        "v=0\na=control:rtsp://h/base\nm=audio 0 RTP/AVP 8\na=control:a\n"
        "m=video 0 RTP/AVP 98 96\na=rtpmap:98 MP4V-ES/90000\na=rtpmap:96 h265/90000\n"
        "a=fmtp:96 sprop-vps=QAE; sprop-sps = QgE= ;sprop-pps=????;sprop-max-don-diff=2\na=control:v\n"
        "m=video 0 RTP/AVP 26\nm=video 0 RTP/AVP 97\na=rtpmap:97 VP8/90000\nm=video\na=rtpmap:x y\nm=\n=\n"
    )
    told = sdp.read(text)
    assert told.control == "rtsp://h/base"
    first, second = told.videos
    assert first == sdp.Video(Codec.H265, 96, 90_000, "v", START + b"\x40\x01" + START + b"\x42\x01", True)
    assert (second.codec, second.payload, second.control) == (Codec.MJPEG, 26, "")
    assert "VP8" in told.others


@given(st.text(max_size=400))
def test_a_description_of_any_text_is_read(text: str) -> None:
    sdp.read(text)
    sdp.read("m=video 0 RTP/AVP 96\n" + "\n".join(f"a=rtpmap:{line}" for line in text.split()))


@pytest.mark.parametrize("odd", ["\0", "\ufeff", "\ufffd", "\x1b[2J"])
def test_a_description_may_hold_odd_characters(odd: str) -> None:
    text = f"{odd}v=0\ns={odd}\nm=video 0 RTP/AVP 96{odd if odd == chr(0) else ''}\na=rtpmap:96 H264/90000\n"
    assert [video.payload for video in sdp.read(text).videos] == [96]


def test_a_payload_type_without_a_name_is_guessed_and_sets_may_bring_their_start() -> None:
    one = sdp.read("m=video 0 RTP/AVP 96\na=fmtp:96 sprop-parameter-sets=AAAAAWdC\na=control:x\n").videos[0]
    assert (one.codec, one.clock, one.sets) == (Codec.H264, 90_000, START + b"\x67\x42")
    other = sdp.read("m=video 0 RTP/AVP 96\na=fmtp:96 sprop-sps=QgE=\n").videos[0]
    assert other.codec is Codec.H265
    assert sdp.read("m=video 0 RTP/AVP 32\n").videos == ()
    assert sdp.read("m=video 0 RTP/AVP 96\na=rtpmap:97 H264/90000\n").videos == ()
