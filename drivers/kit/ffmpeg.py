"""FFmpeg through PyAV: the one place where its exceptions, its log and its blocking calls are tamed.

It opens files alone (RTSP is `drivers.rtsp`'s). PyAV's exceptions and FFmpeg's log contain whole paths; nothing of
them leaves this module but an error number's text. A blocked call ends when its `Watch` is stopped.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace

import av
import av.container.core
import av.error
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from drivers.contract import Codec, CodecParameters
from drivers.errors import DriverError, Malformed, Unreachable, Unsupported

_CODECS = {"h264": Codec.H264, "hevc": Codec.H265, "mjpeg": Codec.MJPEG}
#: Streams of pictures that are no video: covers, thumbnails, stills.
_PICTURES = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
#: Added to the clock of a call that must end: beyond every time-out, and growing with each look.
_LATE = 1e6


@dataclass(slots=True)
class Watch:
    """Lets another thread end an FFmpeg call.

    Attributes:
        stop: Set it to end the call within FFmpeg's polling time (0.1 s).
    """

    stop: threading.Event
    _looks: int = field(default=0, init=False)

    @property
    def ended(self) -> bool:
        """Whether a call was told to end."""
        return self._looks > 0

    def clock(self) -> float:
        """Return monotonic seconds as the watched call shall see them."""
        now = time.monotonic()
        if not self.stop.is_set():
            return now
        self._looks += 1  # each look is later than any start + time-out that PyAV may have noted
        return now + _LATE * self._looks


_local = threading.local()


def _monotonic() -> float:
    watch: Watch | None = getattr(_local, "watch", None)
    return time.monotonic() if watch is None else watch.clock()


# PyAV's interrupt callback runs in the thread that reads and asks `time.monotonic()` of its own module
# whether the call is late; it offers no other way to end a call from outside. Where a future PyAV asks
# otherwise, a call ends by itself: files do not make one wait for ever.
av.container.core.time = SimpleNamespace(monotonic=_monotonic)  # type: ignore[attr-defined]  # not in its stubs
av.logging.set_level(None)  # FFmpeg's log prints what it opens


@contextmanager
def calling(watch: Watch, host: str, late: DriverError) -> Iterator[None]:
    """Put this thread's calls under a watch and translate everything that PyAV raises.

    Args:
        host: What errors name.
        late: The error to raise when the watch ended the call, whatever FFmpeg makes of that.

    Raises:
        DriverError: Never chained, and the original is emptied: it holds the URL with the password.
    """
    _local.watch = watch
    try:
        yield
    except DriverError:
        raise
    except (av.error.FFmpegError, OSError, ValueError, StopIteration) as error:
        failure = late if watch.ended else translate(error, host)
        _scrub(error)
        raise failure from None
    finally:
        _local.watch = None


def translate(error: BaseException, host: str) -> DriverError:
    """Return our error for one of PyAV's; only error numbers and class names survive."""
    match error:
        case av.error.ExitError() | TimeoutError():
            return Unreachable(host=host, detail="timed out")
        case EOFError() | StopIteration():
            return Unreachable("driver.ended", host=host)
        case av.error.LookupError():
            return Unsupported(host=host, detail=type(error).__name__)
        case OSError():
            return Unreachable(host=host, detail=_number(error.errno))
        case _:
            return Malformed(host=host, detail=type(error).__name__)


def _scrub(error: BaseException) -> None:
    """Take the URL out of a foreign error: `from None` hides it, but a logger may still look behind."""
    error.args = error.args[:2]  # number and text; PyAV's file name follows


def _number(number: int | None) -> str:
    return os.strerror(number) if number in errno.errorcode and number is not None else "?"


def video_in(container: InputContainer) -> VideoStream | None:
    """Return the video among a file's video streams: covers and thumbnails are such streams too."""
    moving = [each for each in container.streams.video if not each.disposition & _PICTURES]
    return max(moving, key=_worth, default=None)


def _worth(video: VideoStream) -> tuple[bool, bool, int, bool]:
    """Order streams: more than one picture (0: not told), a codec that we take, the largest, the default."""
    context = video.codec_context
    return (
        video.frames != 1,
        context.name in _CODECS,
        context.width * context.height,
        bool(video.disposition & Disposition.default),
    )


def parameters(stream: VideoStream, host: str) -> CodecParameters:
    """Return what a decoder needs to know of a stream.

    Raises:
        Unsupported: A codec that we neither decode nor pass on.
        Malformed: A stream without a time base.
    """
    context = stream.codec_context
    codec = _CODECS.get(context.name)
    if codec is None:
        raise Unsupported("driver.codec", host=host, codec=context.name)
    if not stream.time_base:
        raise Malformed(host=host, detail="no time base")
    return CodecParameters(
        codec, bytes(context.extradata or b""), stream.time_base, context.width, context.height
    )
