"""Offers narrowed to the one format that suits the camera, answers that name it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.preview.sdp import KNOWN, NoCommonFormat, narrow, widen

#: As Chromium 156 offers them: (payload, packetization-mode, profile-level-id).
CHROMIUM = [
    (102, 1, "42001f"), (104, 0, "42001f"), (108, 1, "42e01f"), (114, 0, "42e01f"),
    (116, 1, "4d001f"), (39, 0, "4d001f"), (41, 1, "f4001f"),
]  # fmt: skip


def offer(formats: list[tuple[int, int, str]], candidates: tuple[str, ...] = ()) -> str:
    payloads = ["96", "97", *(str(each) for payload, _, _ in formats for each in (payload, payload + 100))]
    lines = [
        "v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0",
        f"m=video 9 UDP/TLS/RTP/SAVPF {' '.join(payloads)}", "c=IN IP4 0.0.0.0",
        *(f"a=candidate:1 1 udp 2122 {host} 50000 typ host" for host in candidates),
        "a=mid:0", "a=rtpmap:96 VP8/90000", "a=rtcp-fb:96 nack pli", "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96",
    ]  # fmt: skip
    for payload, mode, profile in formats:
        lines += [
            f"a=rtpmap:{payload} H264/90000",
            f"a=rtcp-fb:{payload} nack",
            f"a=fmtp:{payload} level-asymmetry-allowed=1;packetization-mode={mode};profile-level-id={profile}",
            f"a=rtpmap:{payload + 100} rtx/90000",
            f"a=fmtp:{payload + 100} apt={payload}",
        ]
    return "\r\n".join([*lines, ""])


@pytest.mark.parametrize(
    ("stream", "payload", "answered"),
    [
        ("42c01e", 108, "42e01e"),  # constrained baseline, level 3.0
        ("420028", 102, "420028"),  # baseline, level 4.0
        ("4d4028", 116, "4d0028"),  # main
        ("640028", 116, "4d0028"),  # high is not offered: the richest that is
    ],
)
def test_the_format_that_suits_the_camera_is_chosen(stream: str, payload: int, answered: str) -> None:
    narrowed = narrow(offer(CHROMIUM), stream, "127.0.0.1")
    assert f"m=video 9 UDP/TLS/RTP/SAVPF {payload} {payload + 100}\r\n" in narrowed.sdp
    assert narrowed.sdp.count("H264/90000") == 1
    assert f"profile-level-id={KNOWN}" in narrowed.sdp
    assert "VP8" not in narrowed.sdp
    assert narrowed.profile == answered


def test_high_is_taken_where_it_is_offered() -> None:
    narrowed = narrow(offer([*CHROMIUM, (60, 1, "64001f")]), "640028", "127.0.0.1")
    assert narrowed.profile == "640028"


@pytest.mark.parametrize("formats", [[], [(104, 0, "42e01f")]])
def test_without_a_usable_format_it_says_so(formats: list[tuple[int, int, str]]) -> None:
    with pytest.raises(NoCommonFormat):
        narrow(offer(formats), "42c01e", "127.0.0.1")


def test_hidden_candidates_are_taken_to_be_where_the_offer_came_from() -> None:
    told = narrow(offer(CHROMIUM, ("4d3a.local", "192.0.2.7")), "42c01e", "127.0.0.1").sdp
    assert "a=candidate:1 1 udp 2122 127.0.0.1 50000 typ host" in told
    assert "a=candidate:1 1 udp 2122 192.0.2.7 50000 typ host" in told
    assert ".local" not in told


def test_the_answer_names_the_real_profile() -> None:
    line = f"a=fmtp:108 packetization-mode=1;profile-level-id={KNOWN}"
    assert widen(line, "4d0028").endswith("profile-level-id=4d0028")


@given(st.text(max_size=400))
def test_no_text_breaks_it(text: str) -> None:
    with pytest.raises(NoCommonFormat):
        narrow(text, "42c01e", "127.0.0.1")


@given(st.lists(st.sampled_from(offer(CHROMIUM).split("\r\n")), max_size=60))
def test_no_shuffled_offer_breaks_it(lines: list[str]) -> None:
    try:
        narrowed = narrow("\r\n".join(lines), "42c01e", "127.0.0.1")
    except NoCommonFormat:
        return
    assert "VP8" not in narrowed.sdp
