"""One viewer over WebRTC: H.264 passed through aiortc, never decoded."""

from __future__ import annotations

import asyncio
from fractions import Fraction
from functools import partial
from typing import Any

import av
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

from engine.preview.feed import RATE, Ended, Reel
from engine.preview.sdp import narrow, widen

#: Bytes per second at most while catching up: a burst larger than the browser's socket buffer is lost.
PACE = 2_500_000
#: Seconds that the browser has to reach us; it gives up before and takes the fallback.
CONNECT_DEADLINE = 15.0
#: Seconds that closing may take.
CLOSE_DEADLINE = 3.0
_TIME_BASE = Fraction(1, RATE)


class PassedThrough(MediaStreamTrack):  # type: ignore[misc]  # aiortc is not followed by the type checker
    """A video track whose pictures are coded already."""

    kind = "video"

    def __init__(self, reel: Reel) -> None:
        super().__init__()
        self._reel = reel

    async def recv(self) -> av.Packet[Any]:
        """Return the next coded picture."""
        try:
            picture = await self._reel.take()
        except Ended:
            self.stop()
            raise MediaStreamError from None
        if picture.late:
            await asyncio.sleep(len(picture.data) / PACE)
        packet = av.Packet(picture.data)
        packet.pts = packet.dts = picture.ticks
        packet.time_base = _TIME_BASE
        return packet


class Session:
    """One peer connection, from its offer until one side is gone.

    Args:
        reel: What it shows.
        profile: H.264 profile of the stream, for the answer.
        local: Our address that the viewer reached over HTTP: the only one that media is offered on.
        peer: The viewer's address.
    """

    def __init__(self, reel: Reel, profile: str, local: str, peer: str) -> None:
        # No STUN and no TURN servers: nothing outside is asked.
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._track = PassedThrough(reel)
        self._profile, self._local, self._peer = profile, local, peer
        self._connected = asyncio.Event()
        self._ended = asyncio.Event()

    async def answer(self, offer: str) -> str:
        """Return the answer to an offer.

        Raises:
            NoCommonFormat: The browser cannot take this stream.
            ValueError: The offer is not one.
        """
        narrowed = narrow(offer, self._profile, self._peer)
        self._connection.on("connectionstatechange", self._changed)
        self._track.on("ended", self._ended.set)
        self._connection.addTrack(self._track)
        await self._connection.setRemoteDescription(RTCSessionDescription(narrowed.sdp, "offer"))
        _listen_only_on(self._connection, self._local)
        await self._connection.setLocalDescription(await self._connection.createAnswer())
        return widen(self._connection.localDescription.sdp, narrowed.profile)

    async def watch(self) -> None:
        """Return when the viewer has gone, never came, or the stream ended."""
        try:
            async with asyncio.timeout(CONNECT_DEADLINE):
                await self._connected.wait()
        except TimeoutError:
            return
        await self._ended.wait()

    def end(self) -> None:
        """Make `watch` return."""
        self._connected.set()
        self._ended.set()

    async def close(self) -> None:
        """Release sockets and tasks; bounded."""
        self._track.stop()
        try:
            async with asyncio.timeout(CLOSE_DEADLINE):
                await self._connection.close()
        except TimeoutError:
            return

    def _changed(self) -> None:
        if self._connection.connectionState == "connected":
            self._connected.set()
        elif self._connection.connectionState in {"failed", "closed"}:
            self.end()


def _listen_only_on(connection: RTCPeerConnection, address: str) -> None:
    """Gather candidates on one address only.

    aioice takes every address of the machine but 127.0.0.1, and offers no option; this is the one place
    that reaches into it (test_preview_webrtc.py fails when it no longer does).
    """
    for transceiver in connection.getTransceivers():
        agent: Any = transceiver.sender.transport.transport.iceGatherer._connection
        gather = agent.get_component_candidates

        async def narrowed(gather: Any, component: int, addresses: list[str], **rest: Any) -> Any:
            return await gather(component=component, addresses=[address], **rest)

        agent.get_component_candidates = partial(narrowed, gather)
