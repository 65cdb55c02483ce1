"""Views of a decoded picture: its luma in place, crops for the detector, a JPEG.

Nothing here converts a whole picture to RGB: that costs 24 to 80 % of the decoding (to_ndarray).
"""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from drivers.kit.upright import Upright
from engine.vision.jit import kernel
from engine.vision.model import Boxes, Luma

Rect = tuple[float, float, float, float]  #: x0, y0, x1, y1 in pixels; may reach beyond the picture
_FULL_RANGE = 2  # AVCOL_RANGE_JPEG
#: What PADDING fills beyond the picture: the grey that YOLOX is trained with.
PADDING = 114
#: Chroma subsampling shifts (x, y) of the 8-bit formats that are read in place.
_SHIFTS = {
    "yuv420p": (1, 1), "yuvj420p": (1, 1), "nv12": (1, 1), "yuv422p": (1, 0), "yuvj422p": (1, 0),
    "yuv444p": (0, 0), "yuvj444p": (0, 0), "gray": (0, 0),
}  # fmt: skip


#: Where colours are read: columns as parts of a box's width, rows of its two halves as parts of its height.
_MIDDLE = np.linspace(0.25, 0.75, 8)
_HALVES = np.stack([np.linspace(0.15, 0.45, 8), np.linspace(0.55, 0.85, 8)])


def readable(frame: av.VideoFrame) -> av.VideoFrame:
    """Return the frame itself if its planes can be read in place, else a yuv420p copy."""
    if frame.format.name in _SHIFTS:
        return frame
    return VideoReformatter().reformat(frame, format="yuv420p")


def _plane(frame: av.VideoFrame, index: int) -> NDArray[np.uint8]:
    plane = frame.planes[index]
    pixels = np.frombuffer(plane, np.uint8)  # type: ignore[call-overload]  # planes are buffers
    rows: NDArray[np.uint8] = pixels[: plane.line_size * plane.height].reshape(plane.height, plane.line_size)
    return rows


def luma(frame: av.VideoFrame) -> Luma:
    """Return the brightness plane, (height, width), without copying it where the format allows.

    The view keeps the frame's memory alive. Values are as coded: 16..235 or 0..255.
    """
    shown = readable(frame)
    return _plane(shown, 0)[:, : shown.width]


def chroma(frame: av.VideoFrame) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
    """Return the planes of blue and red, 128 is grey, without copying them; None: it has no colour."""
    shown = readable(frame)
    name = shown.format.name
    if name == "gray":
        return None
    wide = -(-shown.width >> _SHIFTS[name][0])
    if name == "nv12":
        both = _plane(shown, 1)
        return both[:, : 2 * wide : 2], both[:, 1 : 2 * wide : 2]
    return _plane(shown, 1)[:, :wide], _plane(shown, 2)[:, :wide]


