"""Decoders in hardware: which there are, and a context that uses one where it can. Never required, never silent.

What PyAV's wheel offers decides: NVDEC (``cuda``) on x86, V4L2's stateful decoders (``v4l2m2m``, Raspberry Pi 4), VAAPI
where FFmpeg was built with it. Pictures are copied back to memory, because motion and crops are looked at there.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import av
from av.codec.hwaccel import HWAccel, hwdevices_available
from av.error import FFmpegError

from drivers.contract import Codec


class Hardware(StrEnum):
    """What decodes."""

    SOFTWARE = "software"
    AUTO = "auto"  #: hardware where there is any
    CUDA = "cuda"
    VAAPI = "vaapi"
    V4L2 = "v4l2m2m"


#: Where the system shows that a device is there.
NODES = {
    Hardware.CUDA: "dev/nvidiactl",
    Hardware.VAAPI: "dev/dri/renderD128",
    Hardware.V4L2: "dev/video10",
}


def present(root: Path = Path("/")) -> list[Hardware]:
    """Return what this PyAV offers and this machine has, best first."""
    return [each for each in NODES if _offered(each) and (root / NODES[each]).exists()]


def _offered(kind: Hardware) -> bool:
    if kind is Hardware.V4L2:
        return "h264_v4l2m2m" in av.codecs_available
    return kind.value in hwdevices_available()


def opened(codec: Codec, wanted: Hardware, root: Path = Path("/")) -> tuple[av.VideoCodecContext, Hardware]:
    """Return a decoder's context, and what it decodes with: software, where nothing that is wanted can be had."""
    for kind in _candidates(wanted, root):
        try:
            return _context(codec, kind), kind
        except (FFmpegError, ValueError, RuntimeError, NotImplementedError, LookupError):
            continue
    return av.CodecContext.create(codec.value, "r"), Hardware.SOFTWARE


def _candidates(wanted: Hardware, root: Path) -> Iterator[Hardware]:
    if wanted is Hardware.SOFTWARE:
        return
    yield from (each for each in present(root) if wanted in (Hardware.AUTO, each))


def _context(codec: Codec, kind: Hardware) -> av.VideoCodecContext:
    """Return a context that decodes with a device.

    Raises:
        FFmpegError, ValueError, RuntimeError, NotImplementedError, LookupError: It cannot.
    """
    if kind is Hardware.V4L2:
        return _video(av.CodecContext.create(f"{codec.value}_v4l2m2m", "r"))
    accelerated = av.CodecContext.create(codec.value, "r", HWAccel(kind.value, allow_software_fallback=False))
    if not accelerated.is_hwaccel:
        raise LookupError(kind)
    return accelerated


def _video(context: av.CodecContext) -> av.VideoCodecContext:
    if not isinstance(context, av.VideoCodecContext):
        raise LookupError(context.name)
    return context
