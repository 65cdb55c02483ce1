"""What single devices do otherwise than RTSP and RTP say, and what this driver does about it."""

from __future__ import annotations

from drivers.kit.quirks import Quirk

_TESTS = "drivers/rtsp/test_quirks.py::test_"

QUIRKS: tuple[Quirk, ...] = (
    Quirk(
        "rtsp-announced-h265-sent-h264",
        "Ezviz C6N",
        "the description says H.265, the pictures are H.264: never a picture",
        "the first payloads are believed, not the description: drivers.rtsp.rtp.codec_of",
        "gh:AlexxIT/go2rtc/issues/264",
        "ezviz_c6n_any/DESCRIBE.sdp",
        _TESTS + "the_pictures_are_believed",
    ),
    Quirk(
        "rtsp-description-of-media-alone",
        "unnamed",
        "the description begins with its media; clients that want the rest refuse it",
        "what is missing is not missed: drivers.rtsp.sdp.read",
        "gh:AlexxIT/go2rtc/issues/679",
        "unnamed_go2rtc679_any/DESCRIBE.sdp",
        _TESTS + "a_description_that_others_refuse",
    ),
    Quirk(
        "rtsp-description-without-address",
        "Uniview, H3C",
        "origin and connection name no address; clients that want one refuse the description",
        "we talk to whom we reached: drivers.rtsp.sdp.read",
        "gh:bluenviron/mediamtx/issues/5033",
        "uniview_ipc2a4l_any/DESCRIBE.sdp",
        _TESTS + "a_description_that_others_refuse",
    ),
    Quirk(
        "rtsp-digest-sha-256-alone",
        "Hikvision",
        "the right login is refused: the client knows MD5 alone",
        "the strongest of all challenges is answered: drivers.kit.challenge",
        "gh:AlexxIT/go2rtc/pull/2344",
        "hikvision_rtsp_any/401.txt",
        _TESTS + "sha_256_alone",
    ),
    Quirk(
        "rtsp-framing-lost",
        "devices built on Live555",
        "half a packet lies between others, after the way was full",
        "passed over up to where a packet or a message may begin: drivers.rtsp.connection.RtspConnection",
        "gh:scottlamb/moonfire-nvr/issues/302",
        "unnamed_live555_any/interleaved.hex",
        _TESTS + "framing_is_found_again",
    ),
    Quirk(
        "rtsp-session-unknown-while-it-plays",
        "unnamed",
        "a sign of life is answered 454 while the pictures go on",
        "OPTIONS instead from then on; only pictures that stop end a session: drivers.rtsp.session.RtspSession.hear",
        "gh:bluenviron/mediamtx/issues/1066",
        "unnamed_mediamtx1066_any/GET_PARAMETER.txt",
        _TESTS + "an_unknown_session_that_plays_goes_on",
    ),
)