@kernel(
    "void(uint8[:, ::1], uint8[:, ::1], uint8[:, ::1], int64[:, ::1], int64[:, ::1], int64[::1], int64[::1], "
    "int64, int64, int32[::1], int32[:, ::1], uint8[:, :, ::1])"
)
def _resample(
    luma: NDArray[np.uint8],
    blue: NDArray[np.uint8],
    red: NDArray[np.uint8],
    ys: NDArray[np.int64],
    xs: NDArray[np.int64],
    chroma_y: NDArray[np.int64],
    chroma_x: NDArray[np.int64],
    left: int,
    right: int,
    levels: NDArray[np.int32],
    lanes: NDArray[np.int32],
    out: NDArray[np.uint8],
) -> None:
    """Fill `out` (h, w, 3) RGB from YUV planes, BT.601: mean of the sampled brightness, nearest colour.

    Args:
        luma: Plane, likewise `blue` and `red`.
        ys: (h, taps) rows of brightness to be averaged; xs: (w, taps) columns.
        chroma_y: (h,) rows of colour; chroma_x: (w,) columns.
        left: First column that is used; `right`: the last one + 1.
        levels: Black level, scale of brightness, scale of colour; scales with 14 fractional bits.
        lanes: (4, >= picture and output width) scratch.
    """
    i32 = np.int32
    tint = levels[2]
    black = i32(levels[0] * levels[1] - (1 << 13))
    scale = i32(levels[1] // (ys.shape[1] * xs.shape[1]))
    mean, bright, cb, cr = lanes[0], lanes[1], lanes[2], lanes[3]
    for v in range(out.shape[0]):
        first, pixels = luma[ys[v, 0]], out[v]
        for x in range(left, right):
            mean[x] = first[x]
        for j in range(1, ys.shape[1]):
            row = luma[ys[v, j]]
            for x in range(left, right):
                mean[x] = i32(mean[x] + i32(row[x]))
        blues, reds = blue[chroma_y[v]], red[chroma_y[v]]
        for u in range(out.shape[1]):
            total = i32(0)
            for i in range(xs.shape[1]):
                total = i32(total + mean[xs[u, i]])
            bright[u] = total
            cb[u] = blues[chroma_x[u]]
            cr[u] = reds[chroma_x[u]]
        for u in range(out.shape[1]):
            y = i32(i32(bright[u] * scale) - black)
            p = i32(i32(i32(cb[u] - i32(128)) * tint) >> i32(7))
            q = i32(i32(i32(cr[u] - i32(128)) * tint) >> i32(7))
            r = i32(i32(y + i32(q * i32(179))) >> i32(14))
            g = i32(i32(i32(y - i32(p * i32(44))) - i32(q * i32(91))) >> i32(14))
            b = i32(i32(y + i32(p * i32(227))) >> i32(14))
            pixels[u, 0] = np.uint8(min(max(r, i32(0)), i32(255)))
            pixels[u, 1] = np.uint8(min(max(g, i32(0)), i32(255)))
            pixels[u, 2] = np.uint8(min(max(b, i32(0)), i32(255)))


def _samples(start: float, stop: float, count: int, limit: int) -> tuple[NDArray[np.int64], int, int]:
    """Return (n, taps) source positions for the outputs that lie inside, the first of them, their end.

    Two taps per output when enlarging (a soft nearest neighbour), up to four when shrinking.
    """
    step = (stop - start) / count
    taps = min(4, max(2, int(np.ceil(step))))
    inside = np.arange(count)[(start + (np.arange(count) + 0.5) * step >= 0)]
    inside = inside[start + (inside + 0.5) * step < limit]
    exact = start + (inside[:, None] + (np.arange(taps) + 0.5) / taps) * step
    first = int(inside[0]) if len(inside) else 0
    return np.clip(np.floor(exact), 0, limit - 1).astype(np.int64), first, first + len(inside)


def rgb(frame: av.VideoFrame, rect: Rect, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Cut a rectangle out of a frame and scale it; only its own pixels are read.

    Args:
        frame: A decoded picture.
        rect: What to cut out, in pixels; what lies beyond the picture becomes grey.
        size: Width and height of the result.

    Returns:
        (height, width, 3) RGB.
    """
    shown = readable(frame)
    name = shown.format.name
    bright = _plane(shown, 0)
    if name == "gray":
        blue = red = np.full((shown.height, shown.width), 128, np.uint8)
    elif name == "nv12":
        blue = red = _plane(shown, 1)
    else:
        blue, red = _plane(shown, 1), _plane(shown, 2)
    ys, top, bottom = _samples(rect[1], rect[3], size[1], shown.height)
    xs, left, right = _samples(rect[0], rect[2], size[0], shown.width)
    out = np.full((size[1], size[0], 3), PADDING, np.uint8)
    if not ys.size or not xs.size:
        return out
    part = np.empty((bottom - top, right - left, 3), np.uint8)
    shift_x, shift_y = _SHIFTS[name]
    chroma_y, chroma_x = ys[:, ys.shape[1] // 2] >> shift_y, xs[:, xs.shape[1] // 2] >> shift_x
    if name == "nv12":
        chroma_x, red = chroma_x * 2, np.ascontiguousarray(np.roll(red, -1, axis=1))
    lanes = np.empty((4, max(shown.width, size[0])), np.int32)
    _resample(
        bright, blue, red, ys, xs, chroma_y, chroma_x, int(xs.min()), int(xs.max()) + 1,
        _levels(shown), lanes, part,
    )  # fmt: skip
    out[top:bottom, left:right] = part
    return out


def colours(frame: av.VideoFrame, boxes: Boxes) -> NDArray[np.float32]:
    """Return how boxes look, (n, 6): mean Y, U, V as coded, of the upper and of the lower half.

    Of each half 8 x 8 pixels are read, around the middle, where the object is and not what is behind it.

    Args:
        frame: A decoded picture.
        boxes: (n, 4) in 0..1.
    """
    shown = readable(frame)
    shift_x, shift_y = _SHIFTS[shown.format.name]
    across = boxes[:, None, 0:1] + (boxes[:, None, 2:3] - boxes[:, None, 0:1]) * _MIDDLE
    down = boxes[:, None, 1:2] + (boxes[:, None, 3:4] - boxes[:, None, 1:2]) * _HALVES
    xs = np.clip(across * shown.width, 0, shown.width - 1).astype(np.int64)[:, :, None, :]
    ys = np.clip(down * shown.height, 0, shown.height - 1).astype(np.int64)[:, :, :, None]
    means = [_plane(shown, 0)[ys, xs].mean(axis=(2, 3))]
    if shown.format.name == "nv12":
        pairs = _plane(shown, 1)
        means += [pairs[ys >> 1, (xs >> 1) * 2 + side].mean(axis=(2, 3)) for side in (0, 1)]
    elif shown.format.name == "gray":
        means += [np.full_like(means[0], 128)] * 2
    else:
        means += [_plane(shown, n)[ys >> shift_y, xs >> shift_x].mean(axis=(2, 3)) for n in (1, 2)]
    return np.stack(means, axis=2).reshape(-1, 6).astype(np.float32)


def full_range(frame: av.VideoFrame) -> bool:
    """Return whether brightness is coded as 0..255, not as 16..235."""
    name = frame.format.name
    return name.startswith("yuvj") or name == "gray" or frame.color_range == _FULL_RANGE


def _levels(frame: av.VideoFrame) -> NDArray[np.int32]:
    full = full_range(frame)
    exact = [1, 1] if full else [255 / 219, 255 / 224]
    return np.array([0 if full else 16, *(int(scale * (1 << 14)) for scale in exact)], np.int32)


def jpeg_size(shown: Upright, width: int) -> tuple[int, int]:
    """Return width and height of `jpeg`."""
    wide = max(16, min(width, shown.width) // 2 * 2)
    return wide, max(16, round(shown.height * wide / shown.width / 2) * 2)


def jpeg(shown: Upright, width: int) -> bytes:
    """Return a picture as JPEG, at most `width` pixels wide, its shape as it is seen, both sides even.

    Safe to call from any thread: it touches the frame's pixels only.
    """
    wide, high = jpeg_size(shown, width)
    small = VideoReformatter().reformat(shown.frame, width=wide, height=high, format="yuvj420p")
    coder = av.CodecContext.create("mjpeg", "w")
    coder.width, coder.height, coder.pix_fmt = wide, high, "yuvj420p"
    coder.time_base = Fraction(1, 25)
    coder.options = {"qmin": "3", "qmax": "3"}
    small.pts, small.time_base = 0, Fraction(1, 25)
    return b"".join(bytes(packet) for packet in [*coder.encode(small), *coder.encode(None)])
